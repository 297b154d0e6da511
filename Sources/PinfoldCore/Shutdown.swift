/// The controller's end.
extension SessionPool {
    mutating func shutDown(endingSessions: Bool, at now: Instant, _ actions: inout [Action]) {
        shutdown = endingSessions ? .ending : .leaving
        // Whoever is queued asks the next controller: refused now, a restart would be a failure.
        guard endingSessions else { return }
        for entry in queue { refuse(entry.request, .shuttingDown, &actions) }
        queue = []
        for index in sessions.residents {
            stop(
                index, because: .controllerEnded, suspends: sessions[index].policy.resume != .never, from: .closeInput,
                at: now, &actions)
        }
    }

    mutating func completeShutdown(_ actions: inout [Action]) {
        switch shutdown {
        case .no, .left, .ended: return
        case .ending where residentCount > 0: return
        case .ending: shutdown = .ended
        case .leaving: shutdown = .left
        }
        actions.append(.shutdownComplete)
    }
}
