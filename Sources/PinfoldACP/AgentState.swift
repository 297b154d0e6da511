/// The state of the agent process behind one client connection.
///
/// The agent may go and come back many times meanwhile: each time through `starting` and `initializing` again. Which
/// event takes it from which state to which is one table, ``step(on:)``.
enum AgentState: Hashable, Sendable {
    /// No process, and none wanted.
    case absent
    /// Asked for.
    case starting
    /// It runs and was sent `initialize`; given up then.
    case initializing(until: Duration)
    case ready
    /// Ready, but for a session that is resumed first. What is buffered waits.
    case resuming(SessionResumption)
    /// Nothing new goes to it.
    case stopping(AgentStop)
    /// It is over, and so are we.
    case finished
}

/// What can happen to the agent.
enum AgentEvent: CaseIterable {
    /// A message is buffered that an agent is worth starting for.
    case messageBuffered
    /// The process is there, and the client has not yet sent its `initialize`.
    case started
    /// The process is there, and the client's `initialize` has to be repeated.
    case startedAgain
    case startFailed
    case initialized
    /// The next buffered message is of a session that is not open.
    case sessionNeeded
    /// The session is open again, or is given up.
    case resumptionOver
    /// The controller ends the life.
    case stopRequested
    /// The agent is of no use.
    case lifeFailed
    /// The client has closed its side, and nothing is buffered.
    case clientDone
    /// The client has hung up.
    case clientGone
    /// The deadline of its state has passed.
    case deadlinePassed
    /// The life is over: it was suspended, it ended by itself, or it was ended for good.
    case suspended, left, ended
}

/// What an event makes of the agent.
enum AgentStep {
    case none
    case start, initialize
    /// It takes messages.
    case serve
    case resume
    case stop, abandon, closeInput
    /// It is away until the next message.
    case rest
    /// It is away, and what was buffered for it fails: to try again at once could go on for ever.
    case fail
    case finish
    case failInitialize, failResumption
}

extension AgentState {
    /// The table. It has no default, so the compiler demands a cell for each event when a state is added.
    func step(on event: AgentEvent) -> AgentStep {
        switch event {
        case .messageBuffered:
            switch self {
            case .absent: .start
            case .starting, .initializing, .ready, .resuming, .stopping, .finished: .none
            }
        case .started:
            switch self {
            case .starting: .serve
            case .absent, .initializing, .ready, .resuming, .stopping, .finished: .none
            }
        case .startedAgain:
            switch self {
            case .starting: .initialize
            case .absent, .initializing, .ready, .resuming, .stopping, .finished: .none
            }
        case .startFailed:
            switch self {
            case .starting: .rest
            case .absent, .initializing, .ready, .resuming, .stopping, .finished: .none
            }
        case .initialized:
            switch self {
            case .initializing: .serve
            case .absent, .starting, .ready, .resuming, .stopping, .finished: .none
            }
        case .sessionNeeded:
            switch self {
            case .ready: .resume
            case .absent, .starting, .initializing, .resuming, .stopping, .finished: .none
            }
        case .resumptionOver:
            switch self {
            case .resuming: .serve
            case .absent, .starting, .initializing, .ready, .stopping, .finished: .none
            }
        case .stopRequested:
            switch self {
            case .initializing, .ready, .resuming: .stop
            case .absent, .starting, .stopping, .finished: .none
            }
        case .lifeFailed:
            switch self {
            case .initializing, .ready, .resuming, .stopping: .abandon
            case .absent, .starting, .finished: .none
            }
        case .clientDone:
            switch self {
            case .ready: .closeInput
            case .absent: .finish
            case .starting, .initializing, .resuming, .stopping, .finished: .none
            }
        case .clientGone:
            switch self {
            case .starting: .finish
            case .initializing, .ready, .resuming, .stopping: .closeInput
            case .absent, .finished: .none
            }
        case .deadlinePassed:
            switch self {
            case .initializing: .failInitialize
            // The client's own initialize is not answered.
            case .ready: .abandon
            case .resuming: .failResumption
            case .stopping: .closeInput
            case .absent, .starting, .finished: .none
            }
        case .suspended:
            switch self {
            case .initializing, .ready, .resuming, .stopping: .rest
            case .absent, .starting, .finished: .none
            }
        case .left:
            switch self {
            case .initializing, .resuming: .fail
            case .ready, .stopping: .finish
            case .absent, .starting, .finished: .none
            }
        case .ended:
            switch self {
            case .initializing, .ready, .resuming, .stopping: .finish
            case .absent, .starting, .finished: .none
            }
        }
    }

    /// Whether there is a process.
    var isRunning: Bool {
        switch self {
        case .initializing, .ready, .resuming, .stopping: true
        case .absent, .starting, .finished: false
        }
    }

    /// Whether it was initialized and takes messages.
    var isInitialized: Bool {
        switch self {
        case .ready, .resuming: true
        case .absent, .starting, .initializing, .stopping, .finished: false
        }
    }

    var isStopping: Bool {
        if case .stopping = self { true } else { false }
    }
}
