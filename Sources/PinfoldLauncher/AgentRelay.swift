import PinfoldACP
import PinfoldCore
import PinfoldJSON
import PinfoldLinux
import PinfoldProtocol

/// `pinfold acp`: relays between a client and its agent, which may be suspended and resumed. ``ACPRelay`` decides;
/// this performs.
struct AgentRelay: ~Copyable {
    private let options: RelayOptions
    private var loop: LauncherLoop
    private var relay: ACPRelay
    private var fromClient: LineReader
    private var toClient: LineWriter
    private var search: ControllerSearch
    private var agent: RunningAgent?
    private var lastLife: UInt64?
    private var exitCode: Int32?
    /// Whether its own end was asked for: it does not stay for the agent's next life.
    private var isLeaving = false
    /// Whether the agent waits for the next message to come back.
    private var isSuspended = false
    /// The end of a turn is reported after the client has the answer: the client waits for it, the controller does not.
    private var owesEndOfTurn = false

    init(_ options: RelayOptions, _ loop: consuming LauncherLoop) throws {
        let input = try OwnedDescriptor.duplicating(0)
        let output = try LineWriter(to: 1, token: LaunchToken.output)
        output.watch(loop.poller)
        self.options = options
        self.loop = loop
        search = ControllerSearch(options.open, at: options.socket)
        // The ids of our own requests must be unlike any that a client of ours would think of.
        let nonce = String(MonotonicClock.now().nanoseconds, radix: 36)
        relay = ACPRelay(.init(resumes: options.resumes, responseTimeout: options.responseTimeout, nonce: nonce))
        fromClient = LineReader(input, token: LaunchToken.input, cap: options.lineCap)
        toClient = output
    }

    /// Stays with the client to its end.
    ///
    /// - Returns: what to exit with.
    mutating func run(log: (String) -> Void) throws -> Int32 {
        let first = relay.begin()
        do {
            // Before a session is requested: a missing command must not cost another session its place.
            _ = try options.command.resolve()
            try perform(first, log: log)
        } catch {
            try failStart(error, log: log)
        }
        flush()
        while !isOver { try turn(log: log) }
        return exitCode ?? ExitCode.failed
    }

    private mutating func turn(log: (String) -> Void) throws {
        try watch()
        let events = try loop.poller.wait(timeout: timeout())
        // Once for all events: a stream has hundreds of lines at a time. Also on the way out.
        defer { flush() }
        for event in events {
            try handle(event, log: log)
            if isOver { return }
        }
        if fromClient.isAlwaysReady, wantsClient { try receiveFromClient(log: log) }
        try passTime(log: log)
    }

    private mutating func flush() {
        toClient.flush(loop.poller)
        agent?.flushInput(loop.poller)
        reportEndOfTurn()
    }

    private mutating func reportEndOfTurn() {
        guard owesEndOfTurn else { return }
        owesEndOfTurn = false
        agent?.command.send(.turn(PinfoldCore.TurnReport(.none, turns: [])))
    }

    /// All output was written, or the client has closed its input.
    private var isOver: Bool { exitCode != nil && (toClient.isEmpty || toClient.isBroken) }

    private var now: Duration { .nanoseconds(Int64(clamping: MonotonicClock.now().nanoseconds)) }

    private mutating func send(_ event: PinfoldACP.Event, log: (String) -> Void) throws {
        try perform(relay.handle(event, at: now), log: log)
    }

    // MARK: What happens

    private mutating func handle(_ event: Poller.Event, log: (String) -> Void) throws {
        switch event.token {
        case LaunchToken.signals: try takeSignals(log: log)
        case LaunchToken.command:
            if try agent?.command.recordChange(loop.relay, loop.poller) == true {
                agent?.closeInput(loop.poller)
            }
        // Our death is the session's.
        case LaunchToken.parent:
            throw LaunchFailure("our parent has died, and its session ends with it", exitCode: ExitCode.killed)
        case LaunchToken.lease: try receiveFromController(log: log)
        case LaunchToken.input: try receiveFromClient(log: log)
        case LaunchToken.output:
            toClient.flush(loop.poller)
            if event.ready.contains(.error) || event.ready.contains(.hangUp), !toClient.isBroken {
                toClient.disconnect()
                toClient.close(loop.poller)
                try send(.clientGone, log: log)
            }
        case LaunchToken.agentInput: agent?.flushInput(loop.poller)
        case LaunchToken.agentOutput: try receiveFromAgent(log: log)
        default: break
        }
    }

