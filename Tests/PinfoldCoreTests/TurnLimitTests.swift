import Testing

@testable import PinfoldCore

/// Turns that hang. Scenarios 9 and 21: in flight for too long is cancelled, then ended; waiting for a human is not hung.
@Suite struct TurnLimitTests {
    /// A session with a turn limit of 60 s and one of 600 s for a human's answer.
    private func harness(_ change: (inout SessionPolicy) -> Void = { _ in }) -> PoolHarness {
        var harness = PoolHarness()
        harness.start("a") {
            $0.turnTimeout = .seconds(60)
            $0.permissionTimeout = .seconds(600)
            change(&$0)
        }
        return harness
    }

    private func report(_ state: TurnState, _ harness: inout PoolHarness) -> [String] {
        harness.handle(.turn(harness.life("a"), TurnReport(state))).words
    }

    @Test func turnThatTakesTooLongIsCancelledAtItsLimitAndNotBefore() {
        var harness = harness()
        _ = report(.open, &harness)
        #expect(harness.pass(.milliseconds(59_999)).words == [])
        let actions = harness.pass(.milliseconds(1))
        #expect(actions.words == ["cancelTurn a.1 turn_timeout"])
        #expect(actions.logged(.turnCancelled).count == 1)
        #expect(harness.state("a") == .busy)
    }

    @Test func turnThatWasReportedBeforeTheCommandsStartAndOutlivesItIsCancelledAtItsLimit() {
        var harness = PoolHarness()
        _ = harness.request("a", keepsTree: true) { $0.turnTimeout = .seconds(10) }
        _ = report(.open, &harness)
        #expect(harness.handle(.commandExited(harness.life("a"), .exited(0))).words == ["release a.1"])
        #expect(harness.pass(.seconds(10)).words == ["cancelTurn a.1 turn_timeout"])
    }

    @Test func turnThatEndsAfterItsCancellationLeavesTheSessionAlive() {
        var harness = harness()
        _ = report(.open, &harness)
        _ = harness.pass(.seconds(60))
        _ = harness.pass(.milliseconds(9_999))
        #expect(report(.none, &harness) == [])
        #expect(harness.pass(.seconds(30)).words == [])
        #expect(harness.state("a") == .idle)
        // The next turn has all its time.
        _ = report(.open, &harness)
        #expect(harness.pass(.milliseconds(59_999)).words == [])
        #expect(harness.pass(.milliseconds(1)).words == ["cancelTurn a.1 turn_timeout"])
    }

    @Test func turnThatCannotBeCancelledEndsItsSessionFromTheFirstStageOn() {
        var harness = harness { $0.resume = .new }
        _ = report(.open, &harness)
        _ = harness.pass(.seconds(60))
        #expect(harness.pass(.milliseconds(9_999)).words == [])
        #expect(harness.pass(.milliseconds(1)).words == ["closeInput a.1 turn_timeout"])
        #expect(harness.pass(.seconds(1)).words == ["terminate a.1"])
        #expect(harness.die("a").words.contains("finish a.1 turn_timeout exit 124"))
        #expect(harness.state("a") == .ended)
    }

    @Test(arguments: [TurnState.open, .waiting])
    func whatACancelledTurnPassesThroughIsNoNewTurn(state: TurnState) {
        var harness = harness()
        _ = report(.open, &harness)
        _ = harness.pass(.seconds(60))
        _ = harness.pass(.seconds(5))
        #expect(report(state, &harness) == [])
        #expect(harness.pass(.seconds(5)).words == ["closeInput a.1 turn_timeout"])
    }

    @Test func repeatedReportDoesNotMoveTheLimit() {
        var harness = harness()
        _ = report(.open, &harness)
        _ = harness.pass(.seconds(59))
        #expect(report(.open, &harness) == [])
        #expect(harness.pass(.seconds(1)).words == ["cancelTurn a.1 turn_timeout"])
    }

    @Test func timeThatAHumanTakesIsNoTimeOfTheTurn() {
        var harness = harness()
        _ = report(.open, &harness)
        _ = harness.pass(.seconds(59))
        _ = report(.waiting, &harness)
        #expect(harness.pass(.seconds(599)).words == [])
        _ = report(.open, &harness)
        #expect(harness.pass(.milliseconds(59_999)).words == [])
        #expect(harness.pass(.milliseconds(1)).words == ["cancelTurn a.1 turn_timeout"])
    }

