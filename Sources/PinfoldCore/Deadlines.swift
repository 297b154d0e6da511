/// What time alone does.
extension SessionPool {
    /// Ended sessions that are still remembered, so that their users can be told why.
    static let recordedEnds = 128
    /// Ended sessions that could go on where they stopped, and are remembered for it.
    static let recordedTokens = 1_024

    /// Looks at every session once and finds out anew when the next look is due.
    mutating func passTime(at now: Instant, _ actions: inout [Action]) {
        for index in sessions.residents {
            guard let due = sessions.all[index].nextDeadline(at: now), now >= due,
                let life = sessions.all[index].life
            else { continue }
            retryCall(index, at: now, &actions)
            if let deadline = life.state.deadline, now >= deadline {
                apply(.deadlinePassed, to: index, at: now, &actions)
            } else if life.state.isRunning {
                advanceRunning(index, at: now, &actions)
            }
        }
        nextDue = sessions.residents.reduce(nil) { Instant.earliest($0, sessions.all[$1].nextDeadline(at: now)) }
    }

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

    mutating func shutDown(endingSessions: Bool, at now: Instant, _ actions: inout [Action]) {
        shutdown = endingSessions ? .ending : .leaving
        for entry in queue { refuse(entry.request, .shuttingDown, &actions) }
        queue = []
        guard endingSessions else { return }
        for index in sessions.residents {
            stop(
                index, because: .controllerEnded, suspends: sessions[index].policy.resume != .never, from: .closeInput,
                at: now, &actions)
        }
    }

    mutating func completeShutdown(_ actions: inout [Action]) {
        switch shutdown {
        case .no, .complete: return
        case .ending where residentCount > 0: return
        case .ending, .leaving:
            shutdown = .complete
            actions.append(.shutdownComplete)
        }
    }
}
