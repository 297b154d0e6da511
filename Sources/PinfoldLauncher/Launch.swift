import PinfoldCore
import PinfoldLinux
import PinfoldProtocol

/// One launch, from the request for a session to the command that runs in it.
struct Launch: ~Copyable {
    private let path: String
    private var socket: ControllerSocket
    /// Whether the request is queued: then the controller may send nothing for a long time.
    private(set) var isQueued = false

    /// Requests a session. The controller's events come over the poller, by ``LaunchToken/lease``.
    init(_ open: OpenRequest, at path: String, _ poller: borrowing Poller) throws {
        self.path = path
        let socket = try ControllerSocket(path)
        try poller.add(socket.descriptor, token: LaunchToken.lease, for: .readable)
        try socket.send(Request.open(open).call)
        self.socket = socket
    }

    /// The session is no longer wanted; its place in the queue goes with the connection.
    consuming func abandon(_ poller: borrowing Poller) {
        try? poller.remove(socket.descriptor)
    }

    /// Receives the controller's events; nil until the session is granted.
    mutating func grant(log: (String) -> Void) throws -> LeaseEvent.Grant? {
        while let event = try next() {
            switch event {
            case .queued(let position):
                isQueued = true
                log("waiting for a place (number \(position) in the queue)")
            case .granted(let grant):
                for limit in grant.unenforced { log(limit.description) }
                return grant
            case .ended(let ending): throw LaunchFailure(ending.cause.message, exitCode: ending.exitCode)
            case .attached, .attachFailed, .closeInput, .cancelTurn, .released: break
            }
        }
        return nil
    }

    private mutating func next() throws -> LeaseEvent? {
        switch try socket.next() {
        case .nothing: return nil
        case .closed: throw ControllerUnavailable(path: path, .connectionReset)
        case .reply(let reply):
            if let name = reply.error { throw LaunchFailure(InterfaceError(name, reply.parameters)) }
            return try LeaseEvent(reply)
        }
    }

    /// Starts the command in its cgroup.
    ///
    /// - Parameter token: what a former life left for the command.
    consuming func start(
        _ command: Command, _ options: SpawnOptions, granted grant: LeaseEvent.Grant, token: String?,
        _ poller: borrowing Poller
    ) throws -> RunningCommand {
        guard let cgroup = socket.takeDescriptor() else {
            throw LaunchFailure("the controller sent no cgroup", exitCode: ExitCode.failed)
        }
        var command = command
        command.set("PINFOLD_SESSION", grant.session)
        command.set("PINFOLD_LIFE", "\(grant.life)")
        command.set("PINFOLD_SOCKET", grant.socket)
        // A session started from within another one must not take up that one's.
        let entry = Array("\(ResumeToken.variable)=".utf8)
        command.environment.removeAll { $0.bytes.starts(with: entry) }
        if let token { command.set(ResumeToken.variable, token) }
        let placedCommand: CommandPlacement.PlacedCommand
        do throws(CommandPlacement.Failure) {
            placedCommand = try CommandPlacement.place(command, options, cgroup: cgroup, lease: &socket)
        } catch .unavailable(let error) {
            throw error
        } catch {
            throw report(error)
        }
        return try RunningCommand(placedCommand, grant, lease: socket, path: path, poller)
    }

    /// Reports to the controller that there is no command, and waits for the end: nothing may be left behind.
    private mutating func report(_ failure: CommandPlacement.Failure) -> LaunchFailure {
        let reported: LaunchFailure
        switch failure {
        case .command(let error): reported = LaunchFailure(error.description, exitCode: error.exitStatus)
        case .unavailable(let error): return LaunchFailure(error)
        case .refused(let reason): reported = LaunchFailure(reason, exitCode: ExitCode.failed)
        case .ended(let ending):
            return LaunchFailure(
                LeaseReport.line(for: ending, session: "") ?? ending.cause.message, exitCode: ending.exitCode)
        }
        try? socket.send(Request.startFailed(reason: reported.description, exitCode: reported.exitCode).call)
        while case let reply = try? socket.reply(within: ControllerSocket.responseTimeout), reply?.continues == true {}
        return reported
    }
}
