/// What can happen to the pool. Whoever performs the actions turns the world's answers into these.
package enum Event: Sendable {
    /// A launcher wants a session.
    case requested(SessionRequest)
    /// A client's connection is gone: what it waited for is no longer wanted, what it held is lost.
    case disconnected(ClientID)
    /// A launcher holds the lease of a running life again.
    case leaseTaken(LifeID, by: ClientID)
    /// A launcher was asked to terminate, and its session is to end with it.
    case launcherTerminated(LifeID)

    /// The answer to `Action.create`.
    case created(LifeID, CreationFacts)
    case creationFailed(LifeID, reason: String)

    /// The command runs.
    case commandStarted(LifeID, processID: Int32, placement: Placement)
    /// The command could not be executed; `exit` is what its launcher will exit with.
    case startFailed(LifeID, reason: String, exit: Int32)
    case commandExited(LifeID, CommandStatus)
    case activity(LifeID, ActivitySource)
    /// A launcher reports the state of its turns, changed or not.
    case turn(LifeID, TurnReport)
    /// A launcher sends the resume token for the next life.
    case token(LifeID, String?)

    case ordered(Order)
    /// The answer to `Action.setLimits`.
    case limitsSet(LifeID, CreationFacts)

    case snapshot(MemorySnapshot)
    /// A counter in some life's or the pool's `memory.events` moved: look now rather than at the next tick.
    case memoryEvent

    /// The kernel refused what an action asked for.
    case callFailed(LifeID, KernelCall, reason: String)
    /// No process is left in the life's cgroup.
    case emptied(LifeID)
    /// The life's directory is gone, or is removed later without a client waiting for it.
    case removed(LifeID, LifeTotals)

    /// Some deadline may have passed.
    case timePassed

    /// At start: what a former controller left behind.
    case adopted([Adoption])
    case budgetChanged(PoolBudget)
    /// A session's record could not be written or removed. It is kept in memory and tried again.
    case recordFailed(SessionID, reason: String)
    /// A record is on disk; only sent while others are not.
    case recordKept(SessionID)
    /// The controller is asked to leave. Sessions stay for the next one, or end with it.
    case shutdown(endingSessions: Bool)
}

/// What a launcher asks for, with the policy already chosen and its own settings laid over it.
package struct SessionRequest: Sendable {
    package let client: ClientID
    package let session: SessionID
    package let owner: UserID
    /// Root and the controller's own user may take any session over.
    package let isPrivileged: Bool
    package let policyName: String
    package let policy: SessionPolicy
    /// The life in whose cgroup the caller is; nil where it is in none.
    package let parent: LifeID?
    package let settings: [String]
    /// How long it may stay in the queue; nil for the pool's `AdmissionTimeoutSec=`.
    package let patience: Duration?
    package let keepsTree: Bool

    package init(
        client: ClientID, session: SessionID, owner: UserID, isPrivileged: Bool, policyName: String,
        policy: SessionPolicy, settings: [String], patience: Duration?, keepsTree: Bool, parent: LifeID? = nil
    ) {
        self.client = client
        self.session = session
        self.owner = owner
        self.isPrivileged = isPrivileged
        self.policyName = policyName
        self.policy = policy
        self.settings = settings
        self.patience = patience
        self.keepsTree = keepsTree
        self.parent = parent
    }
}

/// A user's order for a session. Each is answered once, when it is done.
package struct Order: Sendable {
    package enum Verb: Sendable {
        case touch, pin, unpin, suspend, end, kill
        case set(SessionPolicy, settings: [String])
        /// Keeps what the next life needs to go on. With a life: only while that one is the current.
        case setToken(life: UInt64?, token: String?)
    }

    package let client: ClientID
    package let session: SessionID
    package let verb: Verb
    package let by: UserID

    package init(client: ClientID, session: SessionID, verb: Verb, by: UserID) {
        self.client = client
        self.session = session
        self.verb = verb
        self.by = by
    }
}

/// A session found on disk or in the tree when a controller starts.
package struct Adoption: Sendable {
    package let session: Session
    /// What is left of its last life; nil where its cgroup is gone.
    package let adoptedLife: AdoptedLife?
    /// Its last life was there in a former boot of the machine.
    package let wasRunningAtReboot: Bool

    package struct AdoptedLife: Sendable {
        package let facts: CreationFacts
        package let processID: Int32?
        package let placement: Placement?
        package let keepsTree: Bool
        package let parent: LifeID?

        package init(
            facts: CreationFacts, processID: Int32?, placement: Placement?, keepsTree: Bool, parent: LifeID? = nil
        ) {
            self.facts = facts
            self.processID = processID
            self.placement = placement
            self.keepsTree = keepsTree
            self.parent = parent
        }
    }

    package init(session: Session, adoptedLife: AdoptedLife?, wasRunningAtReboot: Bool = false) {
        self.session = session
        self.adoptedLife = adoptedLife
        self.wasRunningAtReboot = wasRunningAtReboot
    }
}
