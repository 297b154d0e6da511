import PinfoldCore
import PinfoldJSON
import PinfoldLinux
import PinfoldPolicy
import PinfoldProtocol

/// What clients ask, answered.
extension Controller {
    private static let longestReason = 1_024

    /// - Returns: what it costs, in simple reports.
    func respond(to call: Call, _ connection: ClientConnection) -> Int {
        do throws(InterfaceError) {
            let request = try Request(call)
            guard !call.isOneway || !request.isLook else { return 0 }
            connection.isOpenOneway = call.isOneway
            let reply = try answer(request, connection)
            if let reply, !call.isOneway { send(reply, to: connection) }
            return request.isReport ? 0 : request.isLook ? ClientLimits.workPerTurn : 3
        } catch {
            if !call.isOneway { send(error.reply, to: connection) }
            return 0
        }
    }

    /// Nil where the answer comes later, or over a lease.
    private func answer(_ request: Request, _ connection: ClientConnection) throws(InterfaceError) -> Reply? {
        switch request {
        case .open, .reopen, .started, .attach, .startFailed, .exited, .active, .turn, .remember, .leave:
            return try answerLauncher(request, connection)
        case .list, .listPage, .show, .explain, .events, .reload, .describe:
            return try report(request, connection)
        case .order(let verb, let name):
            let id = try visible(name, connection)
            connection.open = .order(id)
            connection.isTouching = verb == .touch
            dispatch(.ordered(Order(client: connection.id, session: id, verb: verb.verb, by: connection.user)))
            return nil
        case .set(let name, let settings):
            try set(settings, of: try visible(name, connection), connection)
            return nil
        case .setToken(let name, let life, let token):
            let id = try visible(name, connection)
            connection.open = .token(id)
            dispatch(
                .ordered(
                    Order(
                        client: connection.id, session: id, verb: .setToken(life: life, token: token),
                        by: connection.user)))
            return nil
        case .information:
            return Reply([
                "vendor": "Pinfold", "product": "pinfold", "version": .string(Version.text),
                "url": "", "interfaces": .array(Interface.names.map { .string($0) }),
            ])
        case .interfaceDescription(let name):
            guard let text = Interface.description(of: name) else { throw .interfaceNotFound(name) }
            return Reply(["description": .string(text)])
        }
    }

    /// Calls over a lease, or for one.
    private func answerLauncher(
        _ request: Request, _ connection: ClientConnection
    ) throws(InterfaceError) -> Reply? {
        switch request {
        case .open(let open):
            try requestSession(open, connection)
            return nil
        case .reopen(let session, let life):
            try reopen(try identifier(session), life, connection)
            return nil
        case .started(let processID, let placement):
            let life = try lease(of: connection)
            connection.awaitsAttach = false
            dispatch(.commandStarted(life, processID: processID, placement: placement))
            // It may be over already: a change of `populated` before `Started` is not reported again.
            if world.isEmpty(life) { dispatch(.emptied(life)) }
            return Reply()
        case .attach:
            attach(try lease(of: connection), connection)
            return nil
        case .startFailed(let reason, let exitCode):
            // Kept with the session, and in the event log.
            let reason = PrintableText(reason, most: Self.longestReason).description
            dispatch(.startFailed(try lease(of: connection), reason: reason, exit: exitCode))
            return Reply()
        case .exited(let status):
            let life = try lease(of: connection)
            // Empty first: then nothing was left behind, and nothing is to be ended.
            if world.isEmpty(life) { dispatch(.emptied(life)) }
            dispatch(.commandExited(life, status))
            return Reply()
        case .active(let source):
            dispatch(.activity(try lease(of: connection), source))
            return Reply()
        case .turn(let report):
            dispatch(.turn(try lease(of: connection), report))
            return Reply()
        case .leave:
            dispatch(.launcherTerminated(try lease(of: connection)))
            return Reply()
        case .remember(let token):
            dispatch(.token(try lease(of: connection), token))
            return Reply()
        default: return nil
        }
    }

    /// Calls that change nothing, or only the policies.
    private func report(_ request: Request, _ connection: ClientConnection) throws(InterfaceError) -> Reply? {
        switch request {
        case .list: list(after: nil, limit: nil, connection)
        case .listPage(let after, let limit): list(after: after, limit: limit, connection)
        case .show(let name): try show(try visible(name, connection))
        case .explain: Reply(explain(to: connection))
        case .events(let follow, let since): try events(follow: follow, since: since, connection)
        case .reload: try reload(connection)
        case .describe: Reply(description())
        default: nil
        }
    }

    // MARK: Who may

    private func lease(of connection: ClientConnection) throws(InterfaceError) -> LifeID {
        guard let life = connection.lease else { throw .noLease }
        return life
    }

