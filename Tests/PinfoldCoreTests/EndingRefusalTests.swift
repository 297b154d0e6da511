import Testing

@testable import PinfoldCore

private let gibibyte: UInt64 = 1 << 30

/// A way in which an idle session 'a' comes to be ended, and whether a turn takes that back.
private struct Way: Sendable, CustomStringConvertible {
    let description: String
    let isRefusable: Bool
    var pool: @Sendable (inout PoolPolicy) -> Void = { _ in }
    var policy: @Sendable (inout SessionPolicy) -> Void = { _ in }
    let act: @Sendable (inout PoolHarness) -> [Action]

    /// With 'a', idle for long enough, and 1 GiB of memory measured in it.
    func harness() -> PoolHarness {
        var harness = PoolHarness(pool, memory: 10 * gibibyte)
        harness.start("a", policy)
        _ = harness.handle(.turn(harness.life("a"), .open))
        _ = harness.handle(.turn(harness.life("a"), .none))
        _ = harness.pass(.seconds(11))
        var part = LifeSnapshot(life: harness.life("a"))
        part.current = gibibyte
        part.anonymous = gibibyte
        var measured = snapshot(8 * gibibyte)
        measured.lives = [part]
        _ = harness.handle(.memoryEvent, snapshot: measured)
        return harness
    }
}

private func snapshot(_ available: UInt64, pressure: UInt32? = nil) -> MemorySnapshot {
    var snapshot = MemorySnapshot()
    snapshot.available = available
    snapshot.poolWorkingSet = 0
    snapshot.pressure = pressure
    return snapshot
}

private let ways: [Way] = [
    Way(description: "a place for another", isRefusable: true, pool: { $0.maxSessions = 1 }) {
        $0.request("b").actions
    },
    Way(description: "memory for another", isRefusable: true) { harness in
        harness.now = harness.now + .seconds(1)
        var policy = SessionPolicy()
        policy.memoryLow = .bytes(gibibyte)
        let request = SessionRequest(
            client: harness.client(), session: id("b"), owner: UserID(1), isPrivileged: false, policyName: "default",
            policy: policy, settings: [], patience: nil, keepsTree: false)
        return harness.handle(.requested(request), snapshot: snapshot(gibibyte + 1))
    },
    Way(description: "the reserve", isRefusable: true) { $0.handle(.snapshot(snapshot(gibibyte - 1))) },
    Way(
        description: "pressure", isRefusable: true,
        pool: {
            $0.pressureLimit = 1_000
            $0.pressureDuration = .zero
        }
    ) { $0.handle(.snapshot(snapshot(8 * gibibyte, pressure: 2_000))) },
    Way(description: "the idle timeout", isRefusable: true, policy: { $0.idleTimeout = .seconds(60) }) {
        $0.pass(.seconds(60))
    },
    Way(description: "suspend", isRefusable: false) { $0.order(.suspend, "a").actions },
    Way(description: "end", isRefusable: false) { $0.order(.end, "a").actions },
    Way(description: "the lifetime", isRefusable: false, policy: { $0.lifetime = .seconds(60) }) {
        $0.pass(.seconds(60))
    },
    Way(description: "a hung turn", isRefusable: false, policy: { $0.turnTimeout = .seconds(60) }) { harness in
        _ = harness.handle(.turn(harness.life("a"), .open))
        _ = harness.pass(.seconds(60))
        return harness.pass(SessionPool.cancelGrace)
    },
    Way(description: "the controller's end", isRefusable: false) { $0.handle(.shutdown(endingSessions: true)) },
]

extension [Action] {
    fileprivate var inputClosings: [InputClosing] {
        compactMap { if case .closeInput(_, _, let inputClosing) = $0 { inputClosing } else { nil } }
    }
}

