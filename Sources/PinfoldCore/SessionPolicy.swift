/// What one kind of session may use and how it is treated: the `[Session]` section of a policy file, as values.
///
/// Names and defaults are those of the policy reference. A nil span means no limit in time.
package struct SessionPolicy: Hashable, Sendable {
    package var memoryMax = MemoryAmount.mebibytes(512)
    package var memoryHigh = MemoryAmount.infinity
    package var memoryLow = MemoryAmount.bytes(0)
    package var memorySwapMax = MemoryAmount.bytes(0)
    /// Processes and threads together.
    package var tasksMax = TaskAmount.count(512)
    /// Nil leaves the kernel's 100.
    package var cpuWeight: CPUWeight?
    /// Hundredths of a percent of one CPU; nil for no quota.
    package var cpuQuota: UInt64?
    /// 1 to 10 000; nil leaves the kernel's 100.
    package var ioWeight: UInt64?
    /// The CPUs the session may run on; nil for all.
    package var allowedCPUs: CPUSet?
    package var outOfMemory = OutOfMemoryRule.kill

    package var idleTimeout: Duration? = .seconds(4 * 3_600)
    package var lifetime: Duration?
    package var turnTimeout: Duration? = .seconds(30 * 60)
    /// How long a turn may wait for a human's answer; it counts as no other time of the turn.
    package var permissionTimeout: Duration? = .seconds(24 * 3_600)
    /// How long a closed stdin is given to end the session by itself.
    package var stdinClose = Duration.seconds(1)
    /// How long SIGTERM is given.
    package var term = Duration.seconds(3)
    package var evict = EvictionRule.yes
    package var resume = ResumeRule.load
    package var onLeaseLost = LeaseLostRule.stop
    package var activity = ActivitySource.Sources.all
    /// Without activity for this long, busy becomes idle.
    package var idleAfter = Duration.seconds(10)
    /// Hundredths of a percent of one CPU, above which use of CPU is activity.
    package var idleCPU: UInt64 = 200
    package var reclaimIdle: Duration?
    package var freezeIdle: Duration?

    package init() {}
}

/// A number of processes and threads as an operator writes it.
package enum TaskAmount: Hashable, Sendable {
    case count(UInt64)
    /// Hundredths of a percent of what the system allows.
    case share(UInt32)
    case infinity

    /// The number, nil for no limit.
    package func resolved(against systemLimit: UInt64) -> UInt64? {
        switch self {
        case .count(let count): count
        case .share(let share): UInt64(clamping: UInt128(systemLimit) * UInt128(share) / 10_000)
        case .infinity: nil
        }
    }
}

/// `CPUWeight=`: a share against siblings, or only idle time (`cpu.idle`).
package enum CPUWeight: Hashable, Sendable {
    /// 1 to 10 000.
    case weight(UInt64)
    case idle
}

/// `OOMPolicy=`: whether a process killed for memory takes its session with it (`memory.oom.group`).
package enum OutOfMemoryRule: String, CaseIterable, Sendable {
    case kill
    case `continue`
}

/// `Evict=`: whether a session may give way to others.
package enum EvictionRule: String, CaseIterable, Sendable {
    case yes
    /// Only after every session that may go has gone.
    case avoid
    /// Only while a next life would go on where this one stops.
    case resumable
    case never
}

/// `Resume=`: how a session comes back in a new life.
package enum ResumeRule: String, CaseIterable, Sendable {
    /// With its conversation or state, or not at all.
    case load
    /// With it where that works, else afresh.
    case new
    case never
}

/// `OnLeaseLost=`: what happens when the launcher is gone.
package enum LeaseLostRule: String, CaseIterable, Sendable {
    case stop, keep
}

/// What counts as use of a session.
package enum ActivitySource: String, CaseIterable, Sendable {
    /// A prompt's start and end.
    case acp
    /// Bytes on the standard input of the launcher.
    case stdin
    /// CPU used by the session's tree above `IdleCPU=`.
    case cpu
    /// `pinfold touch`.
    case touch

    /// A set of sources, in the order in which they are declared.
    package struct Sources: Hashable, Sendable {
        private var bits: UInt8 = 0

        package init(_ sources: some Sequence<ActivitySource>) {
            for source in sources { bits |= source.bit }
        }

        package static let all = Sources(ActivitySource.allCases)

        package func contains(_ source: ActivitySource) -> Bool { bits & source.bit != 0 }
        package func isSubset(of other: Sources) -> Bool { bits & ~other.bits == 0 }
        package var list: [ActivitySource] { ActivitySource.allCases.filter(contains) }
    }

    private var bit: UInt8 {
        switch self {
        case .acp: 1
        case .stdin: 2
        case .cpu: 4
        case .touch: 8
        }
    }
}
