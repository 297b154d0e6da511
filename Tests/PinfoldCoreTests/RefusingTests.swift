import Testing

@testable import PinfoldCore

private let gibibyte: UInt64 = 1 << 30

/// A way in which an idle session 'a' comes to be ended, and whether a turn takes that back.
private struct Way: Sendable, CustomStringConvertible {
    let description: String
    let isRefusable: Bool
    var pool: @Sendable (inout PoolPolicy) -> Void = { _ in }
    var policy: @Sendable (inout SessionPolicy) -> Void = { _ in }
    let act: @Sendable (inout Bench) -> [Action]

    /// With 'a', idle for long enough, and 1 GiB of memory measured in it.
    func bench() -> Bench {
        var bench = Bench(pool, memory: 10 * gibibyte)
        bench.start("a", policy)
        _ = bench.handle(.turn(bench.life("a"), .open))
        _ = bench.handle(.turn(bench.life("a"), .none))
        _ = bench.pass(.seconds(11))
        var part = LifeReading(life: bench.life("a"))
        part.current = gibibyte
        part.anonymous = gibibyte
        var measured = reading(8 * gibibyte)
        measured.lives = [part]
        _ = bench.handle(.memoryEvent, reading: measured)
        return bench
    }
}

private func reading(_ available: UInt64, pressure: UInt32? = nil) -> Reading {
    var reading = Reading()
    reading.available = available
    reading.poolWorkingSet = 0
    reading.pressure = pressure
    return reading
}

private let ways: [Way] = [
    Way(description: "a place for another", isRefusable: true, pool: { $0.maxSessions = 1 }) {
        $0.request("b").actions
    },
    Way(description: "memory for another", isRefusable: true) { bench in
        bench.now = bench.now + .seconds(1)
        var policy = SessionPolicy()
        policy.memoryLow = .bytes(gibibyte)
        let request = SessionRequest(
            client: bench.client(), session: id("b"), owner: UserID(1), isPrivileged: false, policyName: "default",
            policy: policy, settings: [], patience: nil, keepsTree: false)
        return bench.handle(.requested(request), reading: reading(gibibyte + 1))
    },
    Way(description: "the reserve", isRefusable: true) { $0.handle(.reading(reading(gibibyte - 1))) },
    Way(
        description: "pressure", isRefusable: true,
        pool: {
            $0.pressureLimit = 1_000
            $0.pressureDuration = .zero
        }
    ) { $0.handle(.reading(reading(8 * gibibyte, pressure: 2_000))) },
    Way(description: "the idle timeout", isRefusable: true, policy: { $0.idleTimeout = .seconds(60) }) {
        $0.pass(.seconds(60))
    },
    Way(description: "suspend", isRefusable: false) { $0.order(.suspend, "a").actions },
    Way(description: "end", isRefusable: false) { $0.order(.end, "a").actions },
    Way(description: "the lifetime", isRefusable: false, policy: { $0.lifetime = .seconds(60) }) {
        $0.pass(.seconds(60))
    },
    Way(description: "a hung turn", isRefusable: false, policy: { $0.turnTimeout = .seconds(60) }) { bench in
        _ = bench.handle(.turn(bench.life("a"), .open))
        _ = bench.pass(.seconds(60))
        return bench.pass(SessionPool.cancelGrace)
    },
    Way(description: "the controller's end", isRefusable: false) { $0.handle(.shutdown(endingSessions: true)) },
]

extension [Action] {
    fileprivate var closings: [Closing] {
        compactMap { if case .closeInput(_, _, let closing) = $0 { closing } else { nil } }
    }
}

