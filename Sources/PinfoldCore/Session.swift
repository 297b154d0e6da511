/// A session: a name, who owns it, how it is treated, and what is known of it between lives.
package struct Session: Sendable {
    package let id: SessionID
    package var owner: UserID
    package var policyName: String
    /// The policy with the caller's own settings laid over it.
    package var policy: SessionPolicy
    /// Those settings as they were written (`Key=Value`), so that a record can be read back under a newer policy.
    package var settings: [String]
    package var isPinned = false
    /// What the next life needs to go on where this one stopped; the core only knows whether there is something.
    package var token: String?
    /// How many lives there were; the number of the current one while there is one.
    package var lives: UInt64 = 0
    package var lastActivity: Instant
    /// Working set at the last measurement of the latest life, bytes: what the next one may be expected to need.
    package var lastMemory: UInt64?
    /// The most memory the latest ended life used, bytes.
    package var lastPeak: UInt64?
    package var life: Life?
    /// Why the latest life ended; nil before that.
    package var cause: Cause?
    /// Whether the session waits to come back, now that it has no life.
    package var isSuspended = false
    /// When the latest life ended, to forget the oldest of the ended first.
    package var endedAt: Instant?

    package init(
        id: SessionID, owner: UserID, policyName: String, policy: SessionPolicy, settings: [String],
        lastActivity: Instant
    ) {
        self.id = id
        self.owner = owner
        self.policyName = policyName
        self.policy = policy
        self.settings = settings
        self.lastActivity = lastActivity
    }

    /// Of the caller's own settings, those that the kernel does not enforce: a caller who asked for a limit must
    /// learn that there is none.
    package var unenforcedSettings: [UnenforcedLimit] {
        (life?.unenforced ?? []).filter { limit in settings.contains { $0.hasPrefix(limit.key + "=") } }
    }

    /// Whether a new life would go on where the last one stopped.
    package var isResumable: Bool {
        switch policy.resume {
        case .load: token != nil
        case .new: true
        case .never: false
        }
    }

    package func state(at now: Instant) -> SessionState {
        guard let life else { return isSuspended ? .suspended : .ended }
        switch life.state {
        case .starting: return .starting
        case .closingInput, .terminating, .killing, .awaitingStatus, .collecting: return .stopping
        case .running, .frozen: return isBusy(at: now) ? .busy : .idle
        }
    }

    /// Busy while a turn is open, until `IdleAfterSec=` has passed without activity, and while it is not known.
    package func isBusy(at now: Instant) -> Bool {
        guard let life else { return false }
        if let until = life.nestedUseUntil, now < until { return true }
        return life.awaitsLauncher || life.turn != .none || now.since(lastActivity) < policy.idleAfter
    }

    /// For how long an idle session has been idle, as the limits count it: since its last activity.
    package func idleTime(at now: Instant) -> Duration {
        now.since(lastActivity)
    }
}

/// The states a session is shown in.
package enum SessionState: String, CaseIterable, Sendable {
    /// A request waits for it to be admitted.
    case queued
    case starting, idle, busy, stopping, suspended, ended
}

/// How a command got into its cgroup.
package enum Placement: String, CaseIterable, Sendable {
    /// Born there: clone3(2) with `CLONE_INTO_CGROUP`.
    case into
    /// Moved there by the controller before `exec`.
    case attach
}
