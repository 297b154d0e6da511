import PinfoldLinux

/// Counters of memory events of a cgroup since it was made, from `memory.events` or `memory.events.local`.
///
/// `memory.events` counts for all below as well (but for the mount option `memory_localevents`), the other one for the
/// cgroup alone. The counters only grow.
public struct MemoryEvents: Sendable, Hashable {
    /// Memory was taken although usage was below `memory.low`.
    public var low: UInt64 = 0
    /// Processes were slowed down for being over `memory.high`.
    public var high: UInt64 = 0
    /// Usage was about to pass `memory.max`; reclaim may have helped.
    public var max: UInt64 = 0
    /// Reclaim did not help: an allocation was about to fail at this cgroup's limit.
    public var oom: UInt64 = 0
    /// Processes of this cgroup that any out-of-memory killer took, the host's among them.
    public var oomKill: UInt64 = 0
    /// How often the killer took a whole group. 0 also on kernels before 5.17.
    public var oomGroupKill: UInt64 = 0

    /// Nothing has happened.
    public init() {}

    /// Reads the file's text; keys that are not known are passed over.
    public init(_ text: Span<UInt8>) {
        var events = MemoryEvents()
        FlatKeyed.forEach(text) { key, value in
            if equal(key, "low") { events.low = value }
            if equal(key, "high") { events.high = value }
            if equal(key, "max") { events.max = value }
            if equal(key, "oom") { events.oom = value }
            if equal(key, "oom_kill") { events.oomKill = value }
            if equal(key, "oom_group_kill") { events.oomGroupKill = value }
        }
        self = events
    }

    /// What has happened since an earlier reading of the same file.
    public func since(_ earlier: MemoryEvents) -> MemoryEvents {
        func delta(_ counter: KeyPath<MemoryEvents, UInt64>) -> UInt64 {
            self[keyPath: counter] > earlier[keyPath: counter] ? self[keyPath: counter] - earlier[keyPath: counter] : 0
        }
        var events = MemoryEvents()
        events.low = delta(\.low)
        events.high = delta(\.high)
        events.max = delta(\.max)
        events.oom = delta(\.oom)
        events.oomKill = delta(\.oomKill)
        events.oomGroupKill = delta(\.oomGroupKill)
        return events
    }
}

extension Cgroup {
    /// What its memory consists of now.
    public borrowing func memoryStat() throws(CgroupError) -> FileResult<MemoryStat> {
        try parsed("memory.stat") { MemoryStat($0) }
    }

    /// The counters of the cgroup and all below it.
    public borrowing func memoryEvents() throws(CgroupError) -> FileResult<MemoryEvents> {
        try parsed("memory.events") { MemoryEvents($0) }
    }

    /// The counters of the cgroup alone.
    public borrowing func localMemoryEvents() throws(CgroupError) -> FileResult<MemoryEvents> {
        try parsed("memory.events.local") { MemoryEvents($0) }
    }

    /// The most it has ever used, in bytes, `memory.peak`.
    public borrowing func memoryPeak() throws(CgroupError) -> FileResult<UInt64> {
        try amount("memory.peak").compactMap(\.number)
    }

    private borrowing func parsed<Value>(
        _ file: String, _ parse: (Span<UInt8>) -> Value
    ) throws(CgroupError) -> FileResult<Value> {
        guard let opened = try ControlFile(file, of: self) else { return isGone ? .gone : .noFile }
        guard let value = try opened.read(parse) else { return .gone }
        return .value(value)
    }
}
