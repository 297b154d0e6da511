import Testing

@testable import PinfoldCore

@Suite struct AdmissionTests {
    @Test func requestBelowTheCapIsGrantedAtOnce() {
        var bench = Bench()
        #expect(bench.request("a").actions.words == ["create a.1", "grant a.1"])
        #expect(bench.state("a") == .starting)
    }

    @Test func whoWillNotWaitIsAdmittedWhereThereIsRoom() {
        var bench = Bench()
        _ = bench.pass(.seconds(60))
        let words = bench.request("a", patience: .zero).actions.words + bench.pass(.milliseconds(1)).words
        #expect(!words.contains { $0.hasPrefix("refuse") })
    }

    @Test func fullPoolEvictsTheLeastRecentlyUsedBeforeTheNewcomerStarts() {
        var bench = Bench { $0.maxSessions = 3 }
        for name in ["a", "b", "c"] { bench.startIdle(name) }
        _ = bench.handle(.activity(bench.life("a"), .stdin))
        _ = bench.pass(.seconds(11))
        let asked = bench.request("d")
        #expect(asked.actions.words == ["closeInput b.1 pool_full", "queued 1"])
        let ended = bench.die("b")
        #expect(ended.words == ["collect b.1", "finish b.1 pool_full exit 75", "create d.1", "grant d.1"])
        #expect(bench.state("b") == .suspended)
    }

    @Test func fullPoolOfBusySessionsQueuesAndRefusesAtTheDeadlineWithoutKillingAnyone() {
        var bench = Bench { $0.maxSessions = 1 }
        bench.start("a") { $0.idleAfter = .seconds(3_600) }
        #expect(bench.request("b", patience: .seconds(5)).actions.words == ["queued 1"])
        #expect(bench.pass(.seconds(4)).words == [])
        let words = bench.pass(.seconds(1)).words
        #expect(words.count == 1)
        #expect(words.first?.contains("1 of 1 sessions run and none may be evicted") == true)
        #expect(bench.state("a") == .busy)
    }

    @Test func queueIsServedInTheOrderOfArrival() {
        var bench = Bench { $0.maxSessions = 1 }
        bench.start("a") { $0.evict = .never }
        for name in ["b", "c", "d"] { _ = bench.request(name) }
        for (leaves, enters) in [("a", "b"), ("b", "c"), ("c", "d")] {
            let words = bench.die(leaves, .exited(0)).words
            #expect(words.suffix(2) == ["create \(enters).1", "grant \(enters).1"])
            _ = bench.handle(.commandStarted(bench.life(enters), processID: 1, placement: .into))
        }
    }

    @Test func eachWaitingRequestIsOwedOneVictimAndNoMore() {
        var bench = Bench { $0.maxSessions = 3 }
        for name in ["a", "b", "c"] { bench.startIdle(name) }
        #expect(bench.request("d").actions.words.contains("closeInput a.1 pool_full"))
        #expect(bench.request("e").actions.words == ["closeInput b.1 pool_full", "queued 2"])
        #expect(bench.pass(.milliseconds(10)).words == [])
        #expect(bench.state("c") == .idle)
    }

    @Test func requestThatHangsUpLeavesTheQueue() {
        var bench = Bench { $0.maxSessions = 1 }
        bench.start("a") { $0.evict = .never }
        let waiting = bench.request("b").client
        #expect(bench.handle(.disconnected(waiting)).words == [])
        #expect(bench.die("a", .exited(0)).words.contains("grant b.1") == false)
    }

