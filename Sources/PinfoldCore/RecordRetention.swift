/// Which sessions that have ended are remembered.
extension SessionPool {
    /// Ended sessions that are still remembered, so that their users can be told why.
    static let recordedEnds = 128
    /// Ended sessions that could go on where they stopped, and are remembered for it.
    static let recordedTokens = 1_024

    /// Forgets the longest ended of the ended, those that could go on much later than those that could not; of whoever
    /// has most of them, so that nobody can make another user's be forgotten. A suspended session is never forgotten:
    /// somebody may come back to it.
    mutating func removeOldestRecords(_ actions: inout [Action]) {
        removeOldestRecords(beyond: Self.recordedEnds, withToken: false, &actions)
        removeOldestRecords(beyond: Self.recordedTokens, withToken: true, &actions)
    }

    private mutating func removeOldestRecords(beyond most: Int, withToken: Bool, _ actions: inout [Action]) {
        let ended = sessions.indices.filter { index in
            sessions.all[index].life == nil && !sessions.all[index].isSuspended
                && (sessions.all[index].token != nil) == withToken
        }
        guard ended.count > most else { return }
        let beginning = Instant(nanoseconds: 0)
        func end(of index: Int) -> (Instant, SessionID) {
            (sessions.all[index].endedAt ?? beginning, sessions.all[index].id)
        }
        guard let oldest = mostRecorded(ended).min(by: { end(of: $0) < end(of: $1) }) else { return }
        let id = sessions[oldest].id
        sessions.remove(id)
        actions.append(.forget(id))
    }

    /// Whose oldest ended session is forgotten first: of whoever has most of them.
    func mostRecorded(_ ended: [Int]) -> [Int] {
        var counts: [UserID: Int] = [:]
        for index in ended { counts[sessions.all[index].owner, default: 0] += 1 }
        let most = counts.values.max() ?? 0
        return ended.filter { counts[sessions.all[$0].owner] == most }
    }
}
