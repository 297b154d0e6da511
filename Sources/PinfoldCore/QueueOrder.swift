/// Whose turn it is among those that wait. See docs/decisions/0018.
extension SessionPool {
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
}