    private mutating func takeSignals(log: (String) -> Void) throws {
        guard agent != nil else {
            return try loop.leaveOnSignal("ended", exitCode: isSuspended ? ExitCode.suspended : nil, log: log)
        }
        while let arrival = try loop.nextSignal() {
            if arrival.signal == .child {
                if try agent?.command.recordChange(loop.relay, loop.poller) == true {
                    agent?.closeInput(loop.poller)
                }
            } else if loop.relay.forwards(arrival) {
                if arrival.signal == .terminate { isLeaving = true }
                try agent?.command.relay(arrival.signal, hasTerminal: loop.relay.hasTerminal)
            }
        }
    }

    private mutating func receiveFromClient(log: (String) -> Void) throws {
        // Whoever may be about to report a turn must know first whether the controller has given up waiting for one.
        if agent != nil { try receiveFromController(log: log) }
        for piece in fromClient.read() ?? [] {
            switch piece {
            case .line(let line): try send(.client(line, isWhole: true), log: log)
            case .half(let line): try send(.client(line, isWhole: false), log: log)
            case .overlong(let header): try send(.clientOverlong(header), log: log)
            }
        }
        if fromClient.isAtEnd { try send(.clientClosed, log: log) }
    }

    private mutating func receiveFromAgent(log: (String) -> Void) throws {
        if agent != nil { try receiveFromController(log: log) }
        try readAgent(log: log)
    }

    /// - Returns: whether there was anything.
    @discardableResult
    private mutating func readAgent(log: (String) -> Void) throws -> Bool {
        guard let chunks = agent?.output.read() else { return false }
        for piece in chunks {
            switch piece {
            case .line(let line): try send(.agent(line, isWhole: true), log: log)
            case .half(let line): try send(.agent(line, isWhole: false), log: log)
            case .overlong(let header): try send(.agentOverlong(header), log: log)
            }
        }
        return true
    }

    // MARK: The controller

    private mutating func receiveFromController(log: (String) -> Void) throws {
        guard agent != nil else { return try seek(log: log) }
        while let update = agent?.command.next(loop.poller, log: log) {
            guard case .event(let event) = update else { continue }
            switch event {
            case .closeInput(let cause, let inputClosing):
                try send(.closeInput(Reason(cause), InputClosing(inputClosing)), log: log)
            case .cancelTurn(let cause, let turn): try send(.cancelTurn(Reason(cause), turn: turn), log: log)
            case .ended(let ending):
                agent?.command.killEscapedCommand()
                try endLife(
                    LifeEnd(reason: Reason(ending.cause), isSuspended: ending.isSuspended, exitCode: ending.exitCode),
                    log: log)
            case .released: try endUnreported(log: log)
            case .granted, .queued, .attached, .attachFailed: break
            }
        }
    }

    /// The tree is gone; what its pipe still holds was written in time.
    private mutating func endLife(_ end: LifeEnd, log: (String) -> Void) throws {
        while try readAgent(log: log) {}
        reportEndOfTurn()
        agent?.forget(loop.poller)
        agent = nil
        if end.isSuspended, end.reason.kind != "start_failed" {
            log("the agent is suspended and comes back with the next message: \(end.reason.message)")
        } else if !end.isSuspended, end.reason.kind != "exited", end.reason.kind != "signaled" {
            log("the agent was ended: \(end.reason.message)")
        }
        isSuspended = end.isSuspended
        try send(.lifeEnded(end), log: log)
        if isLeaving { exitCode = exitCode ?? end.exitCode }
    }

    /// No controller is there to report the cause.
    private mutating func endUnreported(log: (String) -> Void) throws {
        let status = agent?.command.status
        let message = status.map { "\($0)" } ?? "the agent is gone"
        let reason = Reason(kind: "exited", message: message, json: ["kind": "exited", "message": .string(message)])
        try endLife(LifeEnd(reason: reason, isSuspended: false, exitCode: status?.code ?? ExitCode.failed), log: log)
    }

    private mutating func passTime(log: (String) -> Void) throws {
        if agent?.command.reconnectIfDue(loop.poller) == true { try send(.leaseTaken, log: log) }
        if agent?.command.isGivenUp(log: log) == true { try endUnreported(log: log) }
        if search.isDue { try seek(log: log) }
        if let deadline = relay.nextDeadline, now >= deadline { try send(.timePassed, log: log) }
    }

    // MARK: Starting

