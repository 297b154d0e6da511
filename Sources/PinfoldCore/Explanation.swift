/// Which session would be evicted next, and why the others would not: what `pinfold explain` shows.
package struct Explanation: Sendable {
    /// Bytes still free before the nearest wall, with what dying sessions give back; nil where it cannot be measured.
    package let headroom: UInt64?
    package let budget: PoolBudget
    package let residents: Int
    /// In the order in which they will be served.
    package let waiting: [SessionPool.Waiting]
    /// The order in which sessions would give up their place under the cap.
    package let forPlace: [Candidate]
    /// The order in which they would give up their memory.
    package let forMemory: [Candidate]

    /// What one user may see of it: their own rows, at the places they have among all.
    package func seen(by isVisible: (SessionID) -> Bool) -> Explanation {
        Explanation(
            headroom: headroom, budget: budget, residents: residents,
            waiting: waiting.filter { isVisible($0.request.session) },
            forPlace: forPlace.filter { isVisible($0.life.session) },
            forMemory: forMemory.filter { isVisible($0.life.session) })
    }
}

extension SessionPool {
    /// Runs the rules that decide on the pool as it is, without deciding anything.
    package func explain(at now: Instant) -> Explanation {
        let headroom = headroomWithCredit(at: now)
        let shortfall = headroom.map { budget.reserve > $0 ? budget.reserve - $0 : 0 } ?? 0
        return Explanation(
            headroom: headroom, budget: budget, residents: residentCount, waiting: waiting(at: now),
            forPlace: Eviction.rank(sessions.all, for: .place, at: now),
            forMemory: Eviction.rank(sessions.all, for: .memory(shortfall: shortfall), at: now))
    }
}

extension Candidate.Exemption: CustomStringConvertible {
    package var description: String {
        switch self {
        case .starting: "starting"
        case .stopping: "stopping already"
        case .busy: "busy"
        case .waitingForHuman: "waiting for a human's answer"
        case .pinned: "pinned"
        case .neverEvicted: "Evict=never"
        case .notResumable: "Evict=resumable, and there is nothing to resume it with"
        case .tooSmall(let bytes, let least):
            "too small to help: \(Wording.bytes(bytes)), at least \(Wording.bytes(least)) would"
        }
    }
}
