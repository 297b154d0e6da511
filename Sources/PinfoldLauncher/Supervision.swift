import PinfoldCore
import PinfoldLinux
import PinfoldProtocol

/// What `pinfold run` does for its command, from the request to the end.
struct Supervision: ~Copyable {
    /// Bytes are reported as activity at most this often.
    private static let activityInterval = Duration.seconds(1)

    private let options: RunOptions
    private var loop: LauncherLoop
    private var input: InputRelay?
    private var reportedActivity: MonotonicClock.Instant?
    private var exitCode: Int32?

    init(_ options: RunOptions, _ loop: consuming LauncherLoop) {
        self.options = options
        self.loop = loop
    }

    /// Asks for the session, starts the command and stays with it to its end.
    ///
    /// - Returns: what to exit with.
    mutating func run(log: (String) -> Void) throws -> Int32 {
        var command = try start(log: log)
        while exitCode == nil {
            for event in try loop.poller.wait(timeout: timeout(command)) {
                switch event.token {
                case LaunchToken.signals: try forwardSignals(&command)
                case LaunchToken.command: try recordChange(&command)
                // Our death is the session's.
                case LaunchToken.parent:
                    log("our parent has died, and the session '\(command.grant.session)' ends with it")
                    return ExitCode.killed
                case LaunchToken.lease: receive(&command, log: log)
                default: moveInput(&command)
                }
            }
            if inputIsReady { moveInput(&command) }
            _ = command.reconnectIfDue(loop.poller)
            if exitCode == nil, command.isGivenUp(log: log) { exitCode = command.status?.code ?? ExitCode.failed }
        }
        // Not if the controller reported another outcome, such as a suspension.
        if let status = command.status, status.code == exitCode { loop.relay.mirror(status) }
        return exitCode ?? ExitCode.failed
    }

    // MARK: Its start

    /// Waits for the session, for as long as the controller lets us wait, and starts the command in it.
    private mutating func start(log: (String) -> Void) throws -> RunningCommand {
        var search = ControllerSearch(options.open, at: options.socket)
        search.begin()
        while true {
            if let grant = try search.step(loop.poller, log: log), let launch = search.takeLaunch() {
                do {
                    return try start(launch, grant, log: log)
                } catch let error as ControllerUnavailable {
                    try search.begin(after: error)
                }
            }
            for event in try loop.poller.wait(timeout: search.dueAt.map { MonotonicClock.now().duration(to: $0) }) {
                switch event.token {
                case LaunchToken.parent: throw LaunchFailure("our parent has died", exitCode: ExitCode.failed)
                case LaunchToken.signals: try loop.leaveOnSignal("left the queue", log: log)
                default: break
                }
            }
        }
    }

    private mutating func start(
        _ launch: consuming Launch, _ grant: LeaseEvent.Grant, log: (String) -> Void
    ) throws -> RunningCommand {
        var spawn = loop.spawnOptions
        var pipe: Pipe?
        if relaysInput {
            let made = try Pipe()
            spawn.standardInput = made.reading.number
            pipe = consume made
        }
        var token = grant.resume
        if let problem = token.flatMap({ ResumeToken.problem(withVariable: $0) }) {
            // Left by a launcher of another kind, which did not mean it for an environment.
            log("\(ResumeToken.variable) is not set: \(problem)")
            token = nil
        }
        let command = try launch.start(options.command, spawn, granted: grant, token: token, loop.poller)
        switch consume pipe {
        case .some(let pipe):
            // The command has its end; ours must not keep the pipe open when it leaves.
            input = try InputRelay(from: .duplicating(0), to: pipe.writing, poller: loop.poller)
        case .none: break
        }
        return command
    }

    private var relaysInput: Bool {
        guard options.input == .relay, let input = try? OwnedDescriptor.duplicating(0) else { return false }
        return !input.isTerminal
    }

    // MARK: The command

    private func timeout(_ command: borrowing RunningCommand) -> Duration? {
        if inputIsReady { return .zero }
        return command.deadline.map { MonotonicClock.now().duration(to: $0) }
    }

    private mutating func recordChange(_ command: inout RunningCommand) throws {
        if try command.recordChange(loop.relay, loop.poller) { closeInput() }
    }

    private mutating func forwardSignals(_ command: inout RunningCommand) throws {
        while let arrival = try loop.nextSignal() {
            if arrival.signal == .child {
                try recordChange(&command)
            } else if loop.relay.forwards(arrival) {
                try command.relay(arrival.signal, hasTerminal: loop.relay.hasTerminal)
            }
        }
    }

    // MARK: Its input

    private var inputIsReady: Bool {
        switch input {
        case .some(let input): input.isReady
        case .none: false
        }
    }

    private mutating func moveInput(_ command: inout RunningCommand) {
        switch (try? input?.move(poller: loop.poller)) ?? .finished {
        case .nothing: return
        case .finished: closeInput()
        case .moved:
            let now = MonotonicClock.now()
            if let last = reportedActivity, last.duration(to: now) < Self.activityInterval { return }
            reportedActivity = now
            command.send(.active(.stdin))
        }
    }

    private mutating func closeInput() {
        input.take()?.close(poller: loop.poller)
    }

    // MARK: The controller

    private mutating func receive(_ command: inout RunningCommand, log: (String) -> Void) {
        while let update = command.next(loop.poller, log: log) {
            guard case .event(let event) = update else { continue }
            switch event {
            case .closeInput: closeInput()
            case .ended(let ending):
                command.killEscapedCommand()
                if let line = LeaseReport.line(for: ending, session: command.grant.session) { log(line) }
                exitCode = ending.exitCode
            case .released: exitCode = command.status?.code ?? ExitCode.failed
            case .granted, .queued, .attached, .attachFailed, .cancelTurn: break
            }
        }
    }
}
