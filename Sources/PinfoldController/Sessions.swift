import PinfoldCore
import PinfoldJSON
import PinfoldLinux
import PinfoldPolicy
import PinfoldProtocol

/// Sessions asked for, taken over again, and changed.
extension Controller {
    func requestSession(_ open: OpenRequest, _ connection: ClientConnection) throws(InterfaceError) {
        guard connection.lease == nil else {
            throw .rejected("this connection holds a lease already; open another one")
        }
        guard !open.command.isEmpty else { throw .rejected("there is no command to run") }
        let id = try identifier(open)
        let isPrivileged = isPrivileged(connection)
        let entry = try choosePolicy(open, connection)
        let parent = try parent(of: connection)
        var (policy, settings) = (entry.policy, open.settings)
        do throws(PolicyDiagnostic) {
            policy = try SettingsOverlay.apply(
                settings, to: policy, named: entry.name, mayLoosen: mayLoosen(connection, in: parent))
        } catch {
            throw .rejected(error.description)
        }
        if let parent { (policy, settings) = try confine(policy, settings, of: entry, in: parent) }
        connection.open = .lease
        dispatch(
            .requested(
                SessionRequest(
                    client: connection.id, session: id, owner: owner(of: id, connection), isPrivileged: isPrivileged,
                    policyName: entry.name, policy: policy, settings: settings,
                    patience: open.waitMilliseconds.map { .milliseconds(Int64(clamping: $0)) },
                    keepsTree: open.keepsTree, parent: parent)))
    }

    /// Whoever is allowed to take a session over does not thereby become its owner.
    private func owner(of id: SessionID, _ connection: ClientConnection) -> UserID {
        guard isPrivileged(connection), let known = pool.sessions[id] else { return connection.user }
        return known.owner
    }

    private func identifier(_ open: OpenRequest) throws(InterfaceError) -> SessionID {
        do throws(SessionIDError) {
            if let name = open.session { return try SessionID(name) }
            while true {
                let id = try SessionID(SessionName.made(for: open.command))
                if pool.sessions[id] == nil { return id }
            }
        } catch {
            throw .rejected(error.description)
        }
    }

    private func choosePolicy(
        _ open: OpenRequest, _ connection: ClientConnection
    ) throws(InterfaceError) -> PolicyBook.Entry {
        if let name = open.policy {
            guard let entry = policies.book.entry(named: name) else {
                let known = policies.book.names.joined(separator: ", ")
                throw .rejected("there is no policy '\(name)'; there are \(known)")
            }
            return entry
        }
        let number = connection.peer.user
        let subject = MatchSubject(
            command: open.command, session: open.session ?? "", user: users.name(of: number) ?? "\(number)",
            userNumber: number)
        do throws(PolicyTie) {
            return try policies.book.choose(for: subject)
        } catch {
            throw .rejected(error.description)
        }
    }

    /// A launcher reconnects after the controller was gone: it gets its lease back, or the end of its life.
    func reopen(_ id: SessionID, _ number: UInt64, _ connection: ClientConnection) throws(InterfaceError) {
        guard connection.lease == nil, let session = pool.sessions[id],
            isPrivileged(connection) || session.owner == connection.user, session.lives == number
        else { throw .noSuchSession(id.text) }
        guard let life = session.life else {
            let cause = session.cause ?? .unwatched
            send(
                LeaseEvent.ended(
                    LeaseEvent.Ending(
                        cause: cause, isSuspended: session.isSuspended,
                        exitCode: ExitCode.ofLauncher(cause: cause, isSuspended: session.isSuspended, status: nil))
                ).reply, to: connection)
            return
        }
        let parent = try parent(of: connection)
        guard parent == nil || parent == life.parent else {
            throw .refused("'\(id)' was not opened from within the session that the caller is in")
        }
        guard life.lease == nil else { throw .refused("another launcher holds the lease of '\(id)'") }
        connection.open = .lease
        let lifeID = LifeID(session: id, number: number)
        dispatch(.leaseTaken(lifeID, by: connection.id))
        grant(lifeID, to: connection.id, isNew: false)
        if let life = pool.sessions[id]?.life, let cause = life.ending?.cause,
            let inputClosing = life.inputClosing(at: clock())
        {
            notify(connection.id, .closeInput(cause, inputClosing))
        }
    }

    /// Moves a held child of the launcher into its session: for launchers that may not write the tree themselves.
    func attach(_ life: LifeID, _ connection: ClientConnection) {
        do throws(WorldError) {
            guard let descriptor = connection.takeDescriptor() else {
                throw WorldError("no pidfd came with the call")
            }
            let process = Pidfd(owning: descriptor)
            do throws(WorldError) {
                // One at a time: each that waits keeps a descriptor.
                if connection.isAttaching { throw WorldError("the last Attach is not yet answered") }
                try checkChild(process, of: connection.peer)
            } catch {
                // It may be anything.
                closingThread.close(process.takeDescriptor(), of: connection.peer.user)
                throw error
            }
            connection.isAttaching = true
            world.attach(process, to: life) { [unowned self] problem in
                connection.isAttaching = false
                guard connection.lease == life else { return }
                notify(connection.id, problem.map { .attachFailed(reason: $0.description) } ?? .attached)
            }
        } catch {
            notify(connection.id, .attachFailed(reason: error.description))
        }
    }

    /// A process that is moved must be the peer's own child and run as the same user: no user may have a foreign
    /// moved.
    private func checkChild(_ pidfd: borrowing Pidfd, of peer: PeerCredentials) throws(WorldError) {
        guard let process = (try? pidfd.processID()) ?? nil else { throw WorldError("the process has ended") }
        guard let status = ProcessStatus.of(process) else { throw WorldError("the process has ended") }
        guard status.user == peer.user, status.effectiveUser == peer.user else {
            throw WorldError("process \(process) belongs to another user")
        }
        guard status.parent == peer.process else {
            throw WorldError("process \(process) is not a child of the launcher")
        }
        // What was read is of this process only where it is not reaped by now.
        guard pidfd.exists() else { throw WorldError("the process has ended") }
    }

    func set(_ settings: [String], of id: SessionID, _ connection: ClientConnection) throws(InterfaceError) {
        guard let session = pool.sessions[id] else { throw .noSuchSession(id.text) }
        guard !settings.isEmpty else { throw .rejected("nothing to set; write Key=Value") }
        let parent = try parent(of: connection)
        let policy: SessionPolicy
        do throws(PolicyDiagnostic) {
            policy = try SettingsOverlay.apply(
                settings, to: session.policy, named: session.policyName, mayLoosen: mayLoosen(connection, in: parent))
        } catch {
            throw .rejected(error.description)
        }
        connection.open = .settings(id)
        let all = SettingsOverlay.merged(session.settings, settings)
        dispatch(
            .ordered(
                Order(
                    client: connection.id, session: id, verb: .set(policy, settings: all), by: connection.user)))
    }
}

/// Names for sessions whose callers chose none.
enum SessionName {
    private static let letters = Array("abcdefghijkmnpqrstuvwxyz23456789")

    /// The program's name and six characters by chance: `julia-k3xq7b`.
    static func made(for command: [String]) -> String {
        let program = command.first?.split(separator: "/").last ?? "session"
        let plain = program.unicodeScalars.filter { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == "_")
        }
        let stem = plain.isEmpty ? "session" : String(String.UnicodeScalarView(plain.prefix(32)))
        var bits = UInt64.random(in: 0...UInt64.max)
        let chance = (0..<6).map { _ in
            defer { bits >>= 5 }
            return letters[Int(bits % 32)]
        }
        return stem + "-" + String(chance)
    }
}
