/// One consistent snapshot of memory, taken at one tick. Decisions use the snapshot and never read again.
package struct MemorySnapshot: Sendable {
    /// What the host, and every limit above the pool, still has to give, bytes; nil where it cannot be read.
    package var available: UInt64?
    /// The pool's use less what reclaim gives back for nothing, bytes; nil without a memory controller.
    package var poolWorkingSet: UInt64?
    /// How often the pool as a whole hit its own limit in vain, ever.
    package var poolOutOfMemory: UInt64 = 0
    /// `full avg10` of the pool's `memory.pressure` in hundredths of a percent; nil where PSI is off.
    package var pressure: UInt32?
    /// In any order; a life that has gone is simply not there.
    package var lives: [LifeSnapshot] = []

    package init() {}

    /// What can still be used before the nearest wall, bytes; nil where no wall can be seen.
    package func headroom(in budget: PoolBudget) -> UInt64? {
        let inPool: UInt64? =
            if let limit = budget.memoryMax, let used = poolWorkingSet { limit > used ? limit - used : 0 } else { nil }
        guard let available else { return inPool }
        return min(available, inPool ?? available)
    }
}

/// What one tick saw of one life. What was not read this time is nil.
package struct LifeSnapshot: Sendable {
    package let life: LifeID
    package var current: UInt64?
    package var workingSet: UInt64?
    package var anonymous: UInt64?
    package var peak: UInt64?
    package var events: MemoryEventCounts?
    package var tasks: UInt64?
    package var cpuMicroseconds: UInt64?

    package init(life: LifeID) {
        self.life = life
    }
}

/// What the next snapshot must contain.
package struct SnapshotRequest: Hashable, Sendable {
    /// CPU time of every life. It costs a flush of the kernel's statistics, so not at every tick.
    package var includesCPU: Bool
    /// `memory.stat` of every life, to choose among them; costs the same.
    package var includesStatistics: Bool

    package init(includesCPU: Bool, includesStatistics: Bool) {
        self.includesCPU = includesCPU
        self.includesStatistics = includesStatistics
    }
}
