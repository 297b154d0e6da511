import TestSupport
import Testing

@testable import PinfoldCore

/// What one user may take of what all share.
@Suite struct UserShareTests {
    private let one: UInt32 = 1_001
    private let other: UInt32 = 1_002

    private func started(
        _ harness: inout PoolHarness, _ name: String, _ owner: UInt32,
        _ change: (inout SessionPolicy) -> Void = { _ in }
    ) {
        _ = harness.request(name, owner: owner, change)
        _ = harness.handle(.commandStarted(harness.life(name), processID: 1, placement: .into))
    }

    @Test func userWithAllTheirPlacesMakesRoomAmongTheirOwn() {
        var harness = PoolHarness { ($0.maxSessions, $0.maxSessionsPerUser) = (10, 2) }
        started(&harness, "theirs", other)
        _ = harness.pass(.seconds(11))
        for name in ["a", "b"] { started(&harness, name, one) }
        _ = harness.pass(.seconds(11))
        // The other's has been idle for longer, and stays.
        #expect(harness.request("c", owner: one).actions.words == ["closeInput a.1 pool_full", "queued 1"])
        #expect(harness.die("a").words.contains("grant c.1"))
        #expect(harness.state("theirs") == .idle)
    }

    @Test func userWithAllTheirPlacesDoesNotHoldUpOthers() {
        var harness = PoolHarness { ($0.maxSessions, $0.maxSessionsPerUser) = (10, 1) }
        started(&harness, "a", one) { $0.evict = .never }
        #expect(harness.request("b", owner: one).actions.words == ["queued 1"])
        #expect(harness.request("c", owner: other).actions.words == ["create c.1", "grant c.1"])
    }

    @Test func userWithAllTheirPlacesIsRefusedAtTheDeadline() {
        var harness = PoolHarness { ($0.maxSessions, $0.maxSessionsPerUser) = (10, 1) }
        started(&harness, "a", one) { $0.evict = .never }
        _ = harness.request("b", owner: one, patience: .seconds(5))
        let words = harness.pass(.seconds(5)).words
        #expect(words.count == 1)
        #expect(words.first?.contains("all 1 sessions that a user may have run") == true)
        #expect(words.first?.contains("MaxSessionsPerUser=") == true)
    }

    @Test func noSessionIsEvictedForARequestThatWaitsForAPlaceOfItsOwnUser() {
        var harness = PoolHarness { ($0.maxSessions, $0.maxSessionsPerUser) = (2, 1) }
        started(&harness, "theirs", other)
        started(&harness, "a", one) { $0.evict = .never }
        _ = harness.pass(.seconds(11))
        #expect(harness.request("b", owner: one).actions.words == ["queued 1"])
        #expect(harness.state("theirs") == .idle)
    }

