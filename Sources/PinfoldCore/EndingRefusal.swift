/// Endings that a turn takes back: a prompt that was on its way when its session was chosen to give way wins.
///
/// The controller sends the launcher the number of reports that the decision is based on, and the launcher closes the
/// input only where it has made no more. So whatever crosses on the way, both come to the same result. See
/// docs/decisions/0007.
extension SessionPool {
    /// The life goes on as before, and another session makes room for the waiting request.
    mutating func reinstate(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        guard let life = sessions[index].life, let cause = life.ending?.cause else { return }
        let id = LifeID(session: sessions[index].id, number: life.number)
        sessions[index].life?.state = .running
        sessions[index].life?.ending = nil
        actions.append(.log(LoggedEvent(.reinstated, id, LoggedEvent.details(of: cause))))
        // Whatever the policy counts as activity: it would be chosen again at once.
        refresh(index, at: now, &actions)
        // Nothing was evicted, so nothing is to be waited for before another one is.
        memory.quietUntil = nil
        memory.nextSnapshot = now
        for entry in queue where entry.request.session == id.session {
            refuse(entry.request, .alreadyRunning(id), &actions)
        }
        queue.removeAll { $0.request.session == id.session }
    }

    /// Somebody asked for the end that has begun for another reason: no turn takes it back any more. Its launcher may
    /// count on one that is on its way, so the request is sent again.
    mutating func confirmEnding(
        _ index: Int, _ reason: EndingReason, at now: Instant, _ actions: inout [Action]
    ) {
        guard let cause = reason.cause else { return }
        let policy = sessions[index].policy
        sessions[index].life?.ending?.cause = cause
        sessions[index].life?.ending?.suspends = reason.suspends
        sessions[index].life?.ending?.creditEnds = now + policy.stdinClose + policy.term + Self.creditAfterKill
        let id = LifeID(session: sessions[index].id, number: sessions[index].lives)
        actions.append(.log(LoggedEvent(.stopping, id, LoggedEvent.details(of: cause))))
        closeInput(index, isRefusable: false, at: now, &actions)
    }
}

extension Cause {
    /// Whether a session that ends for this reason ends because it was idle.
    var yieldsToTurns: Bool {
        switch kind {
        case .poolFull, .reserve, .pressure, .idleTimeout: true
        case .exited, .signaled, .killed, .ended, .leaseLost, .terminated, .memoryLimit, .poolLimit,
            .hostMemory, .lifetime,
            .turnTimeout, .startFailed, .reboot:
            false
        }
    }
}
