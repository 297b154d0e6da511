public import PinfoldLinux

/// How much processor time, in the form of `cpu.max`.
public struct CPUQuota: Sendable, Hashable {
    /// Microseconds in each period; nil: as much as there is.
    public var quota: UInt64?
    /// Microseconds, 1,000 to 1,000,000.
    public var period: UInt64

    /// - Parameters:
    ///   - quota: microseconds in each period.
    ///   - period: microseconds.
    public init(quota: UInt64?, period: UInt64 = 100_000) {
        self.quota = quota
        self.period = period
    }
}

/// Limits of a cgroup, as a value. Nil leaves a file as it is.
public struct Limits: Sendable, Hashable {
    /// Bytes, `memory.max`: over it the kernel reclaims, then kills.
    public var memoryMax: Amount?
    /// Bytes, `memory.high`: over it processes are slowed down. Never without ``memoryMax``.
    public var memoryHigh: Amount?
    /// Bytes, `memory.low`: up to here memory is taken from others first.
    public var memoryLow: UInt64?
    /// Bytes, `memory.swap.max`.
    public var memorySwapMax: Amount?
    /// `memory.oom.group`: whether the out-of-memory killer takes all processes or one.
    public var oomGroup: Bool?
    /// Threads, `pids.max`.
    public var pidsMax: Amount?
    /// 1 to 10,000, `cpu.weight`; 100 is the kernel's default.
    public var cpuWeight: UInt64?
    /// `cpu.idle`: whether it only gets idle time.
    public var cpuIdle: Bool?
    /// `cpu.max`.
    public var cpuMax: CPUQuota?
    /// 1 to 10,000, `io.weight`; 100 is the kernel's default.
    public var ioWeight: UInt64?
    /// Processors such as `0-3,8`, `cpuset.cpus`.
    public var cpusetCpus: String?
    /// Cgroups that may be made below it, `cgroup.max.descendants`.
    public var maxDescendants: Amount?
    /// Levels of cgroups that may be made below it, `cgroup.max.depth`.
    public var maxDepth: Amount?

    /// Nothing is limited.
    public init() {}

    /// What to write where, in this order.
    ///
    /// A limit comes before what would hit it, and `memory.max` before `memory.high`: a session whose high limit holds
    /// while the hard one is not there yet could be slowed down for ever.
    public var writes: [LimitWrite] {
        var writes: [LimitWrite] = []
        func add(_ file: String, _ value: (some CustomStringConvertible)?) {
            if let value { writes.append(LimitWrite(file: file, value: value.description)) }
        }
        add("cgroup.max.descendants", maxDescendants)
        add("cgroup.max.depth", maxDepth)
        add("memory.oom.group", oomGroup.map { $0 ? 1 : 0 })
        add("memory.low", memoryLow)
        add("memory.swap.max", memorySwapMax)
        add("memory.max", memoryMax)
        add("memory.high", memoryHigh)
        add("pids.max", pidsMax)
        add("cpu.idle", cpuIdle.map { $0 ? 1 : 0 })
        add("cpu.weight", cpuWeight)
        add("cpu.max", cpuMax.map { "\($0.quota.map { String($0) } ?? "max") \($0.period)" })
        add("io.weight", ioWeight.map { "default \($0)" })
        add("cpuset.cpus", cpusetCpus)
        return writes
    }
}

/// One value for one control file.
public struct LimitWrite: Sendable, Hashable {
    /// The file's name.
    public var file: String
    /// What to write.
    public var value: String

    /// A value for a file.
    public init(file: String, value: String) {
        self.file = file
        self.value = value
    }
}

/// What became of a limit.
public struct LimitResult: Sendable, Hashable {
    /// How it ended.
    public enum Outcome: Sendable, Hashable {
        /// The kernel enforces it; this is the value read back, for instance rounded down to pages.
        case held(String)
        /// The kernel took it and holds something else.
        case notEnforced(found: String)
        /// There is no such file here, and why.
        case unavailable(reason: String)
        /// The kernel refused it.
        case failed(Errno)
        /// The cgroup was removed meanwhile.
        case gone
    }

    /// What was written where.
    public var write: LimitWrite
    /// How it ended.
    public var outcome: Outcome

    /// Whether the limit is at work.
    public var isEnforced: Bool {
        if case .held = outcome { true } else { false }
    }
}
