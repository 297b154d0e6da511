/// The last numbers of a life, read after its last process is gone and before its directory is.
package struct LifeTotals: Hashable, Sendable {
    /// Counters of the life's own `memory.events`; nil where there is no memory controller.
    package var events: MemoryEventCounts?
    /// How often the pool as a whole ran into its own limit during this life.
    package var poolOutOfMemory: UInt64 = 0
    /// `memory.max` as read back, bytes.
    package var memoryMax: UInt64?
    package var memoryPeak: UInt64?
    package var cpuMicroseconds: UInt64?

    package init() {}
}

/// The counters of `memory.events` that distinguish causes of death. See cgroup-v2.rst, "memory.events".
package struct MemoryEventCounts: Hashable, Sendable {
    package var high: UInt64 = 0
    package var max: UInt64 = 0
    /// Of `memory.events.local`: this cgroup's own limit was hit and nothing could be reclaimed.
    package var outOfMemory: UInt64 = 0
    /// Processes killed here by any OOM killer, the host's too.
    package var kills: UInt64 = 0
    package var groupKills: UInt64 = 0

    package init() {}

    /// Processes that were killed. Where the killer takes a group, the kernel counts the first of it twice: once as the
    /// one it chose, once as a member.
    package var killedProcesses: UInt64 {
        kills == 0 ? 0 : Swift.max(1, kills - min(kills, groupKills))
    }
}

extension Cause {
    /// The cause of an end that this controller did not request.
    ///
    /// `oom_kill` counts kills of every origin, so the limit that was hit decides: the session's own, the pool's, or
    /// by elimination the host's.
    package static func ofLifeEnd(status: CommandStatus?, totals: LifeTotals) -> Cause {
        let kills = totals.events?.killedProcesses ?? 0
        let wasKilled =
            switch status {
            case .signaled(let signal)?: signal == CommandStatus.killSignal
            case .exited(let code)?: code == ExitCode.killed
            case nil: true
            }
        if kills > 0, wasKilled { return outOfMemory(kills: kills, totals: totals) }
        switch status {
        case .exited(let code)?: return exited(code)
        case .signaled(let signal)?: return signaled(signal)
        case nil: return unwatched
        }
    }

    private static func outOfMemory(kills: UInt64, totals: LifeTotals) -> Cause {
        let count = "\(kills) \(kills == 1 ? "process was" : "processes were") killed"
        var numbers = [Number("kills", Int64(clamping: kills))]
        if let peak = totals.memoryPeak { numbers.append(Number("peakBytes", bytes: peak)) }
        if let limit = totals.memoryMax { numbers.append(Number("limitBytes", bytes: limit)) }
        if (totals.events?.outOfMemory ?? 0) > 0 {
            let limit = totals.memoryMax.map { " of \(Wording.bytes($0))" } ?? ""
            return Cause(
                kind: .memoryLimit,
                message: "over its own memory limit\(limit): \(count); raise MemoryMax= if it needs more",
                numbers: numbers)
        }
        if totals.poolOutOfMemory > 0 {
            return Cause(
                kind: .poolLimit,
                message: "the pool was over its memory limit: \(count); fewer sessions or smaller ones would fit",
                numbers: numbers)
        }
        return Cause(
            kind: .hostMemory, message: "the host was out of memory: \(count); raise MemoryReserve= to evict sooner",
            numbers: numbers)
    }
}
