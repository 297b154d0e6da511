import PinfoldCore
import PinfoldLinux
import PinfoldProtocol

/// What is kept for clients, and the end of those for whom too much would be.
extension Controller {
    /// Brings the account of a connection up to date, and disconnects clients beyond a limit.
    func account(_ connection: ClientConnection) {
        guard connections[connection.id] != nil else { return }
        let amount = connection.amount
        use.change(connection.peer.user, from: connection.accounted, to: amount)
        connection.accounted = amount
        guard !connection.isCut else { return }
        let own = use.of(connection.peer.user)
        if amount.unsent > limits.unsentPerConnection || own.unsent > limits.unsentPerUser {
            cutOff(connection, "it does not read its replies")
        } else if own.input > limits.inputPerUser {
            cutOff(connection, "its user has sent \(limits.inputPerUser) bytes of calls that are not whole")
        }
        if use.total.unsent > limits.unsent {
            cutOffGreatest(\.unsent, "replies that nobody reads take too much memory")
        }
        if use.total.input > limits.input { cutOffGreatest(\.input, "calls that are not whole take too much memory") }
    }

    /// The user with most is disconnected, not the one who comes last.
    private func cutOffGreatest(_ part: KeyPath<ClientUse.Amount, Int>, _ reason: String) {
        guard let user = use.greatest(part) else { return }
        let own = connections.values.filter { $0.peer.user == user && !$0.isCut }
        let greatest = own.max { $0.accounted[keyPath: part] < $1.accounted[keyPath: part] }
        if let greatest { cutOff(greatest, reason) }
    }

    /// Not dropped at once: the caller may be performing actions.
    func cutOff(_ connection: ClientConnection, _ reason: String) {
        guard !connection.isCut else { return }
        let now = clock()
        if cuts.count > 1_000 { cuts = cuts.filter { !$0.value.isOver(at: now) } }
        let line = "a client of \(connection.user) is cut off: \(PrintableText(reason, most: 500))"
        if let line = cuts[connection.peer.user, default: Repetition()].next(line, at: now) {
            configuration.sayings(line)
        }
        connection.cut()
        account(connection)
        updateInterest(connection)
    }

    // MARK: Calls that take long to come

    /// Notes since when a call comes in pieces. Each connection is in the list once, so that it costs no more than
    /// they.
    func time(_ connection: ClientConnection) {
        guard connection.isInTheMiddle else { return connection.frameSince = nil }
        let since = connection.frameSince ?? clock()
        connection.frameSince = since
        guard !connection.isTimed else { return }
        connection.isTimed = true
        timed.append((connection.id, since))
    }

    var nextFrameDeadline: Instant? { timed.first.map { $0.since + limits.frameTime } }

    func cutOffSlowCalls(at now: Instant) {
        var due = 0
        while due < timed.count, now >= timed[due].since + limits.frameTime {
            let client = timed[due].client
            due += 1
            guard let connection = connections[client] else { continue }
            guard let since = connection.frameSince else {
                connection.isTimed = false
                continue
            }
            if now >= since + limits.frameTime {
                cutOff(connection, "a call was not whole in \(Wording.span(limits.frameTime))")
            } else {
                timed.append((client, since))
            }
        }
        timed.removeFirst(due)
    }
}
