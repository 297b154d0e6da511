package import PinfoldCgroups
import PinfoldCore
import PinfoldLinux

/// The gauges of the pool and of what lies above it, kept open.
package final class PoolMeters {
    private let sessions: Cgroup
    private let current: ControlFile?
    private let events: ControlFile?
    private let ownEvents: ControlFile?
    private let host: HostMemory
    private let slicePath: String
    private let mountPoint: String
    /// Whether some cgroup above the pool has a limit, which then is read with every snapshot.
    private let isBelowLimit: Bool
    package let hasSwap: Bool

    /// - Parameters:
    ///   - sessions: a descriptor of its own for the directory that holds the sessions.
    ///   - mountPoint: where the tree is mounted, and so where looking up for limits stops.
    package init(sessions: consuming Cgroup, slicePath: String, mountPoint: String) throws {
        current = try ControlFile("memory.current", of: sessions)
        events = try ControlFile("memory.events", of: sessions)
        ownEvents = try ControlFile("memory.events.local", of: sessions)
        self.sessions = sessions
        host = try HostMemory()
        hasSwap = try host.read().swapTotal > 0
        self.slicePath = slicePath
        self.mountPoint = mountPoint
        isBelowLimit = try EffectiveMemory.levels(of: slicePath, mountPoint: mountPoint)
            .contains { $0.limit.number != nil }
    }

    /// What percentages of memory refer to.
    package func effectiveLimit() throws -> EffectiveMemory.Limit {
        EffectiveMemory.limit(
            levels: try EffectiveMemory.levels(of: slicePath, mountPoint: mountPoint),
            hostTotal: try host.read().total)
    }

    /// To be polled for `POLLPRI`; nil without a memory controller.
    var eventsDescriptor: Int32? {
        switch events {
        case .some(let file): file.number
        case .none: nil
        }
    }

    /// How often the pool hit its own limit in vain: the local count, since the plain one adds up its sessions' too.
    func outOfMemory() -> UInt64 {
        switch ownEvents {
        case .some(let file): (try? file.read { MemoryEvents($0).oom }) ?? 0
        case .none: 0
        }
    }

    /// Arms the notification again: it fires once for each change that was read.
    func acknowledge() {
        switch events {
        case .some(let file): _ = try? file.read { _ in }
        case .none: break
        }
    }

    /// The pool's part of a snapshot.
    func read(_ budget: PoolBudget, into snapshot: inout MemorySnapshot) {
        snapshot.available = available()
        snapshot.poolOutOfMemory = outOfMemory()
        snapshot.poolWorkingSet = workingSet(budget)
        snapshot.pressure = budget.policy.pressureLimit == nil ? nil : pressure()
    }

    private func available() -> UInt64? {
        guard let host = try? host.read() else { return nil }
        guard isBelowLimit, let levels = try? EffectiveMemory.levels(of: slicePath, mountPoint: mountPoint) else {
            return host.available
        }
        return EffectiveMemory.available(levels: levels, hostAvailable: host.available)
    }

    /// `memory.current` less what reclaim gives back for nothing. `memory.stat` makes the kernel flush the counters of
    /// every session, so it is only read where the plain figure comes near the line.
    private func workingSet(_ budget: PoolBudget) -> UInt64? {
        let used: UInt64?
        switch current {
        case .some(let file): used = (try? file.readNumber()) ?? nil
        case .none: used = nil
        }
        let isNear = { (used: UInt64, limit: UInt64) in
            used.addingUpToMost(budget.reserve.multipliedUpToMost(by: 2)) >= limit
        }
        guard let used, let limit = budget.memoryMax, isNear(used, limit) else { return used }
        guard let cache = (try? sessions.memoryStat())?.value?.cache else { return used }
        return used - min(used, cache)
    }

    private func pressure() -> UInt32? {
        guard let pressure = (try? sessions.pressure(.memory))?.value else { return nil }
        return UInt32((pressure.full.avg10 * 100).rounded())
    }
}
