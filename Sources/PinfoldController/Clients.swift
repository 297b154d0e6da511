import PinfoldCore
import PinfoldJSON
import PinfoldLinux
import PinfoldProtocol

/// Clients that are connected: their calls in, the replies out.
extension Controller {
    func serve(_ id: ClientID, _ ready: Poller.Interest) {
        guard let connection = connections[id] else { return }
        do throws(Errno) {
            if ready.contains(.writable) {
                guard try connection.flush() else { return drop(id) }
                account(connection)
            }
            let isEnding = !ready.isDisjoint(with: [.hangUp, .error])
            if connection.isCut {
                if isEnding { drop(id) }
            } else if connection.isRead {
                guard isEnding || !ready.isDisjoint(with: [.readable, .peerClosed]) else { return update(connection) }
                guard receive(connection) != .closed else { return drop(id) }
            } else if connection.mayCall {
                // Its calls wait for their turn. It may be gone since, but its calls count.
            } else if isEnding || (ready.contains(.peerClosed) && !connection.wantsToSend) {
                return drop(id)
            }
            update(connection)
        } catch {
            drop(id)
        }
    }

    private func receive(_ connection: ClientConnection) -> ClientConnection.SendPermission {
        guard let intake = try? connection.receive(into: &buffer) else { return .closed }
        if intake == .unwelcome {
            cutOff(connection, "a descriptor came that no call of its wants")
        }
        account(connection)
        return intake
    }

    /// What follows from what was received, answered or sent.
    private func update(_ connection: ClientConnection) {
        guard connections[connection.id] != nil else { return }
        if connection.mayCall, connection.hasCall { calls.append(connection.id, of: connection.peer.user) }
        time(connection)
        updateInterest(connection)
    }

    /// Deals with calls that are there: a few of each user's, so that no user waits for a thousand calls of another.
    func answerCalls() {
        for user in calls.users {
            var work = ClientLimits.workPerTurn
            while work > 0, let id = calls.next(of: user) {
                guard let connection = connections[id] else { continue }
                work -= answerCall(connection)
            }
        }
    }

    /// - Returns: what it has cost, in simple reports.
    @discardableResult
    private func answerCall(_ connection: ClientConnection) -> Int {
        var work = 1
        do {
            if connection.mayCall, let frame = try connection.nextFrame() {
                // To read it costs as well.
                work += frame.count / 4_096
                work += respond(to: try Call(frame: frame), connection)
            }
        } catch {
            cutOff(connection, "\(error)")
        }
        account(connection)
        update(connection)
        return work
    }

    /// Reads reports of launchers that may still take an ending back, as of the moment before a deadline: what one of
    /// them sent in time counts, though others are ready first, and though it is not its first call.
    func readLastReports() {
        // A call may remove sessions, and then others have their indices.
        let leases = pool.sessions.residents.compactMap { index in
            let life = pool.sessions.all[index].life
            return life?.state.isRefusable == true ? life?.lease : nil
        }
        for id in leases {
            guard let connection = connections[id] else { continue }
            // A report stands behind one long call at the most, and a few others.
            var bytes = Frame.longestCall
            var work = 8 * ClientLimits.workPerTurn
            while connections[id] != nil, connection.mayCall, work > 0 {
                if connection.hasCall {
                    work -= min(answerCall(connection), ClientLimits.workPerTurn)
                } else {
                    bytes -= buffer.count
                    guard bytes + buffer.count > 0, receive(connection) == .some else { break }
                }
            }
            update(connection)
        }
    }

    func drop(_ id: ClientID) {
        guard let connection = connections[id] else { return }
        use.change(connection.peer.user, from: connection.accounted, to: ClientUse.Amount())
        connections[id] = nil
        try? poller.remove(connection.number)
        dispatch(.disconnected(id))
    }

    func send(_ reply: Reply, to connection: ClientConnection, descriptor: Int32? = nil) {
        send(reply.frame, to: connection, descriptor: descriptor)
    }

