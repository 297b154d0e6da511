/// Turns that do not end: told to be cancelled, and where that is of no use, ended with their session.
extension SessionPool {
    /// How long a turn may still take after it was told to be cancelled, until its session is ended.
    package static let cancelGrace = Duration.seconds(10)

    /// Cancels the turn that is open for too long, and ends the life where that was of no use.
    ///
    /// - Returns: whether the life is being ended.
    mutating func limitTurn(_ index: Int, at now: Instant, _ actions: inout [Action]) -> Bool {
        guard let life = sessions[index].life, let due = sessions[index].turnDeadline, now >= due else { return false }
        if let cancelled = life.cancelledTurn {
            stop(index, because: cancelled.cause, suspends: false, from: .closeInput, at: now, &actions)
            return true
        }
        guard let cause = sessions[index].turnCause else { return false }
        sessions[index].life?.cancelledTurn = CancelledTurn(cause: cause, until: now + Self.cancelGrace)
        let id = LifeID(session: sessions[index].id, number: life.number)
        actions.append(.cancelTurn(id, cause))
        actions.append(.announce(Announcement(.turnCancelled, id, Announcement.details(of: cause))))
        return false
    }
}

/// A turn that was told to be cancelled, and is not over yet.
package struct CancelledTurn: Hashable, Sendable {
    package let cause: Cause
    /// Its session is ended then.
    package let until: Instant
}

extension Session {
    /// When something is done about the turn that is open; nil where none is, or where it has no limit.
    ///
    /// A turn that was cancelled must end, whatever it passes through on the way: a human's late answer is no new turn.
    var turnDeadline: Instant? {
        guard let life else { return nil }
        if let cancelled = life.cancelledTurn { return cancelled.until }
        switch life.turn {
        case .none: return nil
        case .open(let since): return policy.turnTimeout.map { since + $0 }
        case .waiting(let since): return policy.permissionTimeout.map { since + $0 }
        }
    }

    /// Why the turn that is open is cancelled.
    fileprivate var turnCause: Cause? {
        switch life?.turn {
        case .open?: policy.turnTimeout.map { .turnTimeout(limit: $0) }
        case .waiting?: policy.permissionTimeout.map { .permissionTimeout(limit: $0) }
        case Turn.none?, nil: nil
        }
    }
}
