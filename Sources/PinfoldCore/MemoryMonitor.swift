/// What the pool remembers between two pictures of memory, and when it wants the next.
struct MemoryMonitor: Sendable {
    /// A snapshot older than this is taken again before an admission.
    static let freshness = Duration.milliseconds(100)
    static let fastest = Duration.milliseconds(100)
    static let slowest = Duration.seconds(1)
    /// CPU and `memory.stat` make the kernel flush its statistics: seldom, unless they decide something now.
    static let detailInterval = Duration.seconds(1)
    /// The fastest growth that is prepared for, bytes a second: coding agents have been seen to grow by 3 GB/s.
    static let fastestGrowth: UInt64 = 3 << 30

    /// The last snapshot, without its lives: each session keeps its own part.
    private(set) var last: MemorySnapshot?
    private(set) var lastAt: Instant?
    private var lastDetail: Instant?
    var nextSnapshot: Instant?
    /// No eviction with grace before this.
    var quietUntil: Instant?
    var pressureSince: Instant?
    /// When it was last logged that nothing can be evicted, or what would be evicted but for `DryRun=`.
    var lastFutile: Instant?
    /// What a session of this policy used when it was last measured at rest, bytes.
    var typical: [String: UInt64] = [:]

    func isFresh(at now: Instant) -> Bool {
        guard let lastAt else { return false }
        return now.since(lastAt) < Self.freshness
    }

    /// The last snapshot is outdated: a life has released its memory.
    mutating func discardSnapshot() {
        lastAt = nil
    }

    /// The next snapshot is requested now.
    mutating func request(at now: Instant) -> SnapshotRequest {
        let isDetailed = lastDetail.map { now.since($0) >= Self.detailInterval } ?? true
        if isDetailed { lastDetail = now }
        nextSnapshot = now + Self.slowest
        return SnapshotRequest(includesCPU: isDetailed, includesStatistics: isDetailed)
    }

    mutating func take(_ snapshot: MemorySnapshot, at now: Instant) {
        last = snapshot
        last?.lives = []
        lastAt = now
    }

    /// How long to wait for the next snapshot: the time in which the fastest growth could eat what is left before the
    /// line, within bounds. The closer the line, the closer the look.
    static func interval(headroom: UInt64?, line: UInt64) -> Duration {
        guard let headroom else { return slowest }
        let distance = headroom > line ? headroom - line : 0
        let nanoseconds = UInt64(clamping: UInt128(distance) * 1_000_000_000 / UInt128(fastestGrowth))
        return min(slowest, max(fastest, .nanoseconds(Int64(clamping: nanoseconds))))
    }
}
