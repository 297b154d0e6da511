import Testing

@testable import PinfoldCore

@Suite struct AdmissionTests {
    @Test func requestBelowTheCapIsGrantedAtOnce() {
        var harness = PoolHarness()
        #expect(harness.request("a").actions.words == ["create a.1", "grant a.1"])
        #expect(harness.state("a") == .starting)
    }

    @Test func whoWillNotWaitIsAdmittedWhereThereIsRoom() {
        var harness = PoolHarness()
        _ = harness.pass(.seconds(60))
        let words = harness.request("a", patience: .zero).actions.words + harness.pass(.milliseconds(1)).words
        #expect(!words.contains { $0.hasPrefix("refuse") })
    }

    @Test func fullPoolEvictsTheLeastRecentlyUsedBeforeTheNewcomerStarts() {
        var harness = PoolHarness { $0.maxSessions = 3 }
        for name in ["a", "b", "c"] { harness.startIdle(name) }
        _ = harness.handle(.activity(harness.life("a"), .stdin))
        _ = harness.pass(.seconds(11))
        let asked = harness.request("d")
        #expect(asked.actions.words == ["closeInput b.1 pool_full", "queued 1"])
        let ended = harness.die("b")
        #expect(ended.words == ["collect b.1", "finish b.1 pool_full exit 75", "create d.1", "grant d.1"])
        #expect(harness.state("b") == .suspended)
    }

    @Test func fullPoolOfBusySessionsQueuesAndRefusesAtTheDeadlineWithoutKillingAnyone() {
        var harness = PoolHarness { $0.maxSessions = 1 }
        harness.start("a") { $0.idleAfter = .seconds(3_600) }
        #expect(harness.request("b", patience: .seconds(5)).actions.words == ["queued 1"])
        #expect(harness.pass(.seconds(4)).words == [])
        let words = harness.pass(.seconds(1)).words
        #expect(words.count == 1)
        #expect(words.first?.contains("1 of 1 sessions run, and none may be evicted") == true)
        #expect(harness.state("a") == .busy)
    }

    @Test func queueIsServedInTheOrderOfArrival() {
        var harness = PoolHarness { $0.maxSessions = 1 }
        harness.start("a") { $0.evict = .never }
        for name in ["b", "c", "d"] { _ = harness.request(name) }
        for (leaves, enters) in [("a", "b"), ("b", "c"), ("c", "d")] {
            let words = harness.die(leaves, .exited(0)).words
            #expect(words.suffix(2) == ["create \(enters).1", "grant \(enters).1"])
            _ = harness.handle(.commandStarted(harness.life(enters), processID: 1, placement: .into))
        }
    }

    @Test func eachWaitingRequestIsOwedOneVictimAndNoMore() {
        var harness = PoolHarness { $0.maxSessions = 3 }
        for name in ["a", "b", "c"] { harness.startIdle(name) }
        #expect(harness.request("d").actions.words.contains("closeInput a.1 pool_full"))
        #expect(harness.request("e").actions.words == ["closeInput b.1 pool_full", "queued 2"])
        #expect(harness.pass(.milliseconds(10)).words == [])
        #expect(harness.state("c") == .idle)
    }

    @Test func requestThatHangsUpLeavesTheQueue() {
        var harness = PoolHarness { $0.maxSessions = 1 }
        harness.start("a") { $0.evict = .never }
        let waiting = harness.request("b").client
        #expect(harness.handle(.disconnected(waiting)).words == [])
        #expect(harness.die("a", .exited(0)).words.contains("grant b.1") == false)
    }

