import Testing

@testable import PinfoldCore

/// Turns that hang. Scenarios 9 and 21: in flight for too long is cancelled, then ended; waiting for a human is not hung.
@Suite struct TurnLimitTests {
    /// A session with a turn limit of 60 s and one of 600 s for a human's answer.
    private func bench(_ change: (inout SessionPolicy) -> Void = { _ in }) -> Bench {
        var bench = Bench()
        bench.start("a") {
            $0.turnTimeout = .seconds(60)
            $0.permissionTimeout = .seconds(600)
            change(&$0)
        }
        return bench
    }

    private func report(_ state: TurnState, _ bench: inout Bench) -> [String] {
        bench.handle(.turn(bench.life("a"), TurnReport(state))).words
    }

    @Test func turnThatTakesTooLongIsCancelledAtItsLimitAndNotBefore() {
        var bench = bench()
        _ = report(.open, &bench)
        #expect(bench.pass(.milliseconds(59_999)).words == [])
        let actions = bench.pass(.milliseconds(1))
        #expect(actions.words == ["cancelTurn a.1 turn_timeout"])
        #expect(actions.announced(.turnCancelled).count == 1)
        #expect(bench.state("a") == .busy)
    }

    @Test func turnThatWasReportedBeforeTheCommandsStartAndOutlivesItIsCancelledAtItsLimit() {
        var bench = Bench()
        _ = bench.request("a", keepsTree: true) { $0.turnTimeout = .seconds(10) }
        _ = report(.open, &bench)
        #expect(bench.handle(.commandExited(bench.life("a"), .exited(0))).words == ["release a.1"])
        #expect(bench.pass(.seconds(10)).words == ["cancelTurn a.1 turn_timeout"])
    }

    @Test func turnThatEndsAfterItsCancellationLeavesTheSessionAlive() {
        var bench = bench()
        _ = report(.open, &bench)
        _ = bench.pass(.seconds(60))
        _ = bench.pass(.milliseconds(9_999))
        #expect(report(.none, &bench) == [])
        #expect(bench.pass(.seconds(30)).words == [])
        #expect(bench.state("a") == .idle)
        // The next turn has all its time.
        _ = report(.open, &bench)
        #expect(bench.pass(.milliseconds(59_999)).words == [])
        #expect(bench.pass(.milliseconds(1)).words == ["cancelTurn a.1 turn_timeout"])
    }

    @Test func turnThatCannotBeCancelledEndsItsSessionFromTheFirstStageOn() {
        var bench = bench { $0.resume = .new }
        _ = report(.open, &bench)
        _ = bench.pass(.seconds(60))
        #expect(bench.pass(.milliseconds(9_999)).words == [])
        #expect(bench.pass(.milliseconds(1)).words == ["closeInput a.1 turn_timeout"])
        #expect(bench.pass(.seconds(1)).words == ["terminate a.1"])
        #expect(bench.die("a").words.contains("finish a.1 turn_timeout exit 124"))
        #expect(bench.state("a") == .ended)
    }

    @Test(arguments: [TurnState.open, .waiting])
    func whatACancelledTurnPassesThroughIsNoNewTurn(state: TurnState) {
        var bench = bench()
        _ = report(.open, &bench)
        _ = bench.pass(.seconds(60))
        _ = bench.pass(.seconds(5))
        #expect(report(state, &bench) == [])
        #expect(bench.pass(.seconds(5)).words == ["closeInput a.1 turn_timeout"])
    }

    @Test func repeatedReportDoesNotMoveTheLimit() {
        var bench = bench()
        _ = report(.open, &bench)
        _ = bench.pass(.seconds(59))
        #expect(report(.open, &bench) == [])
        #expect(bench.pass(.seconds(1)).words == ["cancelTurn a.1 turn_timeout"])
    }

    @Test func timeThatAHumanTakesIsNoTimeOfTheTurn() {
        var bench = bench()
        _ = report(.open, &bench)
        _ = bench.pass(.seconds(59))
        _ = report(.waiting, &bench)
        #expect(bench.pass(.seconds(599)).words == [])
        _ = report(.open, &bench)
        #expect(bench.pass(.milliseconds(59_999)).words == [])
        #expect(bench.pass(.milliseconds(1)).words == ["cancelTurn a.1 turn_timeout"])
    }

