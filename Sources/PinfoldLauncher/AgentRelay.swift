import PinfoldACP
import PinfoldCore
import PinfoldJSON
import PinfoldLinux
import PinfoldProtocol

/// `pinfold acp`: stands between a client and its agent, who may go and come back meanwhile. The conversation decides;
/// this performs.
struct AgentRelay: ~Copyable {
    private let options: RelayOptions
    private var station: Station
    private var conversation: Conversation
    private var fromClient: LineReader
    private var toClient: LineWriter
    private var search: ControllerSearch
    private var agent: RunningAgent?
    private var lastLife: UInt64?
    private var exitCode: Int32?
    /// That no turn is open any more is told once the client has the answer: it waits, the controller does not.
    private var owesEndOfTurn = false

    init(_ options: RelayOptions, _ station: consuming Station) throws {
        let input = try OwnedDescriptor.duplicating(0)
        let output = try LineWriter(to: 1, token: LaunchToken.output)
        output.watch(station.poller)
        self.options = options
        self.station = station
        search = ControllerSearch(options.open, at: options.socket)
        // The ids of our own requests must be unlike any that a client of ours would think of.
        let nonce = String(MonotonicClock.now().nanoseconds, radix: 36)
        conversation = Conversation(.init(resumes: options.resumes, patience: options.patience, nonce: nonce))
        fromClient = LineReader(input, token: LaunchToken.input, cap: options.lineCap)
        toClient = output
    }

    /// Stays with the client to its end.
    ///
    /// - Returns: what to exit with.
    mutating func run(say: (String) -> Void) throws -> Int32 {
        let first = conversation.begin()
        do {
            // Before anything is asked for: a command that is not there shall cost nobody a place.
            _ = try options.command.resolve()
            try perform(first, say: say)
        } catch {
            try failStart(error, say: say)
        }
        flush()
        while !isOver { try turn(say: say) }
        return exitCode ?? ExitCode.failed
    }

    private mutating func turn(say: (String) -> Void) throws {
        try watch()
        let events = try station.poller.wait(timeout: timeout())
        // Once for all that happened: whoever streams says hundreds of lines at a time. Also where we leave.
        defer { flush() }
        for event in events {
            try handle(event, say: say)
            if isOver { return }
        }
        if fromClient.isAlwaysReady, wantsClient { try hearClient(say: say) }
        try passTime(say: say)
    }

    private mutating func flush() {
        toClient.flush(station.poller)
        agent?.flushInput(station.poller)
        tellEndOfTurn()
    }

    private mutating func tellEndOfTurn() {
        guard owesEndOfTurn else { return }
        owesEndOfTurn = false
        agent?.command.tell(.turn(PinfoldCore.TurnReport(.none, turns: [])))
    }

    /// All is said, and the client has it, or does not want it.
    private var isOver: Bool { exitCode != nil && (toClient.isEmpty || toClient.isBroken) }

    private var now: Duration { .nanoseconds(Int64(clamping: MonotonicClock.now().nanoseconds)) }

    private mutating func tell(_ event: PinfoldACP.Event, say: (String) -> Void) throws {
        try perform(conversation.handle(event, at: now), say: say)
    }

    // MARK: What happens

    private mutating func handle(_ event: Poller.Event, say: (String) -> Void) throws {
        switch event.token {
        case LaunchToken.signals: try takeSignals(say: say)
        case LaunchToken.command:
            if try agent?.command.noteChange(station.relay, station.poller) == true {
                agent?.closeInput(station.poller)
            }
        // Our death is the session's.
        case LaunchToken.parent:
            throw LaunchFailure("our parent has died, and its session ends with it", exitCode: ExitCode.killed)
        case LaunchToken.lease: try hearController(say: say)
        case LaunchToken.input: try hearClient(say: say)
        case LaunchToken.output:
            toClient.flush(station.poller)
            if event.ready.contains(.error) || event.ready.contains(.hangUp), !toClient.isBroken {
                toClient.breakOff()
                toClient.close(station.poller)
                try tell(.clientGone, say: say)
            }
        case LaunchToken.agentInput: agent?.flushInput(station.poller)
        case LaunchToken.agentOutput: try hearAgent(say: say)
        default: break
        }
    }