    private func identifier(_ name: String) throws(InterfaceError) -> SessionID {
        do throws(SessionIDError) {
            return try SessionID(name)
        } catch {
            throw .rejected(error.description)
        }
    }

    private func maySee(_ session: Session, _ connection: ClientConnection) -> Bool {
        isPrivileged(connection) || session.owner == connection.user
    }

    private func maySee(_ id: SessionID, _ connection: ClientConnection) -> Bool {
        isPrivileged(connection) || pool.owner(of: id) == connection.user
    }

    /// A session of another user does not exist for the caller.
    private func visible(_ name: String, _ connection: ClientConnection) throws(InterfaceError) -> SessionID {
        let id = try identifier(name)
        guard pool.owner(of: id) != nil, maySee(id, connection) else { throw .noSuchSession(name) }
        return id
    }

    // MARK: Answers

    /// Sessions in one reply: a few hundred kilobytes of JSON. All that may be remembered would be more than a client
    /// may leave unread.
    private static let pageSize = 1_000

    private func list(after: String?, limit: UInt64?, _ connection: ClientConnection) -> Reply {
        let size = Int(min(max(limit ?? UInt64(Self.pageSize), 1), UInt64(Self.pageSize)))
        let waiting = pool.waiting(at: clock()).filter { maySee($0.request.session, connection) }
        var seen: [SessionID] = []
        for session in pool.sessions.all where maySee(session, connection) {
            if after.map({ session.id.text > $0 }) ?? true { seen.append(session.id) }
        }
        for request in waiting.map(\.request) where pool.sessions[request.session] == nil {
            if after.map({ request.session.text > $0 }) ?? true { seen.append(request.session) }
        }
        var next: String?
        if after != nil || seen.count > size {
            seen.sort { $0.text < $1.text }
            if seen.count > size { next = seen[size - 1].text }
        }
        var reply: JSONObject = [
            "sessions": .array(seen.prefix(size).compactMap { describe($0, among: waiting)?.json })
        ]
        if let next { reply["next"] = .string(next) }
        return Reply(reply)
    }

    private func show(_ id: SessionID) throws(InterfaceError) -> Reply {
        let waiting = pool.waiting(at: clock())
        guard let description = describe(id, among: waiting) else { throw .noSuchSession(id.text) }
        let session = pool.sessions[id]
        let request = description.state == .queued ? waiting.first { $0.request.session == id }?.request : nil
        guard let inForce = request?.policy ?? session?.policy else { throw .noSuchSession(id.text) }
        var policy: JSONObject = [:]
        for key in SessionKeys.all { policy[key.name] = .string(key.write(inForce)) }
        let settings = request?.settings ?? session?.settings ?? []
        return Reply([
            "session": description.json, "settings": .array(settings.map { .string($0) }),
            "policy": .object(policy), "unenforced": .array((session?.life?.unenforced ?? []).map(\.json)),
        ])
    }

    private func explain(to connection: ClientConnection) -> JSONObject {
        let explanation = pool.explain(at: clock())
        guard !isPrivileged(connection) else { return explanation.json }
        return explanation.seen { pool.owner(of: $0) == connection.user }.json
    }

    private func events(
        follow: Bool, since: String?, _ connection: ClientConnection
    ) throws(InterfaceError) -> Reply {
        var from: WallTime?
        if let since {
            guard let time = WallTime(rfc3339: since) else { throw .invalidParameter("since") }
            from = time
        }
        if follow { connection.open = .events }
        let seen = log.all(since: from).filter { maySee($0, connection) }
        return Reply(["events": .array(seen.map(\.json))], continues: follow)
    }

    private func reload(_ connection: ClientConnection) throws(InterfaceError) -> Reply {
        guard isPrivileged(connection) else { throw .permissionDenied }
        do throws(PolicySet.Rejection) {
            try reloadPolicies()
        } catch {
            throw .policiesRejected(error.diagnostics.map(\.description))
        }
        return Reply(["policies": .array(policies.book.entries.map { .string($0.name) })])
    }

    private func description() -> JSONObject {
        [
            "version": .string(Version.text), "slice": .string(configuration.slice),
            "socket": .string(configuration.socket), "enforcement": .string(configuration.enforcement.rawValue),
            "effectiveLimitBytes": JSON(pool.budget.effectiveLimit), "memoryMaxBytes": JSON(pool.budget.memoryMax),
            "features": .array(configuration.features.map(\.json)),
        ]
    }
}

extension Request.OrderVerb {
    fileprivate var verb: Order.Verb {
        switch self {
        case .touch: .touch
        case .pin: .pin
        case .unpin: .unpin
        case .suspend: .suspend
        case .end: .end
        case .kill: .kill
        }
    }
}
