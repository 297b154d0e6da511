import PinfoldLinux

/// What a cgroup's memory consists of, in bytes, from `memory.stat`. With all below it.
///
/// To read it makes the kernel collect per-processor counts: not for every cgroup on every tick. The figures may be two
/// seconds old.
public struct MemoryStat: Sendable, Hashable {
    /// Memory of processes that no file stands behind: what a kill gives back.
    public var anon: UInt64 = 0
    /// Page cache, shared memory in it.
    public var file: UInt64 = 0
    /// Shared memory and tmpfs; lives on without its processes.
    public var shmem: UInt64 = 0
    /// Page cache that has not been used lately: what the kernel gives up first.
    public var inactiveFile: UInt64 = 0
    /// Page cache that was.
    public var activeFile: UInt64 = 0
    /// Locked memory, which cannot be given up.
    public var unevictable: UInt64 = 0
    /// What the kernel itself holds for its processes.
    public var kernel: UInt64 = 0
    /// The part of it that the kernel can give up, such as directory entries.
    public var slabReclaimable: UInt64 = 0
    /// Pages that were given up and soon wanted back, a count: the sign of real pressure.
    public var refaults: UInt64 = 0

    /// Page cache that the kernel can give up, used lately or not: `MemAvailable` counts it as available too.
    ///
    /// Not the inactive part alone. What was read twice is active until memory is short, and then it is given up all
    /// the same; taken for used, it would make a shortage of what is only a warm cache.
    public var cache: UInt64 { inactiveFile + activeFile }

    /// Nothing.
    public init() {}

    /// Reads the file's text; keys that are not known are passed over.
    public init(_ text: Span<UInt8>) {
        var stat = MemoryStat()
        FlatKeyed.forEach(text) { key, found in
            // 4P, more than any machine has: sums of them cannot overflow, whatever the file contains.
            let value = min(found, 1 << 52)
            if equal(key, "anon") { stat.anon = value }
            if equal(key, "file") { stat.file = value }
            if equal(key, "shmem") { stat.shmem = value }
            if equal(key, "inactive_file") { stat.inactiveFile = value }
            if equal(key, "active_file") { stat.activeFile = value }
            if equal(key, "unevictable") { stat.unevictable = value }
            if equal(key, "kernel") { stat.kernel = value }
            if equal(key, "slab_reclaimable") { stat.slabReclaimable = value }
            if equal(key, "workingset_refault_anon") || equal(key, "workingset_refault_file") { stat.refaults += value }
        }
        self = stat
    }
}