    private mutating func takeSignals(say: (String) -> Void) throws {
        guard agent != nil else { return try station.leaveOnSignal("ended", say: say) }
        while let arrival = try station.nextSignal() {
            if arrival.signal == .child {
                if try agent?.command.noteChange(station.relay, station.poller) == true {
                    agent?.closeInput(station.poller)
                }
            } else if station.relay.passesOn(arrival) {
                try agent?.command.send(arrival.signal)
            }
        }
    }

    private mutating func hearClient(say: (String) -> Void) throws {
        // Whoever may be about to report a turn must know first whether the controller has given up waiting for one.
        if agent != nil { try hearController(say: say) }
        for piece in fromClient.read() ?? [] {
            switch piece {
            case .line(let line): try tell(.client(line, isWhole: true), say: say)
            case .half(let line): try tell(.client(line, isWhole: false), say: say)
            case .overlong(let prefix): try tell(.clientOverlong(prefix), say: say)
            }
        }
        if fromClient.isAtEnd { try tell(.clientClosed, say: say) }
    }

    private mutating func hearAgent(say: (String) -> Void) throws {
        if agent != nil { try hearController(say: say) }
        try readAgent(say: say)
    }

    /// - Returns: whether there was anything.
    @discardableResult
    private mutating func readAgent(say: (String) -> Void) throws -> Bool {
        guard let pieces = agent?.output.read() else { return false }
        for piece in pieces {
            switch piece {
            case .line(let line): try tell(.agent(line, isWhole: true), say: say)
            case .half(let line): try tell(.agent(line, isWhole: false), say: say)
            case .overlong(let prefix): try tell(.agentOverlong(prefix), say: say)
            }
        }
        return true
    }

    // MARK: The controller

    private mutating func hearController(say: (String) -> Void) throws {
        guard agent != nil else { return try seek(say: say) }
        while let news = agent?.command.next(station.poller, say: say) {
            guard case .event(let event) = news else { continue }
            switch event {
            case .closeInput(let cause, let closing):
                try tell(.closeInput(Reason(cause), Closing(closing)), say: say)
            case .cancelTurn(let cause, let turn): try tell(.cancelTurn(Reason(cause), turn: turn), say: say)
            case .ended(let ending):
                agent?.command.killIfItEscaped()
                try endLife(
                    LifeEnd(reason: Reason(ending.cause), isSuspended: ending.isSuspended, exitCode: ending.exitCode),
                    say: say)
            case .released: try endUnheard(say: say)
            case .granted, .queued, .attached, .attachFailed: break
            }
        }
    }

    /// The tree is gone; what its pipe still holds was said in time.
    private mutating func endLife(_ end: LifeEnd, say: (String) -> Void) throws {
        while try readAgent(say: say) {}
        tellEndOfTurn()
        agent?.forget(station.poller)
        agent = nil
        if end.isSuspended, end.reason.kind != "start_failed" {
            say("the agent is suspended and comes back with the next message: \(end.reason.message)")
        } else if !end.isSuspended, end.reason.kind != "exited", end.reason.kind != "signaled" {
            say("the agent was ended: \(end.reason.message)")
        }
        try tell(.lifeEnded(end), say: say)
    }

    /// Nobody is there to say why it ended; only we saw it.
    private mutating func endUnheard(say: (String) -> Void) throws {
        let status = agent?.command.status
        let message = status.map { "\($0)" } ?? "the agent is gone"
        let reason = Reason(kind: "exited", message: message, json: ["kind": "exited", "message": .string(message)])
        try endLife(LifeEnd(reason: reason, isSuspended: false, exitCode: status?.code ?? ExitCode.failed), say: say)
    }

