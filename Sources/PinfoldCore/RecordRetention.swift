/// Which sessions that have ended are remembered.
extension SessionPool {
    /// How many ended sessions are kept, for `list` and `show`.
    static let recordedEnds = 128
    /// Ended sessions that could go on where they stopped, and are remembered for it.
    static let recordedTokens = 1_024

    /// Forgets the session that ended first, much later if it can be resumed; of the user who
    /// has most of them, so that no user displaces the sessions of another. A suspended session is never forgotten:
    /// its user may resume it.
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

    /// The ended sessions of the users who have most of them.
    func mostRecorded(_ ended: [Int]) -> [Int] {
        var counts: [UserID: Int] = [:]
        for index in ended { counts[sessions.all[index].owner, default: 0] += 1 }
        let most = counts.values.max() ?? 0
        return ended.filter { counts[sessions.all[$0].owner] == most }
    }
}
