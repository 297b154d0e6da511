/// Turns that do not end: cancelled first, and ended with their life if that has no effect.
extension SessionPool {
    /// How long a turn may take after its cancellation was requested, until its life is ended.
    package static let cancelGrace = Duration.seconds(10)

    /// Cancels the turn that is open for too long, and ends the life where that was of no use.
    ///
    /// An agent may hold other conversations, which are not hung: what can be resumed comes back. See
    /// docs/decisions/0011.
    ///
    /// - Returns: whether the life is being ended.
    mutating func limitTurn(_ index: Int, at now: Instant, _ actions: inout [Action]) -> Bool {
        let session = sessions[index]
        guard let life = session.life, let due = session.turnDeadline, now >= due else { return false }
        if let cancelled = life.cancelledTurn {
            stop(
                index, because: cancelled.cause, suspends: session.token != nil && session.policy.resume != .never,
                from: .closeInput, at: now, &actions)
            return true
        }
        guard let (turn, cause) = session.overdueTurn(at: now) else { return false }
        sessions[index].life?.cancelledTurn = CancelledTurn(
            number: turn.number, cause: cause, until: now + Self.cancelGrace)
        let id = LifeID(session: session.id, number: life.number)
        actions.append(.cancelTurn(id, turn: turn.number, cause))
        actions.append(.log(LoggedEvent(.turnCancelled, id, LoggedEvent.details(of: cause))))
        return false
    }
}

/// Since when a turn is in its present state.
package struct TurnClock: Hashable, Sendable {
    /// Nil if the launcher does not number its turns.
    package let number: UInt64?
    package let isWaiting: Bool
    package let since: Instant

    /// The clocks that can matter: the oldest of each state. However many are reported, no more are kept.
    static func clocks(of report: TurnReport, at now: Instant) -> [TurnClock] {
        guard let turns = report.turns else {
            guard report.state != .none else { return [] }
            return [TurnClock(number: nil, isWaiting: report.state == .waiting, since: now)]
        }
        return [false, true].compactMap { isWaiting in
            let oldest = turns.filter { $0.isWaiting == isWaiting }.max { $0.milliseconds < $1.milliseconds }
            return oldest.map { turn in
                let age = Duration.milliseconds(Int64(clamping: turn.milliseconds)).wholeNanoseconds
                let since = now.nanoseconds - min(age, now.nanoseconds)
                return TurnClock(number: turn.number, isWaiting: isWaiting, since: Instant(nanoseconds: since))
            }
        }
    }

    /// Whether it is the same turn in the same state, whenever that began.
    func isSame(as other: TurnClock) -> Bool { number == other.number && isWaiting == other.isWaiting }
}

/// A turn whose cancellation was requested and that is not over.
package struct CancelledTurn: Hashable, Sendable {
    package let number: UInt64?
    package let cause: Cause
    /// Its life is ended then.
    package let until: Instant

    /// Whether the report says that it is over. A turn that was cancelled must end, whatever it passes through on the
    /// way: a human's late answer is no new turn.
    func isOver(by report: TurnReport) -> Bool {
        guard let number, let turns = report.turns else { return report.state == .none }
        return !turns.contains { $0.number == number }
    }
}

extension Session {
    /// When something is done about a turn that is open; nil where none is, or where none has a limit.
    var turnDeadline: Instant? {
        guard let life else { return nil }
        if let cancelled = life.cancelledTurn { return cancelled.until }
        return life.turnClocks.compactMap(deadline).min()
    }

    private func deadline(of turn: TurnClock) -> Instant? {
        (turn.isWaiting ? policy.permissionTimeout : policy.turnTimeout).map { turn.since + $0 }
    }

    /// The turn that is past its limit for longest, and why it is cancelled.
    fileprivate func overdueTurn(at now: Instant) -> (TurnClock, Cause)? {
        let overdue = (life?.turnClocks ?? []).compactMap { turn in deadline(of: turn).map { (turn, $0) } }
        guard let (turn, due) = overdue.min(by: { $0.1 < $1.1 }), due <= now else { return nil }
        let cause =
            turn.isWaiting
            ? policy.permissionTimeout.map { Cause.permissionTimeout(limit: $0) }
            : policy.turnTimeout.map { Cause.turnTimeout(limit: $0) }
        return cause.map { (turn, $0) }
    }
}
