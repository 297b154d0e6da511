/// The controller's end.
extension SessionPool {
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
