import Testing

@testable import PinfoldCore

/// A row of the table below: a session as the ranking sees it, idle for so many minutes.
private struct Row: Sendable {
    let name: String
    let idleMinutes: UInt64
    var change: @Sendable (inout Session) -> Void = { _ in }

    func session(at now: Instant) -> Session {
        var session = Session(
            id: id(name), owner: UserID(1000), policyName: "default", policy: SessionPolicy(), settings: [],
            lastActivity: Instant(nanoseconds: now.nanoseconds - idleMinutes * 60_000_000_000))
        session.lives = 1
        session.life = Life(
            number: 1, startedAt: session.lastActivity, state: .running,
            facts: CreationFacts(enforcement: .kernel, unenforced: []), keepsTree: false)
        session.life?.memory.anonymous = 300 << 20
        change(&session)
        return session
    }
}

private struct Case: Sendable, CustomStringConvertible {
    let name: String
    var need = EvictionNeed.place
    let rows: [Row]
    /// The names of those that may go, in their order.
    let order: [String]
    var description: String { name }
}

private let idle = Row(name: "old", idleMinutes: 90)
private let young = Row(name: "young", idleMinutes: 20)
private let busy = Row(name: "busy", idleMinutes: 0)
private let now = Instant(nanoseconds: 1_000_000_000_000_000)
private let emergency = EvictionNeed.emergency(shortfall: 1 << 30, takesBusy: false)
private let lastResort = EvictionNeed.emergency(shortfall: 1 << 30, takesBusy: true)

private let cases: [Case] = [
    Case(name: "nobody lives", rows: [], order: []),
    Case(name: "the longest idle goes first", rows: [young, idle], order: ["old", "young"]),
    Case(
        name: "equal idleness is settled by name",
        rows: [
            Row(name: "b", idleMinutes: 20), Row(name: "a", idleMinutes: 20),
        ], order: ["a", "b"]),
    Case(name: "busy never goes for a place", rows: [busy, young], order: ["young"]),
    Case(name: "busy never goes for memory", need: .memory(shortfall: 1 << 30), rows: [busy, young], order: ["young"]),
    Case(name: "busy does not go in an emergency", need: emergency, rows: [busy], order: []),
    Case(
        name: "busy goes in an emergency where the policy allows it, after the idle", need: lastResort,
        rows: [busy, young], order: ["young", "busy"]),
    Case(
        name: "an open turn is busy however long ago it began",
        rows: [
            Row(name: "turn", idleMinutes: 60) { $0.life?.turn = .open(since: $0.lastActivity) }, young,
        ], order: ["young"]),
    Case(
        name: "a human's answer is waited for even in an emergency that takes busy", need: lastResort,
        rows: [
            Row(name: "asks", idleMinutes: 60) { $0.life?.turn = .waiting(since: $0.lastActivity) }
        ], order: []),
    Case(
        name: "pinned never goes", need: lastResort,
        rows: [
            Row(name: "pinned", idleMinutes: 60) { $0.isPinned = true }
        ], order: []),
    Case(
        name: "Evict=never never goes", need: lastResort,
        rows: [
            Row(name: "never", idleMinutes: 60) { $0.policy.evict = .never }
        ], order: []),
    Case(
        name: "Evict=resumable never goes while nothing is kept to resume it with", need: lastResort,
        rows: [
            Row(name: "lost", idleMinutes: 90) { $0.policy.evict = .resumable },
            Row(name: "never resumes", idleMinutes: 90) {
                $0.policy.evict = .resumable; $0.policy.resume = .never; $0.token = "t"
            },
            Row(name: "kept", idleMinutes: 20) {
                $0.policy.evict = .resumable; $0.token = "t"
            },
            Row(name: "afresh", idleMinutes: 10) {
                $0.policy.evict = .resumable; $0.policy.resume = .new
            },
        ], order: ["kept", "afresh"]),
    Case(
        name: "Evict=avoid goes after everybody else",
        rows: [
            Row(name: "avoid", idleMinutes: 90) { $0.policy.evict = .avoid }, young,
        ], order: ["young", "avoid"]),
    Case(
        name: "starting never goes", need: lastResort,
        rows: [
            Row(name: "starting", idleMinutes: 60) { $0.life?.state = .starting(deadline: now) }
        ], order: []),
    Case(
        name: "who can come back goes before who cannot, whatever the age",
        rows: [
            idle, Row(name: "resumable", idleMinutes: 20) { $0.token = "t" },
        ], order: ["resumable", "old"]),
    Case(
        name: "Resume=new needs no token to come back",
        rows: [
            idle, Row(name: "fresh", idleMinutes: 20) { $0.policy.resume = .new },
        ], order: ["fresh", "old"]),
    Case(
        name: "Resume=never does not come back even with a token",
        rows: [
            Row(name: "final", idleMinutes: 90) {
                $0.token = "t"; $0.policy.resume = .never
            },
            Row(name: "resumable", idleMinutes: 20) { $0.token = "t" },
        ], order: ["resumable", "final"]),
    Case(
        name: "who is too small to help is spared for memory", need: .memory(shortfall: 1 << 30),
        rows: [
            Row(name: "small", idleMinutes: 90) { $0.life?.memory.anonymous = 2 << 20 }, young,
        ], order: ["young"]),
    Case(
        name: "but goes for a place",
        rows: [
            Row(name: "small", idleMinutes: 90) { $0.life?.memory.anonymous = 2 << 20 }, young,
        ], order: ["small", "young"]),
    Case(
        name: "page cache does not make a victim worth while", need: .memory(shortfall: 1 << 30),
        rows: [
            Row(name: "cache", idleMinutes: 90) {
                $0.life?.memory.current = 3 << 30
                $0.life?.memory.anonymous = 1 << 20
            }
        ], order: []),
    Case(
        name: "what cannot be measured is not called small", need: .memory(shortfall: 1 << 30),
        rows: [
            Row(name: "unknown", idleMinutes: 90) { $0.life?.memory = LifeMemory() }
        ], order: ["unknown"]),
    Case(
        name: "suspended and ended have nothing to give",
        rows: [
            Row(name: "gone", idleMinutes: 90) {
                $0.life = nil; $0.isSuspended = true
            }
        ], order: []),
]

@Suite struct EvictionTests {
    @Test(arguments: cases)
    private func victimsGoInTheOrderOfTheTable(row: Case) {
        for sessions in [row.rows, row.rows.reversed()] {
            let ranked = Eviction.rank(sessions.map { $0.session(at: now) }, for: row.need, at: now)
            #expect(ranked.filter(\.isEligible).map { $0.life.session.text } == row.order)
            let positions = ranked.compactMap { if case .eligible(let position) = $0.verdict { position } else { nil } }
            #expect(positions == Array(1..<(row.order.count + 1)))
        }
    }

    @Test func everyLiveSessionIsInTheListWithAReason() {
        let rows = cases.flatMap(\.rows).map { $0.session(at: now) }
        let ranked = Eviction.rank(rows, for: .place, at: now)
        #expect(ranked.count == rows.count { $0.life != nil })
    }

    @Test func explainShowsTheVictimThatIsThenTaken() {
        var harness = PoolHarness { $0.maxSessions = 2 }
        harness.startIdle("a")
        harness.startIdle("b")
        let expected = harness.pool.explain(at: harness.now).forPlace.first?.life
        #expect(harness.request("c").actions.logged(.victimChosen).first?.session == expected?.session)
    }
}
