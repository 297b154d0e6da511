import PinfoldCore
import PinfoldLinux
import PinfoldProtocol

/// What `pinfold run` does for its command, from the request to the end.
struct Supervision: ~Copyable {
    /// Bytes are reported as activity at most this often.
    private static let activityInterval = Duration.seconds(1)

    private let options: RunOptions
    private var station: Station
    private var input: InputRelay?
    private var reportedActivity: MonotonicClock.Instant?
    private var exitCode: Int32?

    init(_ options: RunOptions, _ station: consuming Station) {
        self.options = options
        self.station = station
    }

    /// Asks for the session, starts the command and stays with it to its end.
    ///
    /// - Returns: what to exit with.
    mutating func run(say: (String) -> Void) throws -> Int32 {
        var launch = try Launch(options.open, at: options.socket, station.poller)
        let grant = try acquire(&launch, say: say)
        var command = try start(launch, grant, say: say)
        while exitCode == nil {
            for event in try station.poller.wait(timeout: timeout(command)) {
                switch event.token {
                case LaunchToken.signals: try passSignalsOn(&command)
                case LaunchToken.command: try noteChange(&command)
                // Our death is the session's.
                case LaunchToken.parent:
                    say("our parent has died, and the session '\(grant.session)' ends with it")
                    return ExitCode.killed
                case LaunchToken.lease: hear(&command, say: say)
                default: moveInput(&command)
                }
            }
            if inputIsReady { moveInput(&command) }
            _ = command.reopenIfDue(station.poller)
            if exitCode == nil, command.isGivenUp(say: say) { exitCode = command.status?.code ?? ExitCode.failed }
        }
        // Not where the controller has something else to say, such as that the session was suspended.
        if let status = command.status, status.code == exitCode { station.relay.mirror(status) }
        return exitCode ?? ExitCode.failed
    }

    // MARK: Its start

    /// Waits for the session, for as long as the controller lets us wait.
    private mutating func acquire(_ launch: inout Launch, say: (String) -> Void) throws -> LeaseEvent.Grant {
        while true {
            let events = try station.poller.wait(timeout: launch.isQueued ? nil : ControllerSocket.patience)
            if events.isEmpty, !launch.isQueued { throw ControllerUnavailable(path: options.socket, .timedOut) }
            for event in events {
                switch event.token {
                case LaunchToken.parent: throw LaunchFailure("our parent has died", exitCode: ExitCode.failed)
                case LaunchToken.signals: try station.leaveOnSignal("left the queue", say: say)
                default: break
                }
            }
            if let grant = try launch.grant(say: say) { return grant }
        }
    }

    private mutating func start(
        _ launch: consuming Launch, _ grant: LeaseEvent.Grant, say: (String) -> Void
    ) throws -> RunningCommand {
        var spawn = station.spawnOptions
        var pipe: Pipe?
        if relaysInput {
            let made = try Pipe()
            spawn.standardInput = made.reading.number
            pipe = consume made
        }
        var token = grant.resume
        if let problem = token.flatMap({ ResumeToken.problem(withVariable: $0) }) {
            // Left by a launcher of another kind, which did not mean it for an environment.
            say("\(ResumeToken.variable) is not set: \(problem)")
            token = nil
        }
        let command = try launch.start(options.command, spawn, granted: grant, token: token, station.poller)
        switch consume pipe {
        case .some(let pipe):
            // The command has its end; ours must not keep the pipe open when it leaves.
            input = try InputRelay(from: .duplicating(0), to: pipe.writing, poller: station.poller)
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

    private mutating func noteChange(_ command: inout RunningCommand) throws {
        if try command.noteChange(station.relay, station.poller) { closeInput() }
    }

    private mutating func passSignalsOn(_ command: inout RunningCommand) throws {
        while let arrival = try station.nextSignal() {
            if arrival.signal == .child {
                try noteChange(&command)
            } else if station.relay.passesOn(arrival) {
                try command.send(arrival.signal)
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
        switch (try? input?.move(poller: station.poller)) ?? .finished {
        case .nothing: return
        case .finished: closeInput()
        case .moved:
            let now = MonotonicClock.now()
            if let last = reportedActivity, last.duration(to: now) < Self.activityInterval { return }
            reportedActivity = now
            command.tell(.active(.stdin))
        }
    }

    private mutating func closeInput() {
        input.take()?.close(poller: station.poller)
    }

    // MARK: The controller

    private mutating func hear(_ command: inout RunningCommand, say: (String) -> Void) {
        while let news = command.next(station.poller, say: say) {
            guard case .event(let event) = news else { continue }
            switch event {
            case .closeInput: closeInput()
            case .ended(let ending):
                command.killIfItEscaped()
                if let line = LeaseReport.line(for: ending, session: command.grant.session) { say(line) }
                exitCode = ending.exitCode
            case .released: exitCode = command.status?.code ?? ExitCode.failed
            case .granted, .queued, .attached, .attachFailed, .cancelTurn: break
            }
        }
    }
}