    @Test func requestBeyondTheUsersShareOfTheQueueIsRefusedAndOthersWait() {
        var harness = PoolHarness { ($0.maxSessions, $0.maxQueuedPerUser) = (1, 2) }
        started(&harness, "a", other) { $0.evict = .never }
        for name in ["b", "c"] {
            #expect(harness.request(name, owner: one).actions.words.first?.hasPrefix("queued") == true)
        }
        let words = harness.request("d", owner: one).actions.words
        #expect(
            words == [
                "refuse: 2 requests of this user are waiting already, and MaxQueuedPerUser= is 2; try again later"
            ])
        #expect(harness.request("e", owner: other).actions.words.first?.hasPrefix("queued") == true)
    }

    @Test func queueServesUsersInTurnAndEachInTheOrderOfArrival() {
        var harness = PoolHarness { $0.maxSessions = 1 }
        started(&harness, "first", 0) { $0.evict = .never }
        for name in ["a1", "a2", "a3"] { _ = harness.request(name, owner: one) { $0.evict = .never } }
        #expect(harness.request("b1", owner: other, { $0.evict = .never }).actions.words == ["queued 2"])
        _ = harness.request("b2", owner: other) { $0.evict = .never }
        var served: [String] = []
        var last = "first"
        for _ in 0..<5 {
            let words = harness.die(last, .exited(0)).words
            guard let granted = words.first(where: { $0.hasPrefix("grant ") }) else { break }
            last = String(granted.dropFirst(6).dropLast(2))
            served.append(last)
            _ = harness.handle(.commandStarted(harness.life(last), processID: 1, placement: .into))
        }
        #expect(served == ["a1", "b1", "a2", "b2", "a3"])
    }

    @Test func newSessionBeyondTheSuspendedOnesAUserMayHaveIsRefusedAndAnOldOneComesBack() {
        var harness = PoolHarness { $0.maxSuspendedPerUser = 2 }
        for name in ["a", "b"] {
            started(&harness, name, one)
            _ = harness.order(.suspend, name)
            _ = harness.die(name)
        }
        let words = harness.request("c", owner: one).actions.words
        #expect(words.count == 1)
        #expect(words.first?.contains("pinfold end") == true)
        #expect(words.first?.contains("MaxSuspendedPerUser=") == true)
        #expect(harness.request("a", owner: one).actions.words == ["create a.2", "grant a.2"])
        #expect(harness.request("theirs", owner: other).actions.words == ["create theirs.1", "grant theirs.1"])
        _ = harness.order(.end, "b")
        #expect(harness.request("c", owner: one).actions.words == ["create c.1", "grant c.1"])
    }

    @Test func endedSessionsOfOneUserDoNotMakeThoseOfAnotherBeForgotten() {
        var harness = PoolHarness { $0.maxSessions = 10_000 }
        started(&harness, "mine", one)
        _ = harness.die("mine", .exited(0))
        var forgotten: [String] = []
        for number in 0...2 * SessionPool.recordedEnds {
            let name = "s\(number)"
            started(&harness, name, other)
            forgotten += harness.die(name, .exited(0)).words.filter { $0.hasPrefix("forget") }
        }
        #expect(forgotten.count == SessionPool.recordedEnds + 2)
        #expect(!forgotten.contains("forget mine"))
        #expect(harness.state("mine") == .ended)
    }

    /// Requests and ends of four users at random: nobody has more than their share, and nobody who could be served waits
    /// while others are served again and again.
    @Test func sharesHoldAfterEveryEventAndNobodyWaitsForTwoTurnsOfAnother() {
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var harness = PoolHarness {
                ($0.maxSessions, $0.maxSessionsPerUser, $0.maxQueuedPerUser) = (4, 2, 5)
                $0.admissionTimeout = .seconds(100_000)
            }
            var waiting: [UserID: [UserID: Int]] = [:]
            for step in 0..<150 {
                var words: [String] = []
                if Bool.random(using: &random) {
                    let owner = UInt32.random(in: 1...4, using: &random)
                    words = harness.request("s\(owner)-\(step)", owner: owner) { $0.evict = .never }.actions.words
                } else if let index = harness.pool.sessions.residents.randomElement(using: &random) {
                    words = harness.die(harness.pool.sessions.all[index].id.text, .exited(0)).words
                }
                let live = harness.pool.sessions.residents.map { harness.pool.sessions.all[$0].owner }
                for user in Set(live) {
                    #expect(live.count { $0 == user } <= 2, "seed \(seed), step \(step)")
                }
                let queued = harness.pool.queue.map(\.request.owner)
                for user in Set(queued) { #expect(queued.count { $0 == user } <= 5, "seed \(seed), step \(step)") }
                for word in words where word.hasPrefix("grant s") {
                    guard let number = word.dropFirst(7).split(separator: "-").first.flatMap({ UInt32($0) }) else {
                        continue
                    }
                    let served = UserID(number)
                    waiting[served] = nil
                    for user in Set(queued) where user != served && live.count(where: { $0 == user }) < 2 {
                        waiting[user, default: [:]][served, default: 0] += 1
                        #expect(waiting[user]?[served] ?? 0 <= 2, "seed \(seed), step \(step)")
                    }
                }
                for user in waiting.keys where !queued.contains(user) || live.count(where: { $0 == user }) >= 2 {
                    waiting[user] = nil
                }
            }
        }
    }
}