/// Whoever ended for want of use and is used after all lives on. Scenario 8: the decision races with a new prompt.
@Suite struct RefusingTests {
    @Test(arguments: ways)
    private func launcherIsToldWhetherATurnTakesTheEndingBackAndOnHowManyReportsItRests(way: Way) {
        var bench = way.bench()
        let reported = bench.pool.sessions[id("a")]?.life?.turnReports
        let closings = way.act(&bench).closings
        let isHung = way.description == "a hung turn"
        #expect(
            closings == [Closing(milliseconds: 1_000, reports: isHung ? 3 : 2, isRefusable: way.isRefusable)])
        #expect(reported == 2)
    }

    @Test(arguments: ways, TurnState.allCases)
    private func reportInTheFirstStageTakesBackWhatMayBeTakenBack(way: Way, state: TurnState) {
        var bench = way.bench()
        _ = way.act(&bench)
        let before = bench.pool.sessions[id("a")]?.life
        bench.now = bench.now + .milliseconds(999)
        let actions = bench.handle(.turn(bench.life("a"), TurnReport(state)))
        let after = bench.pool.sessions[id("a")]?.life
        #expect(after?.turnReports == (before?.turnReports ?? 0) + 1)
        if way.isRefusable {
            #expect(bench.state("a") == .busy)
            #expect(after?.turn.state == state)
            #expect(actions.announced(.reinstated).map(\.session) == [id("a")])
            #expect(bench.pool.sessions[id("a")]?.lastActivity == bench.now)
            #expect(bench.pass(.milliseconds(1)).words == [])
        } else {
            #expect(bench.state("a") == .stopping)
            #expect(actions.announced(.reinstated).isEmpty)
            #expect(bench.pass(.milliseconds(1)).words == ["terminate a.1"])
        }
    }

    @Test(arguments: ways)
    private func reportAfterTheFirstStageIsTooLate(way: Way) {
        var bench = way.bench()
        _ = way.act(&bench)
        #expect(bench.pass(.seconds(1)).words.first == "terminate a.1")
        #expect(bench.handle(.turn(bench.life("a"), .open)).announced(.reinstated).isEmpty)
        #expect(bench.pass(.seconds(3)).words == ["kill a.1"])
    }

    /// Below the hard reserve nobody is asked to leave, so there is nothing to refuse.
    @Test func hardReserveCannotBeRefused() {
        var bench = ways[2].bench()
        #expect(bench.handle(.reading(reading(gibibyte / 4))).words == ["kill a.1"])
        #expect(bench.handle(.turn(bench.life("a"), .open)).words == [])
        #expect(bench.state("a") == .stopping)
    }

    @Test func hardReserveTakesTheWayBackFromAnEndingThatHadOne() {
        var bench = ways[2].bench()
        _ = ways[2].act(&bench)
        #expect(bench.handle(.reading(reading(gibibyte / 4))).words == ["kill a.1"])
        #expect(bench.handle(.turn(bench.life("a"), .open)).announced(.reinstated).isEmpty)
    }

    @Test func somebodyElseMakesRoomInTheSameStep() {
        var bench = Bench { $0.maxSessions = 2 }
        bench.startIdle("a")
        bench.startIdle("b")
        #expect(bench.request("c").actions.words == ["closeInput a.1 pool_full", "queued 1"])
        #expect(bench.handle(.turn(bench.life("a"), .open)).words == ["closeInput b.1 pool_full"])
        #expect(bench.state("a") == .busy)
        #expect(bench.die("b").words.suffix(2) == ["create c.1", "grant c.1"])
    }

    @Test func newcomerGoesOnWaitingWhereNobodyElseMayGo() {
        var bench = Bench { $0.maxSessions = 1 }
        bench.startIdle("a")
        _ = bench.request("b", patience: .seconds(60))
        #expect(bench.handle(.turn(bench.life("a"), .open)).words == [])
        #expect(bench.pass(.seconds(40)).words == [])
        // The turn ends; when the session is idle again it is chosen anew.
        _ = bench.handle(.turn(bench.life("a"), .none))
        #expect(bench.pass(.milliseconds(9_999)).words == [])
        #expect(bench.pass(.milliseconds(1)).closings == [Closing(milliseconds: 1_000, reports: 2, isRefusable: true)])
    }

    @Test func memoryOfAReinstatedSessionIsNotCountedAsComingBack() {
        var bench = ways[2].bench()
        bench.startIdle("b")
        var part = LifeReading(life: bench.life("b"))
        part.anonymous = gibibyte
        var scarce = reading(gibibyte - 1)
        scarce.lives = [part]
        #expect(bench.handle(.reading(scarce)).words == ["closeInput a.1 reserve"])
        #expect(bench.pool.headroomWithCredit(at: bench.now) == 2 * gibibyte - 1)
        // A picture is taken at once, and shows that another one must go.
        #expect(bench.handle(.turn(bench.life("a"), .open), reading: scarce).words == ["closeInput b.1 reserve"])
        #expect(bench.pool.headroomWithCredit(at: bench.now) == 2 * gibibyte - 1)
    }

    @Test func reinstatedSessionCanBeChosenAgainByANewDecision() {
        var bench = Bench()
        bench.start("a") { $0.idleTimeout = .seconds(60) }
        #expect(bench.pass(.seconds(60)).closings.map(\.reports) == [0])
        _ = bench.handle(.turn(bench.life("a"), .open))
        _ = bench.pass(.seconds(1_000))
        _ = bench.handle(.turn(bench.life("a"), .none))
        #expect(bench.pass(.seconds(59)).words == [])
        #expect(bench.pass(.seconds(1)).closings.map(\.reports) == [2])
    }

    /// An order is not undone by a prompt, and a launcher that counts on its report must hear of it.
    @Test(arguments: [true, false])
    func orderMakesARefusableEndingFinal(ends: Bool) {
        var bench = ways[0].bench()
        _ = ways[0].act(&bench)
        bench.now = bench.now + .milliseconds(500)
        let asked = bench.order(ends ? .end : .suspend, "a")
        #expect(asked.actions.closings == [Closing(milliseconds: 1_000, reports: 2, isRefusable: false)])
        #expect(bench.handle(.turn(bench.life("a"), .open)).words == [])
        #expect(bench.pass(.seconds(1)).words == ["terminate a.1"])
        #expect(bench.die("a").words.contains("finish a.1 ended exit \(ends ? 137 : 75)"))
        #expect(bench.state("a") == (ends ? .ended : .suspended))
    }

    @Test func secondOrderDoesNotGiveMoreTime() {
        var bench = ways[0].bench()
        _ = ways[0].act(&bench)
        _ = bench.order(.suspend, "a")
        _ = bench.pass(.milliseconds(500))
        #expect(bench.order(.suspend, "a").actions.words == [])
        #expect(bench.pass(.milliseconds(500)).words == ["terminate a.1"])
    }

    @Test func launcherThatWaitedForTheOldLifeIsToldThatItGoesOn() {
        var bench = Bench()
        bench.start("a") { $0.idleTimeout = .seconds(60) }
        _ = bench.pass(.seconds(60))
        #expect(bench.request("a").actions.words == ["queued 1"])
        let words = bench.handle(.turn(bench.life("a"), .open)).words
        #expect(words.count == 1)
        #expect(words.first?.contains("'a' is already running (life 1)") == true)
        #expect(bench.pass(.seconds(60)).words == [])
    }

    /// Where no first stage is given there is none to refuse in.
    @Test func withoutTimeOrLauncherForTheFirstStageNothingIsTakenBack() {
        var bench = Bench { $0.maxSessions = 1 }
        bench.startIdle("a") { $0.stdinClose = .zero }
        #expect(bench.request("b").actions.words == ["terminate a.1", "queued 1"])
        #expect(bench.handle(.turn(bench.life("a"), .open)).words == [])
        var other = Bench { $0.maxSessions = 1 }
        let launcher = other.start("a") { $0.onLeaseLost = .keep }
        _ = other.handle(.disconnected(launcher))
        _ = other.pass(.seconds(11))
        #expect(other.request("b").actions.words == ["terminate a.1", "queued 1"])
    }

    @Test func commandThatLeavesInTheFirstStageIsNotBroughtBack() {
        var bench = ways[0].bench()
        _ = ways[0].act(&bench)
        #expect(bench.handle(.commandExited(bench.life("a"), .exited(0))).words == ["terminate a.1"])
        #expect(bench.handle(.turn(bench.life("a"), .open)).words == [])
        #expect(bench.state("a") == .stopping)
    }

    @Test func reportsAreCountedAnewWhenTheLeaseIsTakenAgain() {
        var bench = Bench()
        bench.start("a") { $0.idleTimeout = .seconds(60) }
        for state in [TurnState.open, .open, .waiting, .none] {
            _ = bench.handle(.turn(bench.life("a"), TurnReport(state)))
        }
        #expect(bench.pool.sessions[id("a")]?.life?.turnReports == 4)
        _ = bench.handle(.leaseTaken(bench.life("a"), by: bench.client()))
        #expect(bench.pass(.seconds(60)).closings.map(\.reports) == [0])
        // What the launcher tells anew is a report too: it cannot know of the decision.
        #expect(bench.handle(.turn(bench.life("a"), .none)).announced(.reinstated).count == 1)
    }

    @Test func adoptedSessionIsSparedUntilItsLauncherHasToldWhetherATurnIsOpen() {
        var bench = Bench { $0.maxSessions = 1 }
        let longAgo = Instant(nanoseconds: 0)
        _ = bench.handle(.adopted([bench.left("a", life: 1, lastActivity: longAgo) { $0.idleTimeout = .seconds(60) }]))
        #expect(bench.request("b").actions.words == ["queued 1"])
        #expect(bench.pass(.seconds(5)).words == [])
        // Nothing more is decided than that its launcher is back; it says at once that a turn is open.
        #expect(bench.handle(.leaseTaken(bench.life("a"), by: bench.client())).closings.map(\.isRefusable) == [true])
        #expect(bench.handle(.turn(bench.life("a"), .open)).words == [])
        #expect(bench.state("a") == .busy)
    }
}
