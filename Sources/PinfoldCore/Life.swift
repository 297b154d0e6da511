/// The current life of a session.
package struct Life: Sendable {
    package let number: UInt64
    package let startedAt: Instant
    package var state: LifeState
    /// Why it ends, and the memory expected back; nil while it is not being ended by the controller.
    package var ending: Ending?
    /// The launcher's connection; nil without a lease.
    package var lease: ClientID?
    /// Who waits for this life to be over.
    package var waiting: [ClientID] = []
    /// Who waits for new limits to be written.
    package var settingLimits: [ClientID] = []
    package var processID: Int32?
    package var placement: Placement?
    package var enforcement: Enforcement
    package var unenforced: [UnenforcedLimit]
    package var turn = Turn.none
    /// What `TurnTimeoutSec=` and `PermissionTimeoutSec=` are counted from: at most one turn of each state.
    package var turnClocks: [TurnClock] = []
    /// Whether what is open counts as use.
    package var turnIsUse = false
    /// Reports of turns that came over the current lease.
    package var turnReports: UInt64 = 0
    /// Its launcher relays a conversation, and knows what the next life needs; a command inside it cannot.
    package var launcherKeepsToken = false
    package var cancelledTurn: CancelledTurn?
    package var memory = LifeMemory()
    package var cpu: CPUSample?
    /// How the command ended, once reported.
    package var status: CommandStatus?
    /// The command is gone but what it left behind may stay (`--keep-tree`).
    package var keepsTree: Bool
    /// The life in whose cgroup its caller was; it ends with that one.
    package var parent: LifeID?
    /// Something that was opened from within it is in use, and is looked at again then.
    package var nestedUseUntil: Instant?
    /// Nobody holds the lease; the life ends then. Nil where it is held, or may be lost for good.
    package var leaseDeadline: Instant?
    package var isReclaimed = false
    /// Whether the life before this one was ended for good by its user.
    package var followsEnd = false
    var failures = KernelFailures()
    /// Whether the last announced state was idle.
    package var loggedIdle = false

    package init(number: UInt64, startedAt: Instant, state: LifeState, facts: CreationFacts, keepsTree: Bool) {
        self.number = number
        self.startedAt = startedAt
        self.state = state
        self.enforcement = facts.enforcement
        self.unenforced = facts.unenforced
        self.keepsTree = keepsTree
    }

    /// How its ending is put to its launcher, while it has time to leave by itself.
    package func inputClosing(at now: Instant) -> InputClosing? {
        guard case .closingInput(let until, let isRefusable) = state else { return nil }
        return InputClosing(
            milliseconds: UInt64(until.since(now).wholeMilliseconds), reports: turnReports, isRefusable: isRefusable)
    }

    /// Taken over from a former controller, and its launcher, who alone knows whether a turn is open, not yet back.
    package var awaitsLauncher: Bool { leaseDeadline != nil }
}

/// What the cgroup of a new life turned out to hold.
package struct CreationFacts: Hashable, Sendable {
    package var enforcement: Enforcement
    package var unenforced: [UnenforcedLimit]

    package init(enforcement: Enforcement, unenforced: [UnenforcedLimit]) {
        self.enforcement = enforcement
        self.unenforced = unenforced
    }
}

/// The last measurement of a life's memory, bytes; nil where there is no memory controller.
package struct LifeMemory: Hashable, Sendable {
    package var current: UInt64?
    /// `memory.current` less `inactive_file`: what reclaim would not give back for nothing.
    package var workingSet: UInt64?
    /// Memory that only a kill or swap gives back; victims are ranked by it.
    package var anonymous: UInt64?
    package var peak: UInt64?
    package var events: MemoryEventCounts?
    package var tasks: UInt64?

    package init() {}
}

/// The CPU time of a tree at a moment, to distinguish use from noise by the difference.
package struct CPUSample: Hashable, Sendable {
    package let microseconds: UInt64
    package let at: Instant

    package init(microseconds: UInt64, at: Instant) {
        self.microseconds = microseconds
        self.at = at
    }
}

/// Why a life is being ended, and what is expected of it.
package struct Ending: Sendable {
    /// Nil where the command left by itself and only what it left behind must go.
    package var cause: Cause?
    package var suspends: Bool
    /// Bytes that are counted as coming back, until `creditEnds`.
    package var expected: UInt64
    package var creditEnds: Instant
    /// Ended by its owner for good: nothing is kept for a next life.
    package var isFinal = false
}
