import PinfoldCgroups
import PinfoldCore
import PinfoldLinux

/// From the policy's limits to the kernel's files, and from the kernel's answers to the policy's keys.
enum LimitTranslation {
    /// A session may make cgroups of its own, but not a million of them.
    static let mostDescendants: UInt64 = 1_000
    static let deepest: UInt64 = 32

    /// What is written.
    ///
    /// - Parameter isNew: whether the cgroup was just made, so that what is the kernel's default need not be written.
    static func limits(_ limits: SessionLimits, isNew: Bool) -> Limits {
        var result = Limits()
        result.memoryMax = amount(limits.memoryMax, isNew)
        result.memoryHigh = amount(limits.memoryHigh, isNew)
        result.memoryLow = limits.memoryLow == 0 && isNew ? nil : limits.memoryLow
        result.memorySwapMax = amount(limits.memorySwapMax, isNew)
        result.oomGroup = limits.killsWhole || !isNew ? limits.killsWhole : nil
        result.pidsMax = amount(limits.tasksMax, isNew)
        switch limits.cpuWeight {
        case .weight(let weight)?:
            result.cpuWeight = weight
            result.cpuIdle = isNew ? nil : false
        case .idle?: result.cpuIdle = true
        case nil: break
        }
        if limits.cpuQuota != nil || !isNew {
            // Hundredths of a percent of the standard period of 100 ms are tens of microseconds. Too many of them are
            // no quota to the kernel, which refuses it; to leave it away would remove the limit.
            result.cpuMax = CPUQuota(quota: limits.cpuQuota.map { $0.multipliedUpToMost(by: 10) })
        }
        result.ioWeight = limits.ioWeight
        result.cpusetCpus = limits.allowedCPUs?.description
        if isNew {
            result.maxDescendants = .number(mostDescendants)
            result.maxDepth = .number(deepest)
        }
        return result
    }

    /// What is written for the pool as a whole.
    static func limits(of budget: PoolBudget) -> Limits {
        var result = Limits()
        result.memoryMax = budget.memoryMax.map { .number($0) } ?? .max
        if budget.policy.memorySwapMax != nil {
            result.memorySwapMax = budget.memorySwapMax.map { .number($0) } ?? .max
        }
        return result
    }

    private static func amount(_ limit: UInt64?, _ isNew: Bool) -> Amount? {
        limit.map { .number($0) } ?? (isNew ? nil : .max)
    }

    /// What the kernel does not enforce, by key.
    ///
    /// - Parameter hasSwap: without swap on the host, a missing `memory.swap.max` holds nothing back that could happen.
    static func unenforced(_ results: [LimitResult], hasSwap: Bool) -> [UnenforcedLimit] {
        results.compactMap { result in
            if result.isEnforced { return nil }
            if result.write.file == "memory.swap.max", !hasSwap, case .unavailable = result.outcome { return nil }
            return UnenforcedLimit(key: key(of: result.write.file), reason: reason(result))
        }
    }

    private static func key(of file: String) -> String {
        switch file {
        case "memory.max": "MemoryMax"
        case "memory.high": "MemoryHigh"
        case "memory.low": "MemoryLow"
        case "memory.swap.max": "MemorySwapMax"
        case "memory.oom.group": "OOMPolicy"
        case "pids.max": "TasksMax"
        case "cpu.weight", "cpu.idle": "CPUWeight"
        case "cpu.max": "CPUQuota"
        case "io.weight": "IOWeight"
        case "cpuset.cpus": "AllowedCPUs"
        default: file
        }
    }

    private static func reason(_ result: LimitResult) -> String {
        switch result.outcome {
        case .held: "held"
        case .notEnforced(let found): "wrote \(result.write.value) to \(result.write.file), but it reads \(found)"
        case .unavailable(let reason): reason
        case .failed(.outOfRange) where result.write.file == "cpuset.cpus":
            "there is no such processor; this machine has \(SystemProcessors.online() ?? "others")"
        case .failed(let errno): "cannot write \(result.write.value) to \(result.write.file): \(errno)"
        case .gone: "the cgroup is gone"
        }
    }
}
