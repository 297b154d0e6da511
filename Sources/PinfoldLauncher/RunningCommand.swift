import PinfoldCore
import PinfoldLinux
import PinfoldProtocol

/// A command that runs in its session, and the lease on it.
struct RunningCommand: ~Copyable {
    /// A controller that has not reported the end this long after all stages does not answer any more.
    private static let unresponsiveAfter = Duration.seconds(15)
    /// With the command gone and the controller too, the status is held back for no longer than this.
    private static let absentAfter = Duration.seconds(5)

    let grant: LeaseEvent.Grant
    private let placement: Placement
    private var child: ChildProcess
    private var lease: LeaseConnection
    private(set) var status: CommandStatus?
    /// After this the controller is not awaited any more.
    private var giveUpAt: MonotonicClock.Instant?

    init(
        _ placedCommand: consuming CommandPlacement.PlacedCommand, _ grant: LeaseEvent.Grant,
        lease: consuming ControllerSocket, path: String,
        _ poller: borrowing Poller
    ) throws(Errno) {
        self.grant = grant
        placement = placedCommand.placement
        child = placedCommand.child
        self.lease = LeaseConnection(lease, path: path, session: grant.session, life: grant.life)
        try poller.add(child.pidfd.descriptor.number, token: LaunchToken.command, for: .readable)
        self.lease.send(.started(processID: child.pid, placement: placement))
    }

    /// Tells the controller something that wants no answer.
    mutating func send(_ request: Request) {
        lease.send(request)
    }

    func send(_ signal: Signal) throws(Errno) {
        try child.send(signal)
    }

    /// Passes a signal on. SIGTERM without a terminal means that a service stops, or that a harness wants the command's
    /// end: the controller sends it, to the whole tree, kills what it leaves after `TermSec=`, and suspends what can
    /// come back. With a terminal it is somebody's own signal for the command, and a shell ignores it.
    mutating func relay(_ signal: Signal, hasTerminal: Bool) throws(Errno) {
        guard signal == .terminate, !hasTerminal, lease.isHeld, status == nil else {
            try child.send(signal)
            return
        }
        lease.send(.leave)
    }

    // MARK: Its end

    /// What became of the command since the last question.
    ///
    /// - Returns: whether that was its end, which is then reported to the controller.
    mutating func recordChange(_ relay: SignalRelay, _ poller: borrowing Poller) throws(Errno) -> Bool {
        switch try child.poll(stops: true) {
        case .exited(let code)?: return recordEnd(.exited(code), poller)
        case .signaled(let signal, _)?: return recordEnd(.signaled(signal.rawValue), poller)
        case .stopped(let signal)?: relay.mirror(.stopped(signal))
        case .continued?, nil: break
        }
        return false
    }

    private mutating func recordEnd(_ end: CommandStatus, _ poller: borrowing Poller) -> Bool {
        guard status == nil else { return false }
        status = end
        try? poller.remove(child.pidfd.descriptor.number)
        lease.send(.exited(end))
        let responseTimeout =
            lease.isHeld
            ? Duration.milliseconds(Int64(grant.graceMilliseconds)) + Self.unresponsiveAfter : Self.absentAfter
        giveUpAt = MonotonicClock.now().advanced(by: responseTimeout)
        return true
    }

    /// The life is over. A command that moved itself out of its cgroup is the only one that lives now; it is our child
    /// still.
    func killEscapedCommand() {
        if status == nil { _ = try? child.send(.kill) }
    }

    // MARK: The controller

    /// The next event of the controller, or the state of its connection; nil if there is none now.
    mutating func next(_ poller: borrowing Poller, log: (String) -> Void) -> LeaseConnection.LeaseUpdate? {
        guard let update = lease.next(poller) else { return nil }
        switch update {
        case .event: break
        case .lost: if status != nil { giveUpAt = MonotonicClock.now().advanced(by: Self.absentAfter) }
        case .unknown:
            log("the controller at \(grant.socket) was restarted and does not know this session any more")
            if status != nil { giveUpAt = MonotonicClock.now() }
        }
        return update
    }

    /// Reconnects to a lost controller when due, and repeats the reports that a new one cannot know.
    ///
    /// - Returns: whether it is there again.
    mutating func reconnectIfDue(_ poller: borrowing Poller) -> Bool {
        guard lease.reconnectIfDue(poller) else { return false }
        lease.send(.started(processID: child.pid, placement: placement))
        if let status { lease.send(.exited(status)) }
        return true
    }

    /// When something is due by time alone.
    var deadline: MonotonicClock.Instant? {
        [giveUpAt, lease.reopenAt].compactMap { $0 }.min()
    }

    /// Whether the controller has not reported the end though it should have by now.
    func isGivenUp(log: (String) -> Void) -> Bool {
        guard let giveUpAt, MonotonicClock.now() >= giveUpAt else { return false }
        log(
            "the controller does not say that the session '\(grant.session)' is over; what the command left behind is "
                + "cleared away when it is back")
        return true
    }

    /// Nothing more is received from it.
    mutating func forget(_ poller: borrowing Poller) {
        if status == nil { try? poller.remove(child.pidfd.descriptor.number) }
        lease.close(poller)
    }
}

/// The one line on standard error with the cause.
enum LeaseReport {
    /// Nil if the command's own status is enough.
    static func line(for ending: LeaseEvent.Ending, session: String) -> String? {
        if ending.isSuspended {
            let problem = ending.recordProblem.map { "; only while this controller runs: \($0)" } ?? ""
            return "session '\(session)' is suspended, come back later: \(ending.cause.message)\(problem)"
        }
        switch ending.cause.kind {
        case .exited, .signaled: return nil
        case .startFailed: return ending.cause.message
        default: return "session '\(session)' was ended: \(ending.cause.message)"
        }
    }
}