/// Whoever ended for want of use and is used after all lives on. Scenario 8: the decision races with a new prompt.
@Suite struct RefusingTests {
    @Test(arguments: ways)
    private func closeInputCarriesWhetherATurnRefusesItAndOnHowManyReportsItRests(way: Way) {
        var harness = way.harness()
        let reported = harness.pool.sessions[id("a")]?.life?.turnReports
        let inputClosings = way.act(&harness).inputClosings
        let isHung = way.description == "a hung turn"
        #expect(
            inputClosings == [InputClosing(milliseconds: 1_000, reports: isHung ? 3 : 2, isRefusable: way.isRefusable)])
        #expect(reported == 2)
    }

    @Test(arguments: ways, TurnState.allCases)
    private func reportInTheFirstStageTakesBackWhatMayBeTakenBack(way: Way, state: TurnState) {
        var harness = way.harness()
        _ = way.act(&harness)
        let before = harness.pool.sessions[id("a")]?.life
        harness.now = harness.now + .milliseconds(999)
        let actions = harness.handle(.turn(harness.life("a"), TurnReport(state)))
        let after = harness.pool.sessions[id("a")]?.life
        #expect(after?.turnReports == (before?.turnReports ?? 0) + 1)
        if way.isRefusable {
            #expect(harness.state("a") == .busy)
            #expect(after?.turn.state == state)
            #expect(actions.logged(.reinstated).map(\.session) == [id("a")])
            #expect(harness.pool.sessions[id("a")]?.lastActivity == harness.now)
            #expect(harness.pass(.milliseconds(1)).words == [])
        } else {
            #expect(harness.state("a") == .stopping)
            #expect(actions.logged(.reinstated).isEmpty)
            #expect(harness.pass(.milliseconds(1)).words == ["terminate a.1"])
        }
    }

    @Test(arguments: ways)
    private func reportAfterTheFirstStageIsTooLate(way: Way) {
        var harness = way.harness()
        _ = way.act(&harness)
        #expect(harness.pass(.seconds(1)).words.first == "terminate a.1")
        #expect(harness.handle(.turn(harness.life("a"), .open)).logged(.reinstated).isEmpty)
        #expect(harness.pass(.seconds(3)).words == ["kill a.1"])
    }

    /// Below the hard reserve nobody is asked to leave, so there is nothing to refuse.
    @Test func hardReserveCannotBeRefused() {
        var harness = ways[2].harness()
        #expect(harness.handle(.snapshot(snapshot(gibibyte / 4))).words == ["kill a.1"])
        #expect(harness.handle(.turn(harness.life("a"), .open)).words == [])
        #expect(harness.state("a") == .stopping)
    }

    @Test func hardReserveTakesTheWayBackFromAnEndingThatHadOne() {
        var harness = ways[2].harness()
        _ = ways[2].act(&harness)
        #expect(harness.handle(.snapshot(snapshot(gibibyte / 4))).words == ["kill a.1"])
        #expect(harness.handle(.turn(harness.life("a"), .open)).logged(.reinstated).isEmpty)
    }

    @Test func anotherSessionIsEvictedInTheSameStep() {
        var harness = PoolHarness { $0.maxSessions = 2 }
        harness.startIdle("a")
        harness.startIdle("b")
        #expect(harness.request("c").actions.words == ["closeInput a.1 pool_full", "queued 1"])
        #expect(harness.handle(.turn(harness.life("a"), .open)).words == ["closeInput b.1 pool_full"])
        #expect(harness.state("a") == .busy)
        #expect(harness.die("b").words.suffix(2) == ["create c.1", "grant c.1"])
    }

    @Test func requestGoesOnWaitingWhereNoOtherSessionMayGo() {
        var harness = PoolHarness { $0.maxSessions = 1 }
        harness.startIdle("a")
        _ = harness.request("b", patience: .seconds(60))
        #expect(harness.handle(.turn(harness.life("a"), .open)).words == [])
        #expect(harness.pass(.seconds(40)).words == [])
        // The turn ends; when the session is idle again it is chosen anew.
        _ = harness.handle(.turn(harness.life("a"), .none))
        #expect(harness.pass(.milliseconds(9_999)).words == [])
        #expect(
            harness.pass(.milliseconds(1)).inputClosings == [
                InputClosing(milliseconds: 1_000, reports: 2, isRefusable: true)
            ])
    }

    @Test func memoryOfAReinstatedSessionIsNotCountedAsComingBack() {
        var harness = ways[2].harness()
        harness.startIdle("b")
        var part = LifeSnapshot(life: harness.life("b"))
        part.anonymous = gibibyte
        var scarce = snapshot(gibibyte - 1)
        scarce.lives = [part]
        #expect(harness.handle(.snapshot(scarce)).words == ["closeInput a.1 reserve"])
        #expect(harness.pool.headroomWithCredit(at: harness.now) == 2 * gibibyte - 1)
        // A picture is taken at once, and shows that another one must go.
        #expect(harness.handle(.turn(harness.life("a"), .open), snapshot: scarce).words == ["closeInput b.1 reserve"])
        #expect(harness.pool.headroomWithCredit(at: harness.now) == 2 * gibibyte - 1)
    }

    @Test func reinstatedSessionCanBeChosenAgainByANewDecision() {
        var harness = PoolHarness()
        harness.start("a") { $0.idleTimeout = .seconds(60) }
        #expect(harness.pass(.seconds(60)).inputClosings.map(\.reports) == [0])
        _ = harness.handle(.turn(harness.life("a"), .open))
        _ = harness.pass(.seconds(1_000))
        _ = harness.handle(.turn(harness.life("a"), .none))
        #expect(harness.pass(.seconds(59)).words == [])
        #expect(harness.pass(.seconds(1)).inputClosings.map(\.reports) == [2])
    }

    /// An order is not undone by a prompt, and a launcher that counts on its report must hear of it.
    @Test(arguments: [true, false])
    func orderMakesARefusableEndingFinal(ends: Bool) {
        var harness = ways[0].harness()
        _ = ways[0].act(&harness)
        harness.now = harness.now + .milliseconds(500)
        let asked = harness.order(ends ? .end : .suspend, "a")
        #expect(asked.actions.inputClosings == [InputClosing(milliseconds: 1_000, reports: 2, isRefusable: false)])
        #expect(harness.handle(.turn(harness.life("a"), .open)).words == [])
        #expect(harness.pass(.seconds(1)).words == ["terminate a.1"])
        #expect(harness.die("a").words.contains("finish a.1 ended exit \(ends ? 137 : 75)"))
        #expect(harness.state("a") == (ends ? .ended : .suspended))
    }

    @Test func secondOrderDoesNotGiveMoreTime() {
        var harness = ways[0].harness()
        _ = ways[0].act(&harness)
        _ = harness.order(.suspend, "a")
        _ = harness.pass(.milliseconds(500))
        #expect(harness.order(.suspend, "a").actions.words == [])
        #expect(harness.pass(.milliseconds(500)).words == ["terminate a.1"])
    }

    @Test func launcherThatWaitedForTheOldLifeIsRefusedWhenItGoesOn() {
        var harness = PoolHarness()
        harness.start("a") { $0.idleTimeout = .seconds(60) }
        _ = harness.pass(.seconds(60))
        #expect(harness.request("a").actions.words == ["queued 1"])
        let words = harness.handle(.turn(harness.life("a"), .open)).words
        #expect(words.count == 1)
        #expect(words.first?.contains("'a' is already running (life 1)") == true)
        #expect(harness.pass(.seconds(60)).words == [])
    }

    /// Where no first stage is given there is none to refuse in.
    @Test func withoutTimeOrLauncherForTheFirstStageNothingIsTakenBack() {
        var harness = PoolHarness { $0.maxSessions = 1 }
        harness.startIdle("a") { $0.stdinClose = .zero }
        #expect(harness.request("b").actions.words == ["terminate a.1", "queued 1"])
        #expect(harness.handle(.turn(harness.life("a"), .open)).words == [])
        var other = PoolHarness { $0.maxSessions = 1 }
        let launcher = other.start("a") { $0.onLeaseLost = .keep }
        _ = other.handle(.disconnected(launcher))
        _ = other.pass(.seconds(11))
        #expect(other.request("b").actions.words == ["terminate a.1", "queued 1"])
    }

    @Test func commandThatLeavesInTheFirstStageIsNotBroughtBack() {
        var harness = ways[0].harness()
        _ = ways[0].act(&harness)
        #expect(harness.handle(.commandExited(harness.life("a"), .exited(0))).words == ["terminate a.1"])
        #expect(harness.handle(.turn(harness.life("a"), .open)).words == [])
        #expect(harness.state("a") == .stopping)
    }

    @Test func reportsAreCountedAnewWhenTheLeaseIsTakenAgain() {
        var harness = PoolHarness()
        harness.start("a") { $0.idleTimeout = .seconds(60) }
        for state in [TurnState.open, .open, .waiting, .none] {
            _ = harness.handle(.turn(harness.life("a"), TurnReport(state)))
        }
        #expect(harness.pool.sessions[id("a")]?.life?.turnReports == 4)
        _ = harness.handle(.leaseTaken(harness.life("a"), by: harness.client()))
        #expect(harness.pass(.seconds(60)).inputClosings.map(\.reports) == [0])
        // What the launcher tells anew is a report too: it cannot know of the decision.
        #expect(harness.handle(.turn(harness.life("a"), .none)).logged(.reinstated).count == 1)
    }

    @Test func adoptedSessionIsNotEvictedUntilItsLauncherHasReportedItsTurns() {
        var harness = PoolHarness { $0.maxSessions = 1 }
        let longAgo = Instant(nanoseconds: 0)
        _ = harness.handle(
            .adopted([harness.left("a", life: 1, lastActivity: longAgo) { $0.idleTimeout = .seconds(60) }]))
        #expect(harness.request("b").actions.words == ["queued 1"])
        #expect(harness.pass(.seconds(5)).words == [])
        // Nothing more is decided than that its launcher is back; it says at once that a turn is open.
        #expect(
            harness.handle(.leaseTaken(harness.life("a"), by: harness.client())).inputClosings.map(\.isRefusable) == [
                true
            ])
        #expect(harness.handle(.turn(harness.life("a"), .open)).words == [])
        #expect(harness.state("a") == .busy)
    }
}