    /// Goes one step on the way to a session, and starts the agent at its end.
    private mutating func seek(log: (String) -> Void) throws {
        let grant: LeaseEvent.Grant
        do {
            guard let found = try search.step(loop.poller, log: log) else { return }
            grant = found
        } catch {
            try failStart(error, log: log)
            return
        }
        guard let launch = search.takeLaunch() else { return }
        do {
            agent = try RunningAgent(launch, options, grant, loop.spawnOptions, loop.poller)
        } catch let error as ControllerUnavailable where error.isLost {
            do { try search.begin(after: error) } catch { try failStart(error, log: log) }
            return
        } catch {
            try failStart(error, log: log)
            return
        }
        // Only an order ends what is kept here too. A controller that died before it kept the token does not count.
        let followsEnd = grant.followsEnd && grant.life == lastLife.map { $0 + 1 }
        lastLife = grant.life
        try send(.agentStarted(resume: grant.resume, followsEnd: followsEnd), log: log)
    }

    private mutating func failStart(_ error: any Error, log: (String) -> Void) throws {
        search.stop(loop.poller)
        let failure = LaunchFailure(any: error)
        log(failure.description)
        try send(
            .startFailed(
                StartFailure(
                    message: failure.description, exitCode: failure.exitCode,
                    isRefusal: failure.exitCode == ExitCode.notAdmitted)), log: log)
    }

    // MARK: What is to be done

    private mutating func perform(_ actions: [PinfoldACP.Action], log: (String) -> Void) throws {
        for action in actions {
            switch action {
            case .toClient(let line, let endsLine): toClient.append(line, endsLine: endsLine)
            case .toAgent(let line, let endsLine): agent?.append(line, endsLine: endsLine)
            case .startAgent:
                search.begin()
                try seek(log: log)
            case .abandonStart: search.stop(loop.poller)
            case .closeAgentInput: agent?.closesInput = true
            case .report(let report):
                reportEndOfTurn()
                if report.state == .none {
                    owesEndOfTurn = true
                } else {
                    agent?.command.send(.turn(PinfoldCore.TurnReport(report)))
                }
            case .reportActivity: agent?.command.send(.active(.acp))
            case .saveToken(let token): agent?.command.send(.remember(token))
            case .failLife(let why):
                agent?.command.send(.startFailed(reason: why, exitCode: ExitCode.failed))
            case .log(let text): log(text)
            case .finish(let status): exitCode = status
            }
        }
    }

    // MARK: Back-pressure

    private var wantsClient: Bool {
        guard !fromClient.isAtEnd, exitCode == nil, relay.bufferedBytes < options.lineCap else { return false }
        switch agent {
        case .some(let agent): return !agent.isFull
        case .none: return true
        }
    }

    /// Reads only what there is room for at the other side.
    private mutating func watch() throws {
        try fromClient.watch(wantsClient, loop.poller)
        try agent?.output.watch(!toClient.isFull, loop.poller)
    }

    private func timeout() -> Duration? {
        if fromClient.isAlwaysReady, wantsClient { return .zero }
        let now = MonotonicClock.now()
        let due = [
            commandDeadline.map { now.duration(to: $0) }, search.dueAt.map { now.duration(to: $0) },
            relay.nextDeadline.map { $0 - .nanoseconds(Int64(clamping: now.nanoseconds)) },
        ]
        return due.compactMap { $0 }.min().map { max($0, .zero) }
    }

    private var commandDeadline: MonotonicClock.Instant? {
        switch agent {
        case .some(let agent): agent.command.deadline
        case .none: nil
        }
    }
}

extension Reason {
    fileprivate init(_ cause: Cause) {
        self.init(kind: cause.kind.rawValue, message: cause.message, json: cause.json)
    }
}

extension PinfoldACP.InputClosing {
    fileprivate init(_ inputClosing: PinfoldCore.InputClosing) {
        self.init(
            grace: .milliseconds(Int64(clamping: inputClosing.milliseconds)), reports: inputClosing.reports,
            isRefusable: inputClosing.isRefusable)
    }
}

extension PinfoldCore.TurnReport {
    fileprivate init(_ report: PinfoldACP.TurnReport) {
        self.init(
            PinfoldCore.TurnState(rawValue: report.state.rawValue) ?? .open,
            turns: report.turns.map { turn in
                Entry(
                    number: turn.number, isWaiting: turn.isWaiting,
                    milliseconds: UInt64(clamping: turn.age.wholeMilliseconds))
            }, isUse: report.isUse)
    }
}