    @Test func nameThatIsRunningIsRefusedAndItsSessionUntouched() {
        var harness = PoolHarness()
        harness.start("a")
        let words = harness.request("a").actions.words
        #expect(
            words == [
                "refuse: the session 'a' is already running (life 1); end it first, or choose another name"
            ])
        #expect(harness.state("a") == .busy)
    }

    @Test func nameThatIsJustStoppingWaitsForItsOwnEndAndGetsANewLife() {
        var harness = PoolHarness()
        harness.startIdle("a")
        _ = harness.order(.suspend, "a")
        #expect(harness.request("a").actions.words == ["queued 1"])
        #expect(harness.die("a").words.suffix(2) == ["create a.2", "grant a.2"])
    }

    @Test func nameOfAnotherUserIsRefusedButNotToRoot() {
        var harness = PoolHarness()
        harness.startIdle("a")
        _ = harness.order(.suspend, "a")
        _ = harness.die("a")
        #expect(
            harness.request("a", owner: 2000).actions.words == [
                "refuse: the session 'a' belongs to uid 1000; choose another name"
            ])
        #expect(harness.request("a", owner: 0).actions.words == ["create a.2", "grant a.2"])
    }

    @Test func newcomerThatDoesNotFitAboveTheReserveEvictsForMemory() {
        var harness = PoolHarness({ $0.memoryReserve = .bytes(1 << 30) }, memory: 4 << 30)
        harness.startIdle("a")
        var snapshot = MemorySnapshot()
        snapshot.available = 2 << 30
        var part = LifeSnapshot(life: harness.life("a"))
        part.current = 600 << 20
        part.workingSet = 600 << 20
        part.anonymous = 600 << 20
        snapshot.lives = [part]
        _ = harness.handle(.memoryEvent, snapshot: snapshot)
        _ = harness.order(.suspend, "a")
        _ = harness.die("a")
        // 600 MiB are expected of it again: 1.5 GiB free would hold it, but not above the reserve of 1 GiB.
        harness.startIdle("b")
        harness.now = harness.now + .seconds(1)
        snapshot.lives = []
        snapshot.available = 1536 << 20
        var policy = SessionPolicy()
        policy.memoryMax = .infinity
        let request = SessionRequest(
            client: harness.client(), session: id("a"), owner: UserID(1000), isPrivileged: false, policyName: "default",
            policy: policy, settings: [], patience: nil, keepsTree: false)
        #expect(
            harness.handle(.requested(request), snapshot: snapshot).words == ["closeInput b.1 pool_full", "queued 1"])
    }

    @Test(arguments: [LifeID.largest, .max])
    func sessionThatHasHadEveryLifeIsRefusedAnother(lives: UInt64) {
        var harness = PoolHarness()
        var session = Session(
            id: id("a"), owner: UserID(1000), policyName: "default", policy: SessionPolicy(), settings: [],
            lastActivity: harness.now)
        session.lives = lives
        _ = harness.handle(.adopted([Adoption(session: session, adoptedLife: nil)]))
        #expect(
            harness.request("a").actions.words == [
                "refuse: 'a' has had \(lives) lives, the most there can be; choose another name"
            ])
        #expect(harness.request("b").actions.words == ["create b.1", "grant b.1"])
    }

    /// Of any size that can be written, though the readers of policies and records allow none such.
    @Test func amountsWhoseSumDoesNotFitLetARequestWaitAndHarmNobody() {
        var harness = PoolHarness()
        let promise = { (policy: inout SessionPolicy) in
            (policy.memoryMax, policy.memoryLow) = (.infinity, .bytes(.max))
        }
        #expect(harness.request("a", promise).actions.words == ["queued 1"])
        #expect(harness.request("b").actions.words == ["queued 2"])
        _ = harness.pass(.seconds(31))
        #expect(harness.request("c").actions.words == ["create c.1", "grant c.1"])
    }

    /// Its credit is gone and what it held is not yet in the last picture: judged by that, one more would have to go.
    @Test func afterAnEndTheNextIsAdmittedByAPictureTakenThen() {
        var harness = PoolHarness({ $0.maxSessions = 1 }, memory: 4 << 30)
        harness.startIdle("a")
        _ = harness.request("b")
        let life = harness.life("a")
        _ = harness.handle(.emptied(life))
        _ = harness.handle(.commandExited(life, .exited(0)))
        let actions = harness.pool.handle(.removed(life, LifeTotals()), at: harness.now)
        let asksFirst = actions.contains { if case .read = $0 { true } else { false } }
        #expect(asksFirst)
        #expect(!actions.words.contains("create b.1"))
    }

    @Test func failedCreationIsRefusedAndForgottenButASuspendedSessionStays() {
        var harness = PoolHarness()
        harness.startIdle("a")
        _ = harness.order(.suspend, "a")
        _ = harness.die("a")
        for name in ["a", "b"] {
            let request = SessionRequest(
                client: harness.client(), session: id(name), owner: UserID(1000), isPrivileged: false,
                policyName: "default", policy: SessionPolicy(), settings: [], patience: nil, keepsTree: false)
            let life = LifeID(session: id(name), number: name == "a" ? 2 : 1)
            _ = harness.pool.handle(.snapshot(MemorySnapshot()), at: harness.now)
            #expect(harness.pool.handle(.requested(request), at: harness.now).words == ["create \(life)"])
            #expect(
                harness.pool.handle(.creationFailed(life, reason: "no space"), at: harness.now).words
                    == ["refuse: no space"])
        }
        #expect(harness.state("a") == .suspended)
        #expect(harness.pool.sessions[id("b")] == nil)
    }
}