    @Test func humanWhoDoesNotAnswerIsWaitedForUpToALimitOfItsOwn() throws {
        var bench = bench()
        _ = report(.open, &bench)
        _ = report(.waiting, &bench)
        #expect(bench.pass(.seconds(599)).words == [])
        let actions = bench.pass(.seconds(1))
        #expect(actions.words == ["cancelTurn a.1 turn_timeout"])
        let announced = try #require(actions.announced(.turnCancelled).first)
        #expect(
            announced.details.contains {
                $0.value == .text("a turn waited for a human's answer that did not come; PermissionTimeoutSec=10min")
            })
        // The answer comes after all, and the agent goes on instead of leaving off.
        _ = report(.open, &bench)
        #expect(bench.pass(.seconds(10)).words == ["closeInput a.1 turn_timeout"])
        #expect(bench.die("a").words.contains("finish a.1 turn_timeout exit 124"))
        #expect(bench.pool.sessions[id("a")]?.cause?.message.contains("PermissionTimeoutSec=10min") == true)
    }

    @Test func withoutALimitThereIsNone() {
        var bench = bench {
            $0.turnTimeout = nil
            $0.permissionTimeout = nil
        }
        for state in [TurnState.open, .waiting] {
            _ = report(state, &bench)
            #expect(bench.pass(.seconds(1_000_000)).words == [])
        }
    }

    @Test(arguments: [ActivitySource.Sources.all, ActivitySource.Sources([.cpu]), ActivitySource.Sources([])])
    func limitsDoNotDependOnWhatCountsAsActivity(activity: ActivitySource.Sources) {
        var bench = bench { $0.activity = activity }
        _ = bench.pass(.seconds(11))
        _ = report(.open, &bench)
        #expect(bench.state("a") == .busy)
        #expect(bench.pass(.seconds(60)).words == ["cancelTurn a.1 turn_timeout"])
    }

    @Test func everyMomentAtWhichSomethingHappensIsADeadline() throws {
        var bench = bench()
        _ = report(.open, &bench)
        for (span, words) in [
            (Duration.seconds(60), ["cancelTurn a.1 turn_timeout"]), (.seconds(10), ["closeInput a.1 turn_timeout"]),
        ] {
            let due = bench.now + span
            let pool = bench.pool
            #expect(pool.sessions[id("a")]?.nextDeadline(at: bench.now) == due)
            #expect(try #require(pool.nextDeadline) <= due)
            #expect(bench.pass(span).words == words)
        }
    }

    @Test func limitThatIsSetLowerHoldsAtOnce() {
        var bench = bench()
        _ = report(.open, &bench)
        _ = bench.pass(.seconds(30))
        var policy = SessionPolicy()
        policy.turnTimeout = .seconds(20)
        let words = bench.order(.set(policy, settings: ["TurnTimeoutSec=20s"]), "a").actions.words
        #expect(words.contains("cancelTurn a.1 turn_timeout"))
    }

    @Test func pinnedSessionIsNotSparedItsHungTurn() {
        var bench = bench()
        _ = bench.order(.pin, "a")
        _ = report(.open, &bench)
        #expect(bench.pass(.seconds(60)).words == ["cancelTurn a.1 turn_timeout"])
    }

    /// Hung is only what is in flight: who is merely idle is left alone, and nobody else's cleanup waits for a hung one.
    @Test func idleSessionIsNeverHungAndOthersAreNotHeldUp() {
        var bench = bench()
        #expect(bench.pass(.seconds(1_000)).words == [])
        bench.start("b") { $0.idleTimeout = .seconds(65) }
        _ = report(.open, &bench)
        #expect(bench.pass(.seconds(60)).words == ["cancelTurn a.1 turn_timeout"])
        #expect(bench.pass(.seconds(5)).words == ["closeInput b.1 idle_timeout"])
    }

    // MARK: Several conversations

    private func turns(_ ages: (UInt64, Int)..., waiting: [(UInt64, Int)] = []) -> TurnReport {
        let open = ages.map { TurnReport.Entry(number: $0.0, isWaiting: false, milliseconds: UInt64($0.1) * 1_000) }
        let asked = waiting.map { TurnReport.Entry(number: $0.0, isWaiting: true, milliseconds: UInt64($0.1) * 1_000) }
        return TurnReport(open.isEmpty ? asked.isEmpty ? .none : .waiting : .open, turns: open + asked)
    }

    @Test func turnsThatOverlapForHoursAreNotOneLongTurn() {
        var bench = bench()
        _ = bench.handle(.turn(bench.life("a"), turns((1, 0))))
        for number in UInt64(2)..<400 {
            #expect(bench.pass(.seconds(30)).words == [])
            // The one before is over, and the next one is a third of its time old.
            #expect(bench.handle(.turn(bench.life("a"), turns((number, 20)))).words == [])
        }
        #expect(bench.state("a") == .busy)
    }

    @Test func oldestTurnAloneIsCancelledAndTheNextOneHasItsOwnTime() {
        var bench = bench()
        _ = bench.handle(.turn(bench.life("a"), turns((1, 0), (2, 0))))
        _ = bench.pass(.seconds(20))
        _ = bench.handle(.turn(bench.life("a"), turns((2, 20), waiting: [(3, 0)])))
        #expect(bench.pass(.seconds(40)).words == ["cancelTurn 2 of a.1 turn_timeout"])
        // Others come and go, and it is still there: it was told once.
        #expect(bench.handle(.turn(bench.life("a"), turns((4, 0), (2, 60)))).words == [])
        #expect(bench.handle(.turn(bench.life("a"), turns((4, 5)))).words == [])
        #expect(bench.pass(.seconds(54)).words == [])
        #expect(bench.pass(.seconds(1)).words == ["cancelTurn 4 of a.1 turn_timeout"])
    }

    @Test func nextTurnThatIsOverdueIsCancelledOnceTheFirstIsOver() {
        var bench = bench()
        _ = bench.handle(.turn(bench.life("a"), turns((1, 0))))
        _ = bench.pass(.seconds(60))
        #expect(bench.handle(.turn(bench.life("a"), turns((2, 61)))).words == ["cancelTurn 2 of a.1 turn_timeout"])
    }

    @Test func turnThatHidesBehindAnotherWaitsForItsHumanNoLongerThanThat() {
        var bench = bench { $0.turnTimeout = nil }
        _ = bench.handle(.turn(bench.life("a"), turns((1, 0), waiting: [(2, 0)])))
        #expect(bench.state("a") == .busy)
        #expect(bench.pass(.seconds(600)).words == ["cancelTurn 2 of a.1 turn_timeout"])
    }

    @Test(arguments: [ResumeRule.load, .never])
    func lifeOfAHungTurnIsSuspendedWhereTheOtherConversationsCanComeBack(resume: ResumeRule) {
        var bench = bench { $0.resume = resume }
        _ = bench.handle(.token(bench.life("a"), "the conversations"))
        _ = bench.handle(.turn(bench.life("a"), turns((1, 0), (2, 0))))
        _ = bench.pass(.seconds(60))
        #expect(bench.pass(.seconds(10)).words == ["closeInput a.1 turn_timeout"])
        let words = bench.die("a").words
        #expect(words.contains("finish a.1 turn_timeout exit \(resume == .never ? 124 : 75)"))
        #expect(bench.state("a") == (resume == .never ? .ended : .suspended))
    }

    @Test func ageThatCannotBeIsNoTrap() {
        var bench = bench()
        let report = TurnReport(.open, turns: [.init(number: .max, isWaiting: false, milliseconds: .max)])
        #expect(bench.handle(.turn(bench.life("a"), report)).words == ["cancelTurn \(UInt64.max) of a.1 turn_timeout"])
    }

    /// However many a launcher reports, the oldest of each state are kept.
    @Test func noMoreIsKeptThanCanMatter() {
        var bench = bench()
        let many = (0..<5_000).map { TurnReport.Entry(number: $0, isWaiting: $0 % 2 == 0, milliseconds: $0) }
        _ = bench.handle(.turn(bench.life("a"), TurnReport(.open, turns: many)))
        #expect(bench.pool.sessions[id("a")]?.life?.turnClocks.map(\.number) == [4_999, 4_998])
    }

    @Test func requestThatIsNoUseKeepsASessionFromEvictionAndNotFromBeingIdle() {
        var bench = Bench { $0.maxSessions = 1 }
        bench.start("a") { $0.freezeIdle = .seconds(30) }
        #expect(bench.pass(.seconds(30)).words == ["freeze a.1"])
        let list = TurnReport(.open, turns: [.init(number: 1, isWaiting: false, milliseconds: 0)], isUse: false)
        #expect(bench.handle(.turn(bench.life("a"), list)).words == ["thaw a.1"])
        #expect(bench.request("b", patience: .seconds(9)).actions.words == ["queued 1"])
        let answered = bench.handle(.turn(bench.life("a"), TurnReport(.none, turns: [])))
        #expect(answered.words.last == "closeInput a.1 pool_full")
        #expect(bench.pool.sessions[id("a")]?.idleTime(at: bench.now) == .seconds(30))
    }

    @Test func waitingSessionIsNeitherEvictedNorTimedOut() {
        var bench = Bench { $0.maxSessions = 1 }
        bench.start("a") { $0.idleTimeout = .seconds(60) }
        _ = report(.waiting, &bench)
        _ = bench.pass(.seconds(3_600))
        #expect(bench.request("b", patience: .seconds(1)).actions.words == ["queued 1"])
        var scarce = Reading()
        scarce.available = 0
        #expect(bench.handle(.reading(scarce)).words == [])
        #expect(bench.state("a") == .busy)
    }
}
