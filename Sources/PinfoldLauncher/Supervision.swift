import PinfoldCore
import PinfoldLinux
import PinfoldProtocol

/// A command that runs, and everything its launcher does for it meanwhile.
struct Supervision: ~Copyable {
    /// Bytes are reported as activity at most this often.
    private static let activityInterval = Duration.seconds(1)
    /// A controller that has not said the end this long after all its stages is deaf.
    private static let deafAfter = Duration.seconds(15)
    /// With the command gone and the controller too, the status is held back for no longer than this.
    private static let absentAfter = Duration.seconds(5)

    private let grant: LeaseEvent.Grant
    private let placement: Placement
    private var relay: SignalRelay
    private let signals: SignalIntake
    private let parent: Pidfd?
    private var poller: Poller
    private var child: ChildProcess
    private var input: InputRelay?
    private var lease: LeaseKeeper
    private var status: CommandStatus?
    private var reportedActivity: MonotonicClock.Instant?
    /// After this nobody waits for the controller any more.
    private var giveUpAt: MonotonicClock.Instant?
    private var exitCode: Int32?

    init(
        _ launch: consuming Launch, grant: LeaseEvent.Grant, started given: consuming Launch.Started
    ) throws {
        var started = given
        let pipe = started.pipe.take()
        self.grant = grant
        placement = started.placed.placement
        relay = launch.relay
        signals = launch.signals
        parent = launch.parent
        poller = launch.poller
        lease = LeaseKeeper(launch.lease, path: launch.options.socket, session: grant.session, life: grant.life)
        child = started.placed.child
        switch consume pipe {
        case .some(let pipe):
            // The command has its end; ours must not keep the pipe open when it leaves.
            input = try InputRelay(from: .duplicating(0), to: pipe.writing, poller: poller)
        case .none: input = nil
        }
        try poller.add(child.pidfd.descriptor.number, token: LaunchToken.command, for: .readable)
        lease.send(.started(processID: child.pid, placement: placement))
    }

    /// Stays with the command to its end.
    ///
    /// - Returns: what to exit with.
    mutating func run(say: (String) -> Void) throws -> Int32 {
        while exitCode == nil {
            for event in try poller.wait(timeout: timeout()) {
                switch event.token {
                case LaunchToken.signals: try passSignalsOn()
                case LaunchToken.command: noteChange(try child.poll(stops: true))
                // Our death is the session's.
                case LaunchToken.parent:
                    say("our parent has died, and the session '\(grant.session)' ends with it")
                    return ExitCode.killed
                case LaunchToken.lease: hear(say: say)
                default: moveInput()
                }
            }
            if inputIsReady { moveInput() }
            if lease.reopenIfDue(poller) { retell() }
            giveUpIfDue(say: say)
        }
        // Not where the controller has something else to say, such as that the session was suspended.
        if let status, status.code == exitCode { relay.mirror(status) }
        return exitCode ?? ExitCode.failed
    }

    private func timeout() -> Duration? {
        if inputIsReady { return .zero }
        let now = MonotonicClock.now()
        return [giveUpAt, lease.reopenAt].compactMap { $0 }.min().map { now.duration(to: $0) }
    }

    // MARK: The command

    private mutating func noteChange(_ change: ProcessChange?) {
        switch change {
        case .exited(let code)?: noteEnd(.exited(code))
        case .signaled(let signal, _)?: noteEnd(.signaled(signal.rawValue))
        case .stopped?, .continued?:
            if let change { relay.mirror(change) }
        case nil: break
        }
    }

    private mutating func noteEnd(_ end: CommandStatus) {
        guard status == nil else { return }
        status = end
        try? poller.remove(child.pidfd.descriptor.number)
        closeInput()
        lease.send(.exited(end))
        let patience =
            lease.isHeld ? Duration.milliseconds(Int64(grant.graceMilliseconds)) + Self.deafAfter : Self.absentAfter
        giveUpAt = MonotonicClock.now().advanced(by: patience)
    }

    private mutating func passSignalsOn() throws {
        while let arrival = try signals.next() {
            if arrival.signal == .child {
                noteChange(try child.poll(stops: true))
            } else if relay.passesOn(arrival) {
                try child.send(arrival.signal)
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

    private mutating func moveInput() {
        switch (try? input?.move(poller: poller)) ?? .finished {
        case .nothing: return
        case .finished: closeInput()
        case .moved:
            let now = MonotonicClock.now()
            if let last = reportedActivity, last.duration(to: now) < Self.activityInterval { return }
            reportedActivity = now
            lease.send(.active(.stdin))
        }
    }

    private mutating func closeInput() {
        input.take()?.close(poller: poller)
    }

    // MARK: The controller

    private mutating func hear(say: (String) -> Void) {
        while let news = lease.next(poller) {
            switch news {
            case .event(.closeInput): closeInput()
            case .event(.ended(let ending)): finish(ending, say: say)
            case .event(.released): exitCode = status?.code ?? ExitCode.failed
            case .event(.granted), .event(.queued), .event(.attached), .event(.attachFailed), .event(.cancelTurn): break
            case .lost:
                if status != nil { giveUpAt = MonotonicClock.now().advanced(by: Self.absentAfter) }
            case .unknown:
                say("the controller at \(grant.socket) was restarted and does not know this session any more")
                if status != nil { giveUpAt = MonotonicClock.now() }
            }
        }
    }

    /// Says again what a new controller cannot know.
    private mutating func retell() {
        lease.send(.started(processID: child.pid, placement: placement))
        if let status { lease.send(.exited(status)) }
    }

    private mutating func finish(_ ending: LeaseEvent.Ending, say: (String) -> Void) {
        // A command that moved itself out of its cgroup is the only one that lives now. It is our child still.
        if status == nil { _ = try? child.send(.kill) }
        if let line = LeaseReport.line(for: ending, session: grant.session) { say(line) }
        exitCode = ending.exitCode
    }

    private mutating func giveUpIfDue(say: (String) -> Void) {
        guard exitCode == nil, let giveUpAt, MonotonicClock.now() >= giveUpAt else { return }
        say(
            "the controller does not say that the session '\(grant.session)' is over; what the command left behind is "
                + "cleared away when it is back")
        exitCode = status?.code ?? ExitCode.failed
    }
}

/// The one line on standard error that says why.
enum LeaseReport {
    /// Nil where the command's own status says everything.
    static func line(for ending: LeaseEvent.Ending, session: String) -> String? {
        if ending.isSuspended {
            return "session '\(session)' is suspended, come back later: \(ending.cause.message)"
        }
        switch ending.cause.kind {
        case .exited, .signaled: return nil
        case .startFailed: return ending.cause.message
        default: return "session '\(session)' was ended: \(ending.cause.message)"
        }
    }
}
