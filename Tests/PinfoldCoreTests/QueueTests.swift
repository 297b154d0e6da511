import Testing

@testable import PinfoldCore

@Suite struct QueueTests {
    /// A session of 300 MiB ended under the policy; every later one is expected to need as much.
    private func afterASessionOf300MiB() -> (harness: PoolHarness, snapshot: MemorySnapshot) {
        var harness = PoolHarness({ $0.memoryReserve = .bytes(400 << 20) }, memory: 4 << 30)
        var snapshot = MemorySnapshot()
        snapshot.available = 2_600 << 20
        harness.start("big")
        var part = LifeSnapshot(life: harness.life("big"))
        part.current = 300 << 20
        part.workingSet = 300 << 20
        snapshot.lives = [part]
        _ = harness.handle(.memoryEvent, snapshot: snapshot)
        _ = harness.die("big", .exited(0))
        snapshot.lives = []
        return (harness, snapshot)
    }

    private func request(_ name: String, _ harness: inout PoolHarness) -> Event {
        .requested(
            SessionRequest(
                client: harness.client(), session: id(name), owner: UserID(1000), isPrivileged: false,
                policyName: "default", policy: SessionPolicy(), settings: [], patience: .seconds(1), keepsTree: false))
    }

    @Test func requestsThatWaitForExpectedMemoryNameItWithItsFiguresAndNotThePlaces() {
        var (harness, snapshot) = afterASessionOf300MiB()
        for number in 1...10 { _ = harness.handle(request("q\(number)", &harness), snapshot: snapshot) }
        #expect(harness.pool.residentCount == 7)
        let missing =
            "2.5G of memory are available, 2.7G needed: MemoryReserve=400M, 300M for it (what another session of the "
            + "policy 'default' used), 2G for sessions that began less than 10s ago; of the sessions that run none may "
            + "be evicted"
        let waiting = harness.pool.explain(at: harness.now).waiting
        #expect(waiting.map(\.request.session.text) == ["q8", "q9", "q10"])
        #expect(waiting.map(\.shortage.description) == [missing, missing, missing])
        harness.now = harness.now + .seconds(1)
        let refused = harness.handle(.timePassed, snapshot: snapshot).words
        let words = "refuse: not enough memory became free in 1.0s: \(missing); wait longer with --wait"
        #expect(refused == [words, words, words])
    }

    @Test func requestBehindOneThatWaitsForAPlaceNamesThePlaceAndWhetherOneIsComing() {
        var harness = PoolHarness { $0.maxSessions = 1 }
        harness.start("a")
        _ = harness.request("b")
        _ = harness.request("c")
        let full = "1 of 1 sessions run, and none may be evicted; raise MaxSessions=, or wait longer with --wait"
        #expect(harness.pool.waiting(at: harness.now).map(\.shortage.description) == [full, full])
        _ = harness.order(.suspend, "a")
        let ending = "1 of 1 sessions run, and one is ending; raise MaxSessions=, or wait longer with --wait"
        #expect(harness.pool.waiting(at: harness.now).map(\.shortage.description) == [ending, ending])
    }

    @Test(arguments: [Order.Verb.end, .kill])
    func endOfASessionThatWaitsTakesItsRequestOutOfTheQueueAndTellsItsLauncher(verb: Order.Verb) {
        var harness = PoolHarness { $0.maxSessions = 1 }
        harness.start("a")
        _ = harness.request("b")
        let (_, actions) = harness.order(verb, "b")
        #expect(actions.words == ["refuse: cancelled by uid 1000 while it waited", "answer done"])
        #expect(harness.pool.waiting(at: harness.now).isEmpty)
        #expect(harness.pool.sessions[id("b")] == nil)
    }

    @Test func endOfASuspendedSessionThatWaitsEndsItForGoodToo() {
        var harness = PoolHarness { $0.maxSessions = 1 }
        harness.startIdle("b")
        _ = harness.order(.suspend, "b")
        _ = harness.die("b")
        harness.start("a")
        _ = harness.request("b")
        #expect(harness.order(.end, "b").actions.words.last == "answer done")
        #expect(harness.state("b") == .ended)
        #expect(harness.pool.waiting(at: harness.now).isEmpty)
    }

    @Test func whatASessionThatWaitsCannotDoYetIsRefusedAndItWaitsOn() {
        var harness = PoolHarness { $0.maxSessions = 1 }
        harness.start("a")
        _ = harness.request("b")
        for verb in [Order.Verb.touch, .pin, .suspend] {
            #expect(
                harness.order(verb, "b").actions.words == [
                    "answer \(OrderOutcome.refused("the session 'b' waits to be admitted; only end is possible until then"))"
                ])
        }
        #expect(harness.pool.waiting(at: harness.now).count == 1)
    }

    @Test func explanationForAUserHasTheirOwnRequestsAtTheirPlacesAlone() {
        var harness = PoolHarness { $0.maxSessions = 1 }
        harness.start("a")
        _ = harness.request("mine", owner: 1000)
        _ = harness.request("theirs", owner: 2000)
        let pool = harness.pool
        let seen = pool.explain(at: harness.now).seen { pool.owner(of: $0) == UserID(2000) }
        #expect(seen.waiting.map(\.request.session.text) == ["theirs"])
        #expect(seen.forPlace.isEmpty)
    }
}
