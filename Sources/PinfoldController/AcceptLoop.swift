import PinfoldCore
import PinfoldLinux
import PinfoldProtocol

/// Clients that connect.
extension Controller {
    /// So that a thousand that connect at once do not keep those waiting that are there already.
    private static let acceptedAtOnce = 64
    /// How long they are left waiting where there is no descriptor for them.
    private static let pause = Duration.milliseconds(100)

    func acceptClients() {
        for _ in 0..<Self.acceptedAtOnce {
            do throws(Errno) {
                guard let stream = try listener.accept() else { return }
                let id = nextClient()
                let connection = try ClientConnection(id: id, stream: stream, closingThread: closingThread)
                if let refusal = refusal(of: connection) {
                    _ = connection.send(InterfaceError.notAdmitted(refusal).reply.frame)
                    continue
                }
                try poller.add(connection.number, token: id.number, for: connection.interest)
                connections[id] = connection
                account(connection)
            } catch {
                pauseAccepting(error)
                return
            }
        }
    }

    private func refusal(of connection: ClientConnection) -> String? {
        // What is still being closed has a descriptor too, and counts where it came from: however much of it one user
        // has, others are not refused for it.
        let count = connections.count + closingThread.total
        guard count < limits.connections else { return "all \(limits.connections) connections are taken" }
        guard !isPrivileged(connection) else { return nil }
        guard count < limits.connections - limits.keptConnections else { return "all connections are taken" }
        let closing = closingThread.pending(of: connection.peer.user)
        let own = use.of(connection.peer.user).connections
        guard own + closing < limits.connectionsPerUser else {
            return "\(connection.user) has \(own) connections already, as many as one user may have"
        }
        guard closing < limits.closingPerUser else {
            return "descriptors that \(connection.user) has passed are still being closed"
        }
        return nil
    }

    /// Out of descriptors: waiting clients are accepted when there are some again. The listener stays readable
    /// meanwhile, and to be woken by it again and again would take a whole CPU.
    private func pauseAccepting(_ error: Errno) {
        let now = clock()
        if let line = acceptFailures.next("cannot take a client: \(error); clients wait until it can", at: now) {
            configuration.sayings(line)
        }
        acceptsAgainAt = now + Self.pause
        try? poller.change(listener.descriptor.number, token: Token.listener, for: [])
    }

    func resumeAccepting(at now: Instant) {
        guard let due = acceptsAgainAt, now >= due else { return }
        acceptsAgainAt = nil
        try? poller.change(listener.descriptor.number, token: Token.listener, for: .readable)
    }
}
