import PinfoldCgroups
import PinfoldCore
import PinfoldLinux

/// The cgroup of one life, held by descriptors: a path may name another cgroup later.
///
/// A class because the worker uses it too; everything in it is constant.
final class LifeCgroup: Sendable {
    let life: LifeID
    let cgroup: Cgroup
    let files: SessionFiles
    private let killFile: KillFile?
    /// The tokens under which its files are polled.
    let token: UInt64
    /// How often the pool had run into its limit when this life began.
    let poolOutOfMemoryBefore: UInt64

    init(
        life: LifeID, cgroup: consuming Cgroup, files: consuming SessionFiles, killFile: consuming KillFile?,
        token: UInt64, poolOutOfMemoryBefore: UInt64
    ) {
        self.life = life
        self.cgroup = cgroup
        self.files = files
        self.killFile = killFile
        self.token = token
        self.poolOutOfMemoryBefore = poolOutOfMemoryBefore
    }

    func kill() throws(CgroupError) -> KillOutcome {
        switch killFile {
        case .some(let file): try cgroup.kill(through: file)
        case .none: try cgroup.kill()
        }
    }

    /// The numbers of the whole life, to be read before its directory goes.
    func totals(poolOutOfMemory: UInt64) -> LifeTotals {
        var totals = LifeTotals()
        let last = try? files.read()
        totals.events = eventCounts(last?.memoryEvents)
        totals.cpuMicroseconds = last?.cpuMicroseconds
        totals.poolOutOfMemory = poolOutOfMemory - min(poolOutOfMemory, poolOutOfMemoryBefore)
        totals.memoryMax = (try? cgroup.amount("memory.max"))?.value?.number
        totals.memoryPeak = (try? cgroup.memoryPeak())?.value
        return totals
    }

    /// The counters as the rules want them: hierarchical, but for `oom`, which shows whose limit was hit.
    func eventCounts(_ events: MemoryEvents?) -> MemoryEventCounts? {
        guard let events else { return nil }
        var counts = MemoryEventCounts()
        counts.high = events.high
        counts.max = events.max
        counts.kills = events.oomKill
        counts.groupKills = events.oomGroupKill
        // A cgroup that the session made itself may have hit a limit of its own: still none of the pool's business.
        counts.outOfMemory = events.oom
        return counts
    }
}
