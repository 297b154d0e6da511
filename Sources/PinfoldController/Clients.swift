import PinfoldCore
import PinfoldJSON
import PinfoldLinux
import PinfoldProtocol

/// Clients that come, speak and go.
extension Controller {
    func acceptClients() {
        while true {
            do throws(Errno) {
                guard let stream = try listener.accept() else { return }
                guard connections.count < Self.mostConnections else { continue }
                let id = nextClient()
                let connection = try ClientConnection(id: id, stream: stream)
                try poller.add(
                    connection.stream.descriptor.number, token: id.number,
                    for: [.readable, .peerClosed])
                connections[id] = connection
            } catch {
                // Out of descriptors, or the client is gone already: the others go on.
                configuration.sayings("cannot take a client: \(error)")
                return
            }
        }
    }

    func serve(_ id: ClientID, _ ready: Poller.Interest) {
        guard let connection = connections[id] else { return }
        do throws(Errno) {
            if ready.contains(.writable) {
                guard try connection.flush() else { return drop(id) }
                updateInterest(connection)
            }
            guard !ready.isDisjoint(with: [.readable, .peerClosed, .hangUp, .error]) else { return }
            let intake = try connection.receive(into: &buffer)
            hear(connection)
            if case .closed = intake { drop(id) }
        } catch {
            drop(id)
        }
    }

    /// Deals with every whole call that is there, one after the other: the next one waits until the last is answered.
    func hear(_ connection: ClientConnection) {
        do {
            while connections[connection.id] != nil, connection.mayCall, let frame = try connection.nextFrame() {
                respond(to: try Call(frame: frame), connection)
            }
        } catch {
            configuration.sayings("a client of \(connection.user) is cut off: \(error)")
            drop(connection.id)
        }
    }

    /// Hears the launchers that may still take an ending back, as of the moment before a deadline: what one of them said
    /// in time counts, though others are ready first, and though it is not the first thing it said.
    func hearLastWords() {
        for index in pool.sessions.residents where pool.sessions[index].life?.stopping?.isRefusable == true {
            guard let id = pool.sessions[index].life?.lease, let connection = connections[id] else { continue }
            var intake = ClientConnection.Intake.some
            // A report stands behind one long call at the most, and the socket holds no more than that.
            for _ in 0...Frame.longestCall / buffer.count where intake == .some {
                intake = (try? connection.receive(into: &buffer)) ?? .nothing
            }
            hear(connection)
        }
    }

    /// Turns to the calls that had to wait for an answer. Not while actions are performed: one event at a time.
    func hearUnheard() {
        while let id = unheard.popLast() {
            if let connection = connections[id] { hear(connection) }
        }
    }

    func drop(_ id: ClientID) {
        guard let connection = connections.removeValue(forKey: id) else { return }
        try? poller.remove(connection.stream.descriptor.number)
        dispatch(.disconnected(id))
    }

    func send(_ reply: Reply, to connection: ClientConnection, descriptor: Int32? = nil) {
        guard connections[connection.id] != nil else { return }
        guard connection.send(reply, descriptor: descriptor) else {
            // Not now: whoever is sending may be in the middle of performing actions.
            connection.stream.hangUp()
            return
        }
        updateInterest(connection)
    }

    private func updateInterest(_ connection: ClientConnection) {
        guard connection.isWatchedForWriting != connection.wantsToSend else { return }
        connection.isWatchedForWriting = connection.wantsToSend
        try? poller.change(
            connection.stream.descriptor.number, token: connection.id.number,
            for: connection.wantsToSend ? [.readable, .peerClosed, .writable] : [.readable, .peerClosed])
    }

    // MARK: Leases

    func tell(_ client: ClientID, _ event: LeaseEvent, descriptor: Int32? = nil) {
        guard let connection = connections[client] else { return }
        send(event.reply, to: connection, descriptor: descriptor)
    }

    /// Tells the launcher of a life, where it has one.
    func tell(_ life: LifeID, _ event: LeaseEvent) {
        guard let current = pool.sessions[life.session]?.life, current.number == life.number else { return }
        if let client = current.lease { tell(client, event) }
    }

    /// - Parameter isNew: false where a launcher takes a lease again.
    func grant(_ life: LifeID, to client: ClientID, isNew: Bool = true) {
        guard let connection = connections[client], let session = pool.sessions[life.session] else { return }
        connection.lease = life
        let grant = LeaseEvent.Grant(
            session: life.session.text, life: life.number, cgroup: world.sessionsPath + "/" + life.directoryName,
            policy: session.policyName, enforcement: session.life?.enforcement ?? .none, socket: configuration.socket,
            graceMilliseconds: UInt64((session.policy.stdinClose + session.policy.term).wholeMilliseconds),
            resume: isNew && session.policy.resume != .never ? session.token : nil,
            unheld: isNew ? session.unheldSettings : [])
        send(LeaseEvent.granted(grant).reply, to: connection, descriptor: world.descriptor(of: life))
    }

    /// - Parameter problem: why the record is not on disk; nil where it is.
    func finish(_ client: ClientID, _ outcome: LifeOutcome, _ problem: String?) {
        finishLease(
            of: client,
            .ended(
                LeaseEvent.Ending(
                    cause: outcome.cause, isSuspended: outcome.isSuspended, exitCode: outcome.exitCode,
                    recordProblem: problem)))
    }

    func finishLease(of client: ClientID, _ event: LeaseEvent) {
        guard let connection = connections[client] else { return }
        connection.lease = nil
        connection.open = nil
        send(event.reply, to: connection)
    }

    /// Answers a call with an error and lets the client go on.
    func close(_ client: ClientID, _ error: InterfaceError) {
        guard let connection = connections[client] else { return }
        connection.open = nil
        connection.lease = nil
        send(error.reply, to: connection)
    }

    func answer(_ client: ClientID, _ outcome: OrderOutcome) {
        guard let connection = connections[client] else { return }
        let open = connection.open
        connection.open = nil
        switch (outcome, open) {
        case (.unknownSession, .order(let id)?), (.unknownSession, .settings(let id)?),
            (.unknownSession, .token(let id)?):
            send(InterfaceError.noSuchSession(id.text).reply, to: connection)
        case (.refused(let reason), _):
            send(InterfaceError.refused(reason).reply, to: connection)
        case (_, .order(let id)?):
            send(Reply(["session": describe(id)?.json ?? .null]), to: connection)
        case (_, .settings(let id)?):
            let unheld = pool.sessions[id]?.life?.unheld ?? []
            send(
                Reply(["session": describe(id)?.json ?? .null, "unheld": .array(unheld.map(\.json))]), to: connection)
        case (_, .token?): send(Reply(), to: connection)
        case (_, _): break
        }
        unheard.append(client)
    }

    func describe(_ id: SessionID) -> SessionDescription? {
        pool.sessions[id].map {
            SessionDescription($0, budget: pool.budget, sessionsPath: world.sessionsPath, at: clock())
        }
    }
}
