/// The current life of a session.
package struct Life: Sendable {
    package let number: UInt64
    package let startedAt: Instant
    package var stage: Stage
    /// The launcher's connection; nil while nobody holds the lease.
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
    /// Whether what is open is somebody's use.
    package var turnIsUse = false
    /// Reports of turns that came over the current lease.
    package var turnReports: UInt64 = 0
    /// Its launcher relays a conversation, and knows what the next life needs; a command inside it cannot.
    package var launcherKeepsToken = false
    package var cancelledTurn: CancelledTurn?
    package var memory = LifeMemory()
    package var cpu: CPUSample?
    /// How the command ended, once somebody said so.
    package var status: CommandStatus?
    /// The command is gone but what it left behind may stay (`--keep-tree`).
    package var keepsTree: Bool
    /// The life in whose cgroup its caller was; it ends with that one.
    package var parent: LifeID?
    /// Something that was opened from within it is in use, and is looked at again then.
    package var nestedUseUntil: Instant?
    /// Nobody holds the lease; the life ends then. Nil where it is held, or may be lost for good.
    package var leaseDeadline: Instant?
    package var isFrozen = false
    package var isReclaimed = false
    /// Whether the life before this one was ended for good by its user.
    package var followsEnd = false
    var failures = KernelFailures()
    /// Whether the last announced state was idle.
    package var loggedIdle = false

    package enum Stage: Sendable {
        /// Granted, the command not yet running; it fails at the deadline.
        case starting(deadline: Instant)
        case running
        case stopping(Stopping)
    }

    package init(number: UInt64, startedAt: Instant, stage: Stage, facts: CreationFacts, keepsTree: Bool) {
        self.number = number
        self.startedAt = startedAt
        self.stage = stage
        self.enforcement = facts.enforcement
        self.unenforced = facts.unenforced
        self.keepsTree = keepsTree
    }

    /// How its ending is put to its launcher, while it has time to leave by itself.
    package func inputClosing(at now: Instant) -> InputClosing? {
        guard case .closingInput(let until)? = stopping?.step else { return nil }
        return InputClosing(
            milliseconds: UInt64(until.since(now).wholeMilliseconds), reports: turnReports,
            isRefusable: stopping?.isRefusable == true)
    }

    /// Taken over from a former controller, and its launcher, who alone knows whether a turn is open, not yet back.
    package var awaitsLauncher: Bool { leaseDeadline != nil }

    package var stopping: Stopping? {
        guard case .stopping(let stopping) = stage else { return nil }
        return stopping
    }
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

/// The CPU time of a tree at a moment, to tell use from noise by the difference.
package struct CPUSample: Hashable, Sendable {
    package let microseconds: UInt64
    package let at: Instant

    package init(microseconds: UInt64, at: Instant) {
        self.microseconds = microseconds
        self.at = at
    }
}

/// A life that is being ended.
package struct Stopping: Sendable {
    /// Why, where somebody here wanted it; nil where the command left by itself.
    package var cause: Cause?
    package var suspends: Bool
    /// Begun because nobody used the session: a turn that begins before anything was sent to a process takes it back.
    package var yieldsToTurns: Bool
    package var step: Step
    /// Bytes that are counted as coming back, until `creditEnds`.
    package var expected: UInt64
    package var creditEnds: Instant
    package var isEmpty = false
    /// Empty but its launcher has not yet said how the command ended; not waited for beyond this.
    package var statusDeadline: Instant?
    /// Ended by its owner for good: nothing is kept for a next life.
    package var isFinal = false

    package enum Step: Hashable, Sendable {
        /// Stdin is closed; SIGTERM follows at the deadline.
        case closingInput(until: Instant)
        /// SIGTERM was sent; `cgroup.kill` follows at the deadline.
        case terminating(until: Instant)
        /// `cgroup.kill` was written then. It is written once, unless the kernel refuses.
        case killing(since: Instant, isReportedStuck: Bool)
        /// Empty; the directory is being removed.
        case collecting
    }

    package var isRefusable: Bool {
        switch step {
        case .closingInput: yieldsToTurns
        case .terminating, .killing, .collecting: false
        }
    }

    /// Killed long ago and not empty. One that is empty and waits for its launcher is not.
    var isStuck: Bool {
        if case .killing(_, isReportedStuck: true) = step { !isEmpty } else { false }
    }

    package var isKilling: Bool {
        switch step {
        case .killing, .collecting: true
        case .closingInput, .terminating: false
        }
    }
}