    @Test func humanWhoDoesNotAnswerIsWaitedForUpToALimitOfItsOwn() throws {
        var harness = harness()
        _ = report(.open, &harness)
        _ = report(.waiting, &harness)
        #expect(harness.pass(.seconds(599)).words == [])
        let actions = harness.pass(.seconds(1))
        #expect(actions.words == ["cancelTurn a.1 turn_timeout"])
        let logged = try #require(actions.logged(.turnCancelled).first)
        #expect(
            logged.details.contains {
                $0.value == .text("a turn waited for a human's answer that did not come; PermissionTimeoutSec=10min")
            })
        // The answer comes after all, and the agent goes on instead of leaving off.
        _ = report(.open, &harness)
        #expect(harness.pass(.seconds(10)).words == ["closeInput a.1 turn_timeout"])
        #expect(harness.die("a").words.contains("finish a.1 turn_timeout exit 124"))
        #expect(harness.pool.sessions[id("a")]?.cause?.message.contains("PermissionTimeoutSec=10min") == true)
    }

    @Test func withoutALimitThereIsNone() {
        var harness = harness {
            $0.turnTimeout = nil
            $0.permissionTimeout = nil
        }
        for state in [TurnState.open, .waiting] {
            _ = report(state, &harness)
            #expect(harness.pass(.seconds(1_000_000)).words == [])
        }
    }

    @Test(arguments: [ActivitySource.Sources.all, ActivitySource.Sources([.cpu]), ActivitySource.Sources([])])
    func limitsDoNotDependOnWhatCountsAsActivity(activity: ActivitySource.Sources) {
        var harness = harness { $0.activity = activity }
        _ = harness.pass(.seconds(11))
        _ = report(.open, &harness)
        #expect(harness.state("a") == .busy)
        #expect(harness.pass(.seconds(60)).words == ["cancelTurn a.1 turn_timeout"])
    }

    @Test func everyMomentAtWhichSomethingHappensIsADeadline() throws {
        var harness = harness()
        _ = report(.open, &harness)
        for (span, words) in [
            (Duration.seconds(60), ["cancelTurn a.1 turn_timeout"]), (.seconds(10), ["closeInput a.1 turn_timeout"]),
        ] {
            let due = harness.now + span
            let pool = harness.pool
            #expect(pool.sessions[id("a")]?.nextDeadline(at: harness.now) == due)
            #expect(try #require(pool.nextDeadline) <= due)
            #expect(harness.pass(span).words == words)
        }
    }

    @Test func limitThatIsSetLowerHoldsAtOnce() {
        var harness = harness()
        _ = report(.open, &harness)
        _ = harness.pass(.seconds(30))
        var policy = SessionPolicy()
        policy.turnTimeout = .seconds(20)
        let words = harness.order(.set(policy, settings: ["TurnTimeoutSec=20s"]), "a").actions.words
        #expect(words.contains("cancelTurn a.1 turn_timeout"))
    }

    @Test func pinnedSessionIsNotSparedItsHungTurn() {
        var harness = harness()
        _ = harness.order(.pin, "a")
        _ = report(.open, &harness)
        #expect(harness.pass(.seconds(60)).words == ["cancelTurn a.1 turn_timeout"])
    }

    /// Hung is only what is in flight: who is merely idle is left alone, and nobody else's cleanup waits for a hung one.
    @Test func idleSessionIsNeverHungAndOthersAreNotHeldUp() {
        var harness = harness()
        #expect(harness.pass(.seconds(1_000)).words == [])
        harness.start("b") { $0.idleTimeout = .seconds(65) }
        _ = report(.open, &harness)
        #expect(harness.pass(.seconds(60)).words == ["cancelTurn a.1 turn_timeout"])
        #expect(harness.pass(.seconds(5)).words == ["closeInput b.1 idle_timeout"])
    }

    // MARK: Several conversations

    private func turns(_ ages: (UInt64, Int)..., waiting: [(UInt64, Int)] = []) -> TurnReport {
        let open = ages.map { TurnReport.Entry(number: $0.0, isWaiting: false, milliseconds: UInt64($0.1) * 1_000) }
        let asked = waiting.map { TurnReport.Entry(number: $0.0, isWaiting: true, milliseconds: UInt64($0.1) * 1_000) }
        return TurnReport(open.isEmpty ? asked.isEmpty ? .none : .waiting : .open, turns: open + asked)
    }

    @Test func turnsThatOverlapForHoursAreNotOneLongTurn() {
        var harness = harness()
        _ = harness.handle(.turn(harness.life("a"), turns((1, 0))))
        for number in UInt64(2)..<400 {
            #expect(harness.pass(.seconds(30)).words == [])
            // The one before is over, and the next one is a third of its time old.
            #expect(harness.handle(.turn(harness.life("a"), turns((number, 20)))).words == [])
        }
        #expect(harness.state("a") == .busy)
    }

    @Test func oldestTurnAloneIsCancelledAndTheNextOneHasItsOwnTime() {
        var harness = harness()
        _ = harness.handle(.turn(harness.life("a"), turns((1, 0), (2, 0))))
        _ = harness.pass(.seconds(20))
        _ = harness.handle(.turn(harness.life("a"), turns((2, 20), waiting: [(3, 0)])))
        #expect(harness.pass(.seconds(40)).words == ["cancelTurn 2 of a.1 turn_timeout"])
        // Others come and go, and it is still there: it was told once.
        #expect(harness.handle(.turn(harness.life("a"), turns((4, 0), (2, 60)))).words == [])
        #expect(harness.handle(.turn(harness.life("a"), turns((4, 5)))).words == [])
        #expect(harness.pass(.seconds(54)).words == [])
        #expect(harness.pass(.seconds(1)).words == ["cancelTurn 4 of a.1 turn_timeout"])
    }

    @Test func nextTurnThatIsOverdueIsCancelledOnceTheFirstIsOver() {
        var harness = harness()
        _ = harness.handle(.turn(harness.life("a"), turns((1, 0))))
        _ = harness.pass(.seconds(60))
        #expect(harness.handle(.turn(harness.life("a"), turns((2, 61)))).words == ["cancelTurn 2 of a.1 turn_timeout"])
    }

    @Test func turnThatHidesBehindAnotherWaitsForItsHumanNoLongerThanThat() {
        var harness = harness { $0.turnTimeout = nil }
        _ = harness.handle(.turn(harness.life("a"), turns((1, 0), waiting: [(2, 0)])))
        #expect(harness.state("a") == .busy)
        #expect(harness.pass(.seconds(600)).words == ["cancelTurn 2 of a.1 turn_timeout"])
    }

    @Test(arguments: [ResumeRule.load, .never])
    func lifeOfAHungTurnIsSuspendedWhereTheOtherConversationsCanComeBack(resume: ResumeRule) {
        var harness = harness { $0.resume = resume }
        _ = harness.handle(.token(harness.life("a"), "the conversations"))
        _ = harness.handle(.turn(harness.life("a"), turns((1, 0), (2, 0))))
        _ = harness.pass(.seconds(60))
        #expect(harness.pass(.seconds(10)).words == ["closeInput a.1 turn_timeout"])
        let words = harness.die("a").words
        #expect(words.contains("finish a.1 turn_timeout exit \(resume == .never ? 124 : 75)"))
        #expect(harness.state("a") == (resume == .never ? .ended : .suspended))
    }

    @Test func ageThatCannotBeIsNoTrap() {
        var harness = harness()
        let report = TurnReport(.open, turns: [.init(number: .max, isWaiting: false, milliseconds: .max)])
        #expect(
            harness.handle(.turn(harness.life("a"), report)).words == ["cancelTurn \(UInt64.max) of a.1 turn_timeout"])
    }

    /// However many a launcher reports, the oldest of each state are kept.
    @Test func noMoreIsKeptThanCanMatter() {
        var harness = harness()
        let many = (0..<5_000).map { TurnReport.Entry(number: $0, isWaiting: $0 % 2 == 0, milliseconds: $0) }
        _ = harness.handle(.turn(harness.life("a"), TurnReport(.open, turns: many)))
        #expect(harness.pool.sessions[id("a")]?.life?.turnClocks.map(\.number) == [4_999, 4_998])
    }

    @Test func requestThatIsNoUseKeepsASessionFromEvictionAndNotFromBeingIdle() {
        var harness = PoolHarness { $0.maxSessions = 1 }
        harness.start("a") { $0.freezeIdle = .seconds(30) }
        #expect(harness.pass(.seconds(30)).words == ["freeze a.1"])
        let list = TurnReport(.open, turns: [.init(number: 1, isWaiting: false, milliseconds: 0)], isUse: false)
        #expect(harness.handle(.turn(harness.life("a"), list)).words == ["thaw a.1"])
        #expect(harness.request("b", patience: .seconds(9)).actions.words == ["queued 1"])
        let answered = harness.handle(.turn(harness.life("a"), TurnReport(.none, turns: [])))
        #expect(answered.words.last == "closeInput a.1 pool_full")
        #expect(harness.pool.sessions[id("a")]?.idleTime(at: harness.now) == .seconds(30))
    }

    @Test func waitingSessionIsNeitherEvictedNorTimedOut() {
        var harness = PoolHarness { $0.maxSessions = 1 }
        harness.start("a") { $0.idleTimeout = .seconds(60) }
        _ = report(.waiting, &harness)
        _ = harness.pass(.seconds(3_600))
        #expect(harness.request("b", patience: .seconds(1)).actions.words == ["queued 1"])
        var scarce = MemorySnapshot()
        scarce.available = 0
        #expect(harness.handle(.snapshot(scarce)).words == [])
        #expect(harness.state("a") == .busy)
    }
}
