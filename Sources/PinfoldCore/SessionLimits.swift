/// The limits of one session in bytes and kernel units: what is to be written into its cgroup.
package struct SessionLimits: Hashable, Sendable {
    /// Bytes; nil is the kernel's `max`.
    package let memoryMax: UInt64?
    package let memoryHigh: UInt64?
    package let memoryLow: UInt64
    package let memorySwapMax: UInt64?
    package let tasksMax: UInt64?
    package let cpuWeight: CPUWeight?
    /// Hundredths of a percent of one CPU.
    package let cpuQuota: UInt64?
    package let ioWeight: UInt64?
    package let allowedCPUs: CPUSet?
    /// `memory.oom.group`.
    package let killsWhole: Bool

    /// - Parameter budget: what percentages refer to.
    package init(_ policy: SessionPolicy, within budget: PoolBudget) {
        let effectiveLimit = budget.effectiveLimit
        memoryMax = policy.memoryMax.resolved(against: effectiveLimit)
        memoryHigh = policy.memoryHigh.resolved(against: effectiveLimit)
        memoryLow = policy.memoryLow.resolved(against: effectiveLimit) ?? 0
        memorySwapMax = policy.memorySwapMax.resolved(against: effectiveLimit)
        tasksMax = policy.tasksMax.resolved(against: budget.taskLimit)
        cpuWeight = policy.cpuWeight
        cpuQuota = policy.cpuQuota
        ioWeight = policy.ioWeight
        allowedCPUs = policy.allowedCPUs
        killsWhole = policy.outOfMemory == .kill
    }
}

/// A limit that the kernel does not enforce for a session, by the name of its key.
package struct UnenforcedLimit: Hashable, Sendable, CustomStringConvertible {
    package let key: String
    package let reason: String

    package init(key: String, reason: String) {
        self.key = key
        self.reason = reason
    }

    package var description: String { "\(key)= is not enforced: \(reason)" }
}