    @Test func nameThatIsRunningIsRefusedAndItsSessionUntouched() {
        var bench = Bench()
        bench.start("a")
        let words = bench.request("a").actions.words
        #expect(
            words == [
                "refuse: the session 'a' is already running (life 1); end it first, or choose another name"
            ])
        #expect(bench.state("a") == .busy)
    }

    @Test func nameThatIsJustStoppingWaitsForItsOwnEndAndGetsANewLife() {
        var bench = Bench()
        bench.startIdle("a")
        _ = bench.order(.suspend, "a")
        #expect(bench.request("a").actions.words == ["queued 1"])
        #expect(bench.die("a").words.suffix(2) == ["create a.2", "grant a.2"])
    }

    @Test func nameOfAnotherUserIsRefusedButNotToRoot() {
        var bench = Bench()
        bench.startIdle("a")
        _ = bench.order(.suspend, "a")
        _ = bench.die("a")
        #expect(
            bench.request("a", owner: 2000).actions.words == [
                "refuse: the session 'a' belongs to uid 1000; choose another name"
            ])
        #expect(bench.request("a", owner: 0).actions.words == ["create a.2", "grant a.2"])
    }

    @Test func newcomerThatDoesNotFitAboveTheReserveEvictsForMemory() {
        var bench = Bench({ $0.memoryReserve = .bytes(1 << 30) }, memory: 4 << 30)
        bench.startIdle("a")
        var reading = Reading()
        reading.available = 2 << 30
        var part = LifeReading(life: bench.life("a"))
        part.current = 600 << 20
        part.workingSet = 600 << 20
        part.anonymous = 600 << 20
        reading.lives = [part]
        _ = bench.handle(.memoryEvent, reading: reading)
        _ = bench.order(.suspend, "a")
        _ = bench.die("a")
        // 600 MiB are expected of it again: 1.5 GiB free would hold it, but not above the reserve of 1 GiB.
        bench.startIdle("b")
        bench.now = bench.now + .seconds(1)
        reading.lives = []
        reading.available = 1536 << 20
        var policy = SessionPolicy()
        policy.memoryMax = .infinity
        let request = SessionRequest(
            client: bench.client(), session: id("a"), owner: UserID(1000), isPrivileged: false, policyName: "default",
            policy: policy, settings: [], patience: nil, keepsTree: false)
        #expect(bench.handle(.requested(request), reading: reading).words == ["closeInput b.1 pool_full", "queued 1"])
    }

    @Test(arguments: [LifeID.largest, .max])
    func sessionThatHasHadEveryLifeIsRefusedAnother(lives: UInt64) {
        var bench = Bench()
        var session = Session(
            id: id("a"), owner: UserID(1000), policyName: "default", policy: SessionPolicy(), settings: [],
            lastActivity: bench.now)
        session.lives = lives
        _ = bench.handle(.adopted([Adoption(session: session, survivor: nil)]))
        #expect(
            bench.request("a").actions.words == [
                "refuse: 'a' has had \(lives) lives, the most there can be; choose another name"
            ])
        #expect(bench.request("b").actions.words == ["create b.1", "grant b.1"])
    }

    /// Of any size that can be written, though the readers of policies and records allow none such.
    @Test func amountsWhoseSumDoesNotFitLetARequestWaitAndHarmNobody() {
        var bench = Bench()
        let promise = { (policy: inout SessionPolicy) in
            (policy.memoryMax, policy.memoryLow) = (.infinity, .bytes(.max))
        }
        #expect(bench.request("a", promise).actions.words == ["queued 1"])
        #expect(bench.request("b").actions.words == ["queued 2"])
        _ = bench.pass(.seconds(31))
        #expect(bench.request("c").actions.words == ["create c.1", "grant c.1"])
    }

    /// Its credit is gone and what it held is not yet in the last picture: judged by that, one more would have to go.
    @Test func afterAnEndTheNextIsAdmittedByAPictureTakenThen() {
        var bench = Bench({ $0.maxSessions = 1 }, memory: 4 << 30)
        bench.startIdle("a")
        _ = bench.request("b")
        let life = bench.life("a")
        _ = bench.handle(.emptied(life))
        _ = bench.handle(.commandExited(life, .exited(0)))
        let actions = bench.pool.handle(.removed(life, LifeTotals()), at: bench.now)
        let asksFirst = actions.contains { if case .read = $0 { true } else { false } }
        #expect(asksFirst)
        #expect(!actions.words.contains("create b.1"))
    }

    @Test func failedCreationIsRefusedAndForgottenButASuspendedSessionStays() {
        var bench = Bench()
        bench.startIdle("a")
        _ = bench.order(.suspend, "a")
        _ = bench.die("a")
        for name in ["a", "b"] {
            let request = SessionRequest(
                client: bench.client(), session: id(name), owner: UserID(1000), isPrivileged: false,
                policyName: "default", policy: SessionPolicy(), settings: [], patience: nil, keepsTree: false)
            let life = LifeID(session: id(name), number: name == "a" ? 2 : 1)
            _ = bench.pool.handle(.reading(Reading()), at: bench.now)
            #expect(bench.pool.handle(.requested(request), at: bench.now).words == ["create \(life)"])
            #expect(
                bench.pool.handle(.creationFailed(life, reason: "no space"), at: bench.now).words
                    == ["refuse: no space"])
        }
        #expect(bench.state("a") == .suspended)
        #expect(bench.pool.sessions[id("b")] == nil)
    }
}