    func send(_ frame: [UInt8], to connection: ClientConnection, descriptor: Int32? = nil) {
        guard connections[connection.id] != nil, !connection.isCut else { return }
        // Not dropped now: the caller may be performing actions.
        if !connection.send(frame, descriptor: descriptor) { connection.cut() }
        account(connection)
        updateInterest(connection)
    }

    func updateInterest(_ connection: ClientConnection) {
        var interest: Poller.Interest = connection.wantsToSend ? .writable : .peerClosed
        if connection.isRead { interest.formUnion([.readable, .peerClosed]) }
        if connection.isCut { interest = [] }
        guard connection.interest != interest, connections[connection.id] != nil else { return }
        connection.interest = interest
        try? poller.change(connection.number, token: connection.id.number, for: interest)
    }

    // MARK: Leases

    func notify(_ client: ClientID, _ event: LeaseEvent, descriptor: Int32? = nil) {
        guard let connection = connections[client] else { return }
        send(event.reply, to: connection, descriptor: descriptor)
    }

    /// Tells the launcher of a life, where it has one.
    func notify(_ life: LifeID, _ event: LeaseEvent) {
        guard let current = pool.sessions[life.session]?.life, current.number == life.number else { return }
        if let client = current.lease { notify(client, event) }
    }

    /// - Parameter isNew: false where a launcher takes a lease again.
    func grant(_ life: LifeID, to client: ClientID, isNew: Bool = true) {
        guard let connection = connections[client], let session = pool.sessions[life.session] else { return }
        connection.lease = life
        connection.awaitsAttach = session.life?.processID == nil
        let grant = LeaseEvent.Grant(
            session: life.session.text, life: life.number, cgroup: world.sessionsPath + "/" + life.directoryName,
            policy: session.policyName, enforcement: session.life?.enforcement ?? .none, socket: configuration.socket,
            graceMilliseconds: UInt64((session.policy.stdinClose + session.policy.term).wholeMilliseconds),
            resume: isNew && session.policy.resume != .never ? session.token : nil,
            followsEnd: isNew && session.life?.followsEnd == true,
            unenforced: isNew ? session.unenforcedSettings : [])
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
        update(connection)
    }

    /// Answers a call with an error and lets the client go on.
    func close(_ client: ClientID, _ error: InterfaceError) {
        guard let connection = connections[client] else { return }
        connection.open = nil
        connection.lease = nil
        send(error.reply, to: connection)
        update(connection)
    }

    func answer(_ client: ClientID, _ outcome: OrderOutcome) {
        guard let connection = connections[client] else { return }
        let open = connection.isOpenOneway ? nil : connection.open
        connection.open = nil
        // Not answered here and now: one event at a time.
        defer { update(connection) }
        switch (outcome, open) {
        case (.unknownSession, .order(let id)?), (.unknownSession, .settings(let id)?),
            (.unknownSession, .token(let id)?):
            send(InterfaceError.noSuchSession(id.text).reply, to: connection)
        case (.refused(let reason), .some):
            send(InterfaceError.refused(reason).reply, to: connection)
        case (_, .order(let id)?):
            send(Reply(["session": describe(id)?.json ?? .null]), to: connection)
        case (_, .settings(let id)?):
            let unenforced = pool.sessions[id]?.life?.unenforced ?? []
            send(
                Reply(["session": describe(id)?.json ?? .null, "unenforced": .array(unenforced.map(\.json))]),
                to: connection)
        case (_, .token?): send(Reply(), to: connection)
        case (_, _): break
        }
    }

    func describe(_ id: SessionID) -> SessionDescription? {
        describe(id, among: pool.waiting(at: clock()))
    }

    /// A living session as it is, any other as the request that waits for it, where there is one.
    func describe(_ id: SessionID, among waiting: [SessionPool.Waiting]) -> SessionDescription? {
        let known = pool.sessions[id]
        if known?.life == nil, let request = waiting.first(where: { $0.request.session == id }) {
            return SessionDescription(request, known: known)
        }
        return known.map {
            SessionDescription($0, budget: pool.budget, sessionsPath: world.sessionsPath, at: clock())
        }
    }
}
