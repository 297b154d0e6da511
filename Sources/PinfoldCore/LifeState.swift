/// The states of a life, from its admission to the end of its cgroup.
///
/// A session that has no life is `suspended` or `ended`; what is shown of one that has is ``SessionState``. Which event
/// takes a life from which state to which is one table, ``step(on:)``.
package enum LifeState: Hashable, Sendable {
    /// Granted, the command not yet running; it fails at the deadline.
    case starting(deadline: Instant)
    case running
    /// `cgroup.freeze` holds 1 (`FreezeIdleSec=`).
    case frozen
    /// Stdin is closed; SIGTERM follows at the deadline. A turn that begins before takes a refusable one back.
    case closingInput(until: Instant, isRefusable: Bool)
    /// SIGTERM was sent; `cgroup.kill` follows at the deadline.
    case terminating(until: Instant)
    /// `cgroup.kill` was written then. It is written once, unless the kernel refuses.
    case killing(since: Instant, isReportedStuck: Bool)
    /// Empty, but its launcher has not reported how the command ended; the report is awaited until the deadline.
    case awaitingStatus(until: Instant)
    /// Empty; the directory is being removed.
    case collecting
}

/// What can happen to a life.
enum LifeEvent: CaseIterable {
    /// The command runs.
    case started
    /// Somebody used it.
    case used
    /// A launcher reports where its turns stand.
    case turnReported
    /// Idle for `FreezeIdleSec=`.
    case freezeDue
    /// The deadline of its state has passed.
    case deadlinePassed
    /// It is to end: with a closed stdin first, with SIGTERM first, or at once.
    case endRequested, terminationRequested, killRequested
    /// The kernel refused the last kill.
    case killRefused
    /// The command's own process is gone; what it left behind goes too, or stays (`--keep-tree`).
    case exited, exitedKeepingTree
    /// No process is left, and all that will be known of the command's end is known.
    case emptied
    /// No process is left, and its launcher has not reported how the command ended.
    case emptiedUnreported
    /// Nobody holds its lease any more: its policy ends it, or keeps it.
    case leaseLost, leaseLostKeeping
    /// No launcher is left that could report how the command ended.
    case launcherGone
}

/// What an event makes of a life: its next state, and the actions on the way there.
enum LifeStep {
    case none
    case run, freeze, thaw
    /// The command did not come to run in time.
    case failStart
    /// The launcher goes, what the command left behind goes on.
    case release
    case closeInput, terminate, kill, reportStuck
    /// A user requested the ending that has begun: no turn takes it back any more.
    case confirmEnding
    /// The ending that has begun is taken back.
    case reinstate
    case awaitStatus, collect
}

extension LifeState {
    /// The table. It has no default, so the compiler demands a cell for each event when a state is added.
    func step(on event: LifeEvent) -> LifeStep {
        switch event {
        case .started:
            switch self {
            case .starting: .run
            case .running, .frozen, .closingInput, .terminating, .killing, .awaitingStatus, .collecting: .none
            }
        case .used:
            switch self {
            case .frozen: .thaw
            case .starting, .running, .closingInput, .terminating, .killing, .awaitingStatus, .collecting: .none
            }
        case .turnReported:
            switch self {
            case .closingInput(_, isRefusable: true): .reinstate
            case .starting, .running, .frozen, .closingInput, .terminating, .killing, .awaitingStatus, .collecting:
                .none
            }
        case .freezeDue:
            switch self {
            case .running: .freeze
            case .starting, .frozen, .closingInput, .terminating, .killing, .awaitingStatus, .collecting: .none
            }
        case .deadlinePassed:
            switch self {
            case .starting: .failStart
            case .closingInput: .terminate
            case .terminating: .kill
            case .killing(_, isReportedStuck: false): .reportStuck
            case .awaitingStatus: .collect
            case .running, .frozen, .killing, .collecting: .none
            }
        case .endRequested:
            switch self {
            case .starting, .running, .frozen: .closeInput
            case .closingInput(_, isRefusable: true): .confirmEnding
            case .closingInput, .terminating, .killing, .awaitingStatus, .collecting: .none
            }
        case .terminationRequested:
            switch self {
            case .starting, .running, .frozen: .terminate
            case .closingInput(_, isRefusable: true): .confirmEnding
            case .closingInput, .terminating, .killing, .awaitingStatus, .collecting: .none
            }
        case .killRequested:
            switch self {
            case .starting, .running, .frozen, .closingInput, .terminating, .killing(_, isReportedStuck: true): .kill
            case .killing, .awaitingStatus, .collecting: .none
            }
        case .killRefused:
            switch self {
            case .killing: .kill
            case .starting, .running, .frozen, .closingInput, .terminating, .awaitingStatus, .collecting: .none
            }
        case .exited:
            switch self {
            case .starting, .running, .frozen: .terminate
            // It noticed; what it left behind has no stdin to lose.
            case .closingInput: .terminate
            case .awaitingStatus: .collect
            case .terminating, .killing, .collecting: .none
            }
        case .exitedKeepingTree:
            switch self {
            case .starting, .running, .frozen: .release
            case .closingInput: .terminate
            case .awaitingStatus: .collect
            case .terminating, .killing, .collecting: .none
            }
        case .emptied:
            switch self {
            // The cgroup is empty until the command is placed in it.
            case .starting, .collecting: .none
            case .running, .frozen, .closingInput, .terminating, .killing, .awaitingStatus: .collect
            }
        case .emptiedUnreported:
            switch self {
            case .starting, .awaitingStatus, .collecting: .none
            case .running, .frozen, .closingInput, .terminating, .killing: .awaitStatus
            }
        case .leaseLost:
            switch self {
            // What has not begun has nothing to save.
            case .starting: .kill
            case .running, .frozen: .terminate
            case .awaitingStatus: .collect
            case .closingInput, .terminating, .killing, .collecting: .none
            }
        case .leaseLostKeeping:
            switch self {
            case .starting: .kill
            case .awaitingStatus: .collect
            case .running, .frozen, .closingInput, .terminating, .killing, .collecting: .none
            }
        case .launcherGone:
            switch self {
            case .awaitingStatus: .collect
            case .starting, .running, .frozen, .closingInput, .terminating, .killing, .collecting: .none
            }
        }
    }

    /// When ``LifeEvent/deadlinePassed`` is due; nil for a state that ends by what happens alone.
    var deadline: Instant? {
        switch self {
        case .starting(let deadline): deadline
        case .closingInput(let until, _), .terminating(let until), .awaitingStatus(let until): until
        case .killing(let since, isReportedStuck: false): since + SessionPool.stuckAfter
        case .running, .frozen, .killing, .collecting: nil
        }
    }

    package var isEnding: Bool {
        switch self {
        case .starting, .running, .frozen: false
        case .closingInput, .terminating, .killing, .awaitingStatus, .collecting: true
        }
    }

    /// Whether its command runs or is frozen, and is not being ended.
    package var isRunning: Bool {
        switch self {
        case .running, .frozen: true
        case .starting, .closingInput, .terminating, .killing, .awaitingStatus, .collecting: false
        }
    }

    /// Whether a turn takes its ending back.
    package var isRefusable: Bool {
        if case .closingInput(_, isRefusable: true) = self { true } else { false }
    }

    /// Whether `cgroup.kill` was written and processes may be left.
    package var isKilling: Bool {
        if case .killing = self { true } else { false }
    }

    /// Whether an ending has no grace left to give: killed, or empty.
    package var isBeyondGrace: Bool {
        switch self {
        case .killing, .awaitingStatus, .collecting: true
        case .starting, .running, .frozen, .closingInput, .terminating: false
        }
    }
}
