import PinfoldLinux

/// How much memory there really is for a cgroup: the host's, or less where a cgroup above has a limit.
public enum EffectiveMemory {
    /// One cgroup between the one in question and the root, both included.
    public struct Level: Sendable, Hashable {
        /// Where it is.
        public var path: String
        /// Bytes, `memory.max`.
        public var limit: Amount
        /// Bytes, `memory.current`.
        public var current: UInt64
        /// Bytes, ``MemoryStat/cache``: what can be reclaimed without harm.
        public var cache: UInt64

        /// A level that was read, or made up for a test.
        public init(path: String, limit: Amount, current: UInt64 = 0, cache: UInt64 = 0) {
            self.path = path
            self.limit = limit
            self.current = current
            self.cache = cache
        }
    }

    /// A limit and who sets it.
    public struct Limit: Sendable, Hashable {
        /// Bytes.
        public var bytes: UInt64
        /// The path of the cgroup whose `memory.max` it is; nil: the host's memory.
        public var cgroup: String?

        /// A limit that was found, or made up for a test.
        public init(bytes: UInt64, cgroup: String?) {
            self.bytes = bytes
            self.cgroup = cgroup
        }
    }

    /// The least of the host's memory and every level's limit.
    ///
    /// - Parameter hostTotal: bytes, `MemTotal`.
    public static func limit(levels: [Level], hostTotal: UInt64) -> Limit {
        levels.reduce(Limit(bytes: hostTotal, cgroup: nil)) { least, level in
            guard let bytes = level.limit.number, bytes < least.bytes else { return least }
            return Limit(bytes: bytes, cgroup: level.path)
        }
    }

    /// What can still be used before the first of all limits is reached, in bytes.
    ///
    /// Not limit − `memory.current`: that counts page cache the kernel would give up at once, and would evict sessions
    /// for having read files.
    ///
    /// - Parameter hostAvailable: bytes, `MemAvailable`.
    public static func available(levels: [Level], hostAvailable: UInt64) -> UInt64 {
        levels.reduce(hostAvailable) { least, level in
            guard let limit = level.limit.number else { return least }
            let used = level.current > level.cache ? level.current - level.cache : 0
            return min(least, limit > used ? limit - used : 0)
        }
    }

    /// Reads a cgroup and all above it that can be seen, its own level first.
    ///
    /// In a container more limits may lie above the visible root; only an `oom` event at that root would show it.
    ///
    /// - Parameters:
    ///   - path: the cgroup's directory.
    ///   - mountPoint: where the tree is mounted, and so where to stop.
    public static func levels(of path: String, mountPoint: String) throws(CgroupError) -> [Level] {
        var levels: [Level] = []
        var parts = path.dropFirst(mountPoint.count).split(separator: "/")
        guard path == mountPoint || path.hasPrefix(mountPoint == "/" ? "/" : mountPoint + "/") else { return [] }
        while true {
            let here = ([mountPoint] + parts.map { String($0) }).joined(separator: "/")
            if let cgroup = try Cgroup.open(here), let limit = try cgroup.amount("memory.max").value {
                levels.append(
                    Level(
                        path: here, limit: limit, current: try cgroup.amount("memory.current").value?.number ?? 0,
                        cache: try cgroup.memoryStat().value?.cache ?? 0))
            }
            if parts.isEmpty { return levels }
            parts.removeLast()
        }
    }
}
