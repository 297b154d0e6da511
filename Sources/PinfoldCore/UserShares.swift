/// What one user may take of what all share: places, the queue, what is remembered. See docs/decisions/0018.
extension SessionPool {
    /// Suspended sessions of all users together. Each costs a record and about a kilobyte of memory.
    static let mostSuspended = 16_384

    /// Users of whom no further session may live, though there may be places.
    func usersAtTheirLimit() -> Set<UserID> {
        guard let limit = budget.policy.maxSessionsPerUser else { return [] }
        var counts: [UserID: Int] = [:]
        for index in sessions.residents { counts[sessions.all[index].owner, default: 0] += 1 }
        return Set(counts.filter { $0.value >= limit }.keys)
    }

    /// Why a user may not wait, or begin another session; nil where nothing speaks against it.
    func shareRefusal(of request: SessionRequest) -> Refusal? {
        let queued = queue.count { $0.request.owner == request.owner }
        if queued >= budget.policy.maxQueuedPerUser {
            return .userQueueFull(queued, limit: budget.policy.maxQueuedPerUser)
        }
        // Whatever lives may be suspended, and what is suspended is kept until its user ends it.
        guard sessions.index(of: request.session) == nil else { return nil }
        let mayReturn = sessions.all.count { $0.owner == request.owner && ($0.isSuspended || $0.life != nil) }
        if mayReturn >= budget.policy.maxSuspendedPerUser {
            return .tooManySuspended(mayReturn, limit: budget.policy.maxSuspendedPerUser, key: "MaxSuspendedPerUser=")
        }
        let all = sessions.all.count { $0.isSuspended || $0.life != nil }
        return all >= Self.mostSuspended ? .tooManySuspended(all, limit: Self.mostSuspended, key: nil) : nil
    }

    /// Who of those that wait is served next: the user who was served longest ago, and of a user's requests the first.
    ///
    /// - Parameter full: users who may not have another place.
    func nextQueued(besides full: Set<UserID>) -> Int? {
        var best: (index: Int, turn: UInt64)?
        for (index, entry) in queue.enumerated() {
            let owner = entry.request.owner
            let turn = turns[owner] ?? 0
            guard best.map({ turn < $0.turn }) ?? true, !full.contains(owner),
                sessions[entry.request.session]?.life == nil
            else { continue }
            best = (index, turn)
        }
        return best?.index
    }

    /// The order in which those that wait will be served, as far as it is known now: each user's first, then each one's
    /// second, and so on.
    func queueOrder() -> [Int] {
        var before: [UserID: Int] = [:]
        let keys = queue.map { entry -> (round: Int, turn: UInt64) in
            let owner = entry.request.owner
            defer { before[owner, default: 0] += 1 }
            return (before[owner] ?? 0, turns[owner] ?? 0)
        }
        return queue.indices.sorted { (keys[$0].round, keys[$0].turn, $0) < (keys[$1].round, keys[$1].turn, $1) }
    }

    /// A user had their turn.
    mutating func handleTurn(of user: UserID) {
        lastTurn += 1
        turns[user] = lastTurn
        // Whoever waits for nothing has no turn to lose; a returning user must only not come first every time.
        guard turns.count > Self.mostTurns else { return }
        let waiting = Set(queue.map(\.request.owner))
        turns = turns.filter { waiting.contains($0.key) || $0.key == user }
    }

    private static let mostTurns = 1_024

    /// Whose oldest ended session is forgotten first: of whoever has most of them.
    func mostRecorded(_ ended: [Int]) -> [Int] {
        var counts: [UserID: Int] = [:]
        for index in ended { counts[sessions.all[index].owner, default: 0] += 1 }
        let most = counts.values.max() ?? 0
        return ended.filter { counts[sessions.all[$0].owner] == most }
    }
}
