/// What all sessions together may use, and when some give way: the `[Pool]` section of `pool.policy`, as values.
package struct PoolPolicy: Hashable, Sendable {
    package var memoryMax = MemoryAmount.percent(80)
    /// Nil leaves the kernel's own (no limit of the pool's).
    package var memorySwapMax: MemoryAmount?
    package var maxSessions = 10
    /// Of one user's sessions, how many may live at a time; nil for as many as there may be in all.
    package var maxSessionsPerUser: Int?
    /// How many requests of one user may wait at a time.
    package var maxQueuedPerUser = 100
    /// How many suspended sessions one user may have.
    package var maxSuspendedPerUser = 1_000
    /// What must stay free; below it idle sessions are evicted with grace.
    package var memoryReserve = MemoryAmount.percent(10)
    /// Below it they are evicted at once.
    package var memoryReserveHard = MemoryAmount.percent(5)
    /// Hundredths of a percent of `full avg10` in the pool's `memory.pressure`; nil turns the rule off.
    package var pressureLimit: UInt32?
    /// How long the pressure must last.
    package var pressureDuration = Duration.seconds(10)
    package var admissionTimeout = Duration.seconds(30)
    /// How long nothing more is evicted with grace after an eviction for memory or pressure.
    package var evictQuiet = Duration.seconds(1)
    package var evictBusy = EvictBusyRule.no
    package var dryRun = false
    package var enforcement = EnforcementRule.kernel

    package init() {}
}

/// `EvictBusy=`: whether the hard reserve may take busy sessions when no idle one is left.
package enum EvictBusyRule: String, CaseIterable, Sendable {
    case no, hard
}

/// `Enforcement=`: what happens where the kernel cannot hold the limits.
package enum EnforcementRule: String, CaseIterable, Sendable {
    /// Refuse to start.
    case kernel
    /// Start with what there is, and report it everywhere.
    case best
}

/// Who holds a session's memory limit.
package enum Enforcement: String, CaseIterable, Sendable {
    /// The kernel does, by `memory.max`.
    case kernel
    /// Nobody does, but its use is watched.
    case observed
    /// Nobody does.
    case none
}

/// The pool's policy in bytes, once the effective limit is known.
package struct PoolBudget: Hashable, Sendable {
    package let policy: PoolPolicy
    /// The least of physical memory and every visible ancestor's `memory.max`, in bytes.
    package let effectiveLimit: UInt64
    /// How many processes and threads the system allows in all.
    package let taskLimit: UInt64
    /// Nil for no limit.
    package let memoryMax: UInt64?
    package let memorySwapMax: UInt64?
    package let reserve: UInt64
    package let hardReserve: UInt64

    package init(policy: PoolPolicy, effectiveLimit: UInt64, taskLimit: UInt64) {
        self.policy = policy
        self.effectiveLimit = effectiveLimit
        self.taskLimit = taskLimit
        memoryMax = policy.memoryMax.resolved(against: effectiveLimit)
        memorySwapMax = policy.memorySwapMax?.resolved(against: effectiveLimit)
        reserve = policy.memoryReserve.resolved(against: effectiveLimit) ?? 0
        hardReserve = policy.memoryReserveHard.resolved(against: effectiveLimit) ?? 0
    }
}
