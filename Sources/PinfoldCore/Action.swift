/// What must now be done, in order. The core decides; the loop performs and knows no rule.
package enum Action: Sendable {
    /// Make the life's cgroup with these limits; answered by `created` or `creationFailed`.
    case create(LifeID, SessionLimits)
    /// Hand the cgroup to the launcher, which now starts the command in it.
    case grant(ClientID, LifeID)
    case queued(ClientID, position: Int)
    case refuse(ClientID, Refusal)

    /// First stage: tell the launcher to close the command's stdin, and why.
    case closeInput(LifeID, Cause, InputClosing)
    /// Tell the launcher to cancel the turn that is open for too long.
    case cancelTurn(LifeID, turn: UInt64?, Cause)
    /// Second stage: SIGTERM to every process.
    case terminate(LifeID)
    /// Last stage: one write to `cgroup.kill`.
    case kill(LifeID)
    /// Read the last numbers, remove the directory; answered by `removed`.
    case collect(LifeID)
    /// Tell the launcher that it is over.
    case finish(ClientID, LifeOutcome)
    /// Tell the launcher that its lease has ended while what the command left behind goes on.
    case release(ClientID, LifeID)

    case setLimits(LifeID, SessionLimits)
    case freeze(LifeID)
    case thaw(LifeID)
    /// Ask the kernel for what an idle life can spare (`memory.reclaim`).
    case reclaim(LifeID)
    /// Take a snapshot; answered by `snapshot`.
    case read(SnapshotRequest)

    /// Keep what is known of a session, so that neither a crash nor a restart loses it.
    case save(SessionID)
    case forget(SessionID)
    case log(LoggedEvent)
    case answer(ClientID, SessionID, OrderOutcome)
    /// Every session is over; the controller may go.
    case shutdownComplete
}

/// How a life ended, as its launcher must know it.
package struct LifeOutcome: Sendable {
    package let life: LifeID
    package let cause: Cause
    package let isSuspended: Bool
    package let status: CommandStatus?

    package init(life: LifeID, cause: Cause, isSuspended: Bool, status: CommandStatus?) {
        self.life = life
        self.cause = cause
        self.isSuspended = isSuspended
        self.status = status
    }

    package var exitCode: Int32 {
        ExitCode.ofLauncher(cause: cause, isSuspended: isSuspended, status: status)
    }
}

/// Why a session was not admitted.
package enum Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    case alreadyRunning(LifeID)
    case foreign(SessionID, owner: UserID)
    case waitedInVain(Duration, Shortage)
    case cancelled(by: UserID)
    case queueFull(Group, Int, limit: Int)
    case tooManySuspended(Group, Int, limit: Int)
    case parentEnds(SessionID)
    case tooManyNested(SessionID, limit: Int)
    case nothingLeft(SessionID, key: String)
    case creation(String)
    case shuttingDown

    package var description: String {
        switch self {
        case .alreadyRunning(let life):
            "the session '\(life.session)' is already running (life \(life.number)); end it first, or choose another name"
        case .foreign(let session, let owner):
            "the session '\(session)' belongs to \(owner); choose another name"
        case .waitedInVain(let waited, .memory(let shortage)):
            "not enough memory became free in \(Wording.roughly(waited)): \(shortage); wait longer with --wait"
        case .waitedInVain(let waited, let shortage):
            "no place became free in \(Wording.roughly(waited)): \(shortage)"
        case .cancelled(let user):
            "cancelled by \(user) while it waited"
        case .queueFull(.user, let count, let limit):
            "\(count) requests of this user are waiting already, and MaxQueuedPerUser= is \(limit); try again later"
        case .queueFull(_, let count, _):
            "\(count) requests are waiting already; try again later"
        case .tooManySuspended(.user, let count, let limit):
            "\(count) sessions of this user live or are suspended, and at most \(limit) may be; end some of them with "
                + "'pinfold end', or raise MaxSuspendedPerUser="
        case .tooManySuspended(_, let count, let limit):
            "\(count) sessions of all users live or are suspended, and at most \(limit) may be; end some of them with "
                + "'pinfold end'"
        case .parentEnds(let parent):
            "the session '\(parent)' that the caller runs in is ending, and so would one that is opened from within it"
        case .tooManyNested(let outermost, let limit):
            "\(limit) sessions that were opened from within '\(outermost)' live or wait, as many as there may be; end some "
                + "of them first"
        case .nothingLeft(let outermost, let key):
            "sessions that were opened from within '\(outermost)' have all of its \(key)= already; end one of them, or open "
                + "each with a part of it (--set \(key)=)"
        case .creation(let reason):
            reason
        case .shuttingDown:
            "the controller is shutting down"
        }
    }
}

/// How an order went.
package enum OrderOutcome: Hashable, Sendable {
    case done
    case unknownSession
    /// Not possible for this session; the sentence says why.
    case refused(String)
}
