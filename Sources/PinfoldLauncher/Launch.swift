import PinfoldCore
import PinfoldLinux
import PinfoldProtocol

/// One launch, from the request to the command's end.
struct Launch: ~Copyable {
    let options: RunOptions
    let signals: SignalIntake
    let ignored: SignalSet
    var relay = SignalRelay()
    var poller: Poller
    var lease: ControllerSocket?
    /// When the harness dies, its sessions have nobody left to serve.
    let parent: Pidfd?

    init(_ options: RunOptions, signals: consuming SignalIntake, ignored: SignalSet) throws {
        let poller = try Poller(capacity: 16)
        let parent = try Self.watchParent(poller)
        let socket = try ControllerSocket(options.socket)
        try poller.add(signals.descriptor.number, token: LaunchToken.signals, for: .readable)
        try poller.add(socket.descriptor, token: LaunchToken.lease, for: .readable)
        self.options = options
        self.ignored = ignored
        self.poller = poller
        self.signals = signals
        self.parent = parent
        lease = consume socket
    }

    private static func watchParent(_ poller: borrowing Poller) throws -> Pidfd? {
        let process = parentProcessID()
        // 0: in another PID namespace, and out of sight. 1: whoever adopts orphans; it does not die before us.
        guard process > 1 else { return nil }
        guard let parent = try? Pidfd(process), parentProcessID() == process else {
            throw LaunchFailure("our parent is gone already", exitCode: ExitCode.failed)
        }
        try poller.add(parent.descriptor.number, token: LaunchToken.parent, for: .readable)
        return parent
    }

    /// What was granted, with the session's open directory.
    struct Granted: ~Copyable {
        let grant: LeaseEvent.Grant
        let cgroup: OwnedDescriptor
    }

    /// Asks for the session and waits for it, for as long as the controller lets us wait.
    mutating func acquire(say: (String) -> Void) throws -> Granted {
        let call = Request.open(options.open).call
        try withLease { lease throws(ControllerUnavailable) in try lease.send(call) }
        var isQueued = false
        while true {
            let events = try poller.wait(timeout: isQueued ? nil : ControllerSocket.patience)
            if events.isEmpty, !isQueued { throw ControllerUnavailable(path: options.socket, .timedOut) }
            for event in events {
                switch event.token {
                case LaunchToken.parent: throw LaunchFailure("our parent has died", exitCode: ExitCode.failed)
                case LaunchToken.signals: try leaveOnSignal(say: say)
                default: break
                }
            }
            while let event = try nextEvent() {
                switch event {
                case .queued(let position):
                    isQueued = true
                    say("waiting for a place (number \(position) in the queue)")
                case .granted(let grant):
                    guard let cgroup = lease?.takeDescriptor() ?? nil else {
                        throw LaunchFailure("the controller sent no cgroup", exitCode: ExitCode.failed)
                    }
                    return Granted(grant: grant, cgroup: cgroup)
                case .ended(let ending): throw LaunchFailure(ending.cause.message, exitCode: ending.exitCode)
                case .attached, .attachFailed, .closeInput, .cancelTurn, .released: break
                }
            }
        }
    }

    /// Starts the command in its cgroup; nil with the exit status where it cannot be.
    mutating func start(_ granted: borrowing Granted, say: (String) -> Void) throws -> Started {
        var command = options.command
        command.set("PINFOLD_SESSION", granted.grant.session)
        command.set("PINFOLD_LIFE", "\(granted.grant.life)")
        command.set("PINFOLD_SOCKET", granted.grant.socket)
        handOver(granted.grant.resume, to: &command, say: say)
        var spawn = SpawnOptions()
        spawn.ignoredSignals = ignored
        spawn.processGroup = relay.processGroup
        // Whatever the caller left open is meant for the command; all of ours close by themselves.
        spawn.closingFrom = .max
        var pipe: Pipe?
        if relaysInput {
            let made = try Pipe()
            spawn.standardInput = made.reading.number
            pipe = consume made
        }
        guard var socket = lease.take() else { throw ControllerUnavailable(path: options.socket, .connectionReset) }
        do throws(Placing.Failure) {
            let placed = try Placing.place(command, spawn, cgroup: granted.cgroup, lease: &socket)
            lease = consume socket
            return Started(placed: placed, pipe: pipe)
        } catch {
            lease = consume socket
            throw try report(error)
        }
    }

    /// What a former life left. A session started from within another one must not take up that one's.
    private func handOver(_ token: String?, to command: inout Command, say: (String) -> Void) {
        let entry = Array("\(ResumeToken.variable)=".utf8)
        command.environment.removeAll { $0.bytes.starts(with: entry) }
        guard let token else { return }
        if let problem = ResumeToken.problem(withVariable: token) {
            // Left by a launcher of another kind, which did not mean it for an environment.
            say("\(ResumeToken.variable) is not set: \(problem)")
        } else {
            command.set(ResumeToken.variable, token)
        }
    }

    struct Started: ~Copyable {
        let placed: Placing.Placed
        var pipe: Pipe?
    }

    private var relaysInput: Bool {
        guard options.input == .relay, let input = try? OwnedDescriptor.duplicating(0) else { return false }
        return !input.isTerminal
    }

    /// Tells the controller that there will be no command, and hears it out: nothing shall be left behind.
    private mutating func report(_ failure: Placing.Failure) throws -> LaunchFailure {
        let told: LaunchFailure
        switch failure {
        case .command(let error): told = LaunchFailure(error.description, exitCode: error.exitStatus)
        case .unavailable(let error): return LaunchFailure(error)
        case .refused(let reason): told = LaunchFailure(reason, exitCode: ExitCode.failed)
        case .ended(let ending):
            return LaunchFailure(
                LeaseReport.line(for: ending, session: "") ?? ending.cause.message, exitCode: ending.exitCode)
        }
        let request = Request.startFailed(reason: told.description, exitCode: told.exitCode)
        try? withLease { lease throws(ControllerUnavailable) in
            try lease.send(request.call)
            while case let reply = try lease.reply(within: ControllerSocket.patience), reply.continues {}
        }
        return told
    }

    /// While there is no command yet, a signal means us.
    private mutating func leaveOnSignal(say: (String) -> Void) throws {
        while let arrival = try signals.next() {
            switch arrival.signal {
            case .terminalStop: Terminal.stopSelf(.terminalStop)
            case .interrupt, .terminate, .hangUp, .quit:
                let end = CommandStatus.signaled(arrival.signal.rawValue)
                let failure = LaunchFailure("left the queue: \(arrival.signal)", exitCode: end.code)
                if !relay.passesOn(arrival) {
                    say(failure.description)
                    relay.mirror(end)
                }
                throw failure
            default: break
            }
        }
    }

    /// The next thing the controller says; nil where it says nothing now.
    mutating func nextEvent() throws -> LeaseEvent? {
        let incoming = try withLease { lease throws(ControllerUnavailable) in try lease.next() }
        switch incoming {
        case .nothing: return nil
        case .closed: throw ControllerUnavailable(path: options.socket, .connectionReset)
        case .reply(let reply):
            if let name = reply.error { throw LaunchFailure(InterfaceError(name, reply.parameters)) }
            return try LeaseEvent(reply)
        }
    }

    private mutating func withLease<Result>(
        _ body: (inout ControllerSocket) throws(ControllerUnavailable) -> Result
    ) throws(ControllerUnavailable) -> Result {
        guard var socket = lease.take() else { throw ControllerUnavailable(path: options.socket, .connectionReset) }
        let result = try body(&socket)
        lease = consume socket
        return result
    }
}