    private mutating func passTime(say: (String) -> Void) throws {
        if agent?.command.reopenIfDue(station.poller) == true { try tell(.leaseTaken, say: say) }
        if agent?.command.isGivenUp(say: say) == true { try endUnheard(say: say) }
        if search.isDue { try seek(say: say) }
        if let deadline = conversation.nextDeadline, now >= deadline { try tell(.timePassed, say: say) }
    }

    // MARK: Starting

    /// Goes one step on the way to a session, and starts the agent at its end.
    private mutating func seek(say: (String) -> Void) throws {
        let grant: LeaseEvent.Grant
        do {
            guard let found = try search.step(station.poller, say: say) else { return }
            grant = found
        } catch {
            try failStart(error, say: say)
            return
        }
        guard let launch = search.takeLaunch() else { return }
        do {
            agent = try RunningAgent(launch, options, grant, station.spawnOptions, station.poller)
        } catch {
            try failStart(error, say: say)
            return
        }
        // Only an order ends what is kept here too. A controller that died before it kept the token has not been told.
        let followsEnd = grant.followsEnd && grant.life == lastLife.map { $0 + 1 }
        lastLife = grant.life
        try tell(.agentStarted(resume: grant.resume, followsEnd: followsEnd), say: say)
    }

    private mutating func failStart(_ error: any Error, say: (String) -> Void) throws {
        search.stop(station.poller)
        let failure = LaunchFailure(any: error)
        say(failure.description)
        try tell(
            .startFailed(
                StartFailure(
                    message: failure.description, exitCode: failure.exitCode,
                    isRefusal: failure.exitCode == ExitCode.notAdmitted)), say: say)
    }

    // MARK: What is to be done

    private mutating func perform(_ actions: [PinfoldACP.Action], say: (String) -> Void) throws {
        for action in actions {
            switch action {
            case .toClient(let line, let endsLine): toClient.append(line, endsLine: endsLine)
            case .toAgent(let line, let endsLine): agent?.append(line, endsLine: endsLine)
            case .startAgent:
                search.begin()
                try seek(say: say)
            case .abandonStart: search.stop(station.poller)
            case .closeAgentInput: agent?.closesInput = true
            case .report(let report):
                tellEndOfTurn()
                if report.state == .none {
                    owesEndOfTurn = true
                } else {
                    agent?.command.tell(.turn(PinfoldCore.TurnReport(report)))
                }
            case .reportActivity: agent?.command.tell(.active(.acp))
            case .remember(let token): agent?.command.tell(.remember(token))
            case .failLife(let why):
                agent?.command.tell(.startFailed(reason: why, exitCode: ExitCode.failed))
            case .say(let text): say(text)
            case .finish(let status): exitCode = status
            }
        }
    }

    // MARK: Back-pressure

    private var wantsClient: Bool {
        guard !fromClient.isAtEnd, exitCode == nil, conversation.heldBytes < options.lineCap else { return false }
        switch agent {
        case .some(let agent): return !agent.isFull
        case .none: return true
        }
    }

    /// Reads only what there is room for at the other side.
    private mutating func watch() throws {
        try fromClient.watch(wantsClient, station.poller)
        try agent?.output.watch(!toClient.isFull, station.poller)
    }

    private func timeout() -> Duration? {
        if fromClient.isAlwaysReady, wantsClient { return .zero }
        let now = MonotonicClock.now()
        let due = [
            commandDeadline.map { now.duration(to: $0) }, search.dueAt.map { now.duration(to: $0) },
            conversation.nextDeadline.map { $0 - .nanoseconds(Int64(clamping: now.nanoseconds)) },
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

extension PinfoldACP.Closing {
    fileprivate init(_ closing: PinfoldCore.Closing) {
        self.init(
            grace: .milliseconds(Int64(clamping: closing.milliseconds)), reports: closing.reports,
            isRefusable: closing.isRefusable)
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
