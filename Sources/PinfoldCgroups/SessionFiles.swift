import PinfoldLinux

/// What can be read of a cgroup cheaply. Nil where this host has no such file: its controller is not enabled here.
public struct SessionReading: Sendable, Hashable {
    /// Bytes, `memory.current`: with page cache, with all below.
    public var memoryCurrent: UInt64?
    /// `memory.events`.
    public var memoryEvents: MemoryEvents?
    /// Threads, `pids.current`.
    public var tasks: UInt64?
    /// Processor time used so far, in microseconds, `cpu.stat`.
    public var cpuMicroseconds: UInt64?

    /// A reading of which nothing could be read.
    public init() {}
}

/// The files of a cgroup that are read on every tick, kept open. Five descriptors at most.
public struct SessionFiles: ~Copyable, Sendable {
    private let memoryCurrent: ControlFile?
    private let memoryEvents: ControlFile?
    private let pidsCurrent: ControlFile?
    private let cpuStat: ControlFile?
    /// For the loop to poll.
    public let events: CgroupEvents

    /// Nil where the cgroup is gone.
    public init?(of cgroup: borrowing Cgroup) throws(CgroupError) {
        let memoryCurrent = try ControlFile("memory.current", of: cgroup)
        let memoryEvents = try ControlFile("memory.events", of: cgroup)
        let pidsCurrent = try ControlFile("pids.current", of: cgroup)
        let cpuStat = try ControlFile("cpu.stat", of: cgroup)
        guard let events = try CgroupEvents(of: cgroup) else { return nil }
        self.memoryCurrent = memoryCurrent
        self.memoryEvents = memoryEvents
        self.pidsCurrent = pidsCurrent
        self.cpuStat = cpuStat
        self.events = events
    }

    /// `memory.events`, to be polled for `POLLPRI`; nil where there is none.
    public var memoryEventsDescriptor: Int32? {
        switch memoryEvents {
        case .some(let file): file.number
        case .none: nil
        }
    }

    /// Reads `memory.events` only to re-arm its notification: a change is notified once, until it is read.
    public borrowing func acknowledgeMemoryEvents() throws(CgroupError) {
        switch memoryEvents {
        case .some(let file): _ = try file.read { _ in }
        case .none: break
        }
    }

    /// Reads them. Where the cgroup is gone, nothing is in the reading. Allocates nothing.
    ///
    /// `cgroup.events` is not among them: a read consumes the notification that the poller waits for.
    ///
    /// - Parameter includingCPU: whether `cpu.stat` too, for which the kernel adds up its counters of every processor.
    public borrowing func read(includingCPU: Bool = true) throws(CgroupError) -> SessionReading {
        var reading = SessionReading()
        reading.memoryCurrent = try Self.number(memoryCurrent)
        reading.tasks = try Self.number(pidsCurrent)
        reading.memoryEvents = try Self.parsed(memoryEvents) { MemoryEvents($0) }
        guard includingCPU else { return reading }
        reading.cpuMicroseconds = try Self.parsed(cpuStat) { text in
            var used: UInt64 = 0
            FlatKeyed.forEach(text) { key, value in if equal(key, "usage_usec") { used = value } }
            return used
        }
        return reading
    }

    private static func number(_ file: borrowing ControlFile?) throws(CgroupError) -> UInt64? {
        switch file {
        case .some(let file): try file.readNumber()
        case .none: nil
        }
    }

    private static func parsed<Value>(
        _ file: borrowing ControlFile?, _ parse: (Span<UInt8>) -> Value
    ) throws(CgroupError) -> Value? {
        switch file {
        case .some(let file): try file.read(parse)
        case .none: nil
        }
    }
}
