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
    /// Whether a live process is in it or below.
    public var isPopulated: Bool
    /// Whether all its processes stand still.
    public var isFrozen: Bool

    /// A reading with nothing but this.
    public init(isPopulated: Bool, isFrozen: Bool = false) {
        self.isPopulated = isPopulated
        self.isFrozen = isFrozen
    }
}

/// The part of a reading that eviction needs on every tick.
public struct MemoryReading: Sendable, Hashable {
    /// Bytes, `memory.current`; nil where there is no memory controller.
    public var current: UInt64?
    /// `memory.events`; nil where there is no memory controller.
    public var events: MemoryEvents?

    /// A reading that was made up for a test.
    public init(current: UInt64? = nil, events: MemoryEvents? = nil) {
        self.current = current
        self.events = events
    }
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

    /// Reads how much memory it uses and what befell it. Nil where the cgroup is gone. Allocates nothing.
    ///
    /// For fast ticks: unlike `cpu.stat`, these files cost the kernel nothing to make up.
    public borrowing func readMemory() throws(CgroupError) -> MemoryReading? {
        var reading = MemoryReading()
        switch memoryCurrent {
        case .some(let file):
            guard let current = try file.readNumber() else { return nil }
            reading.current = current
        case .none: return try events.read().map { _ in reading }
        }
        reading.events = try Self.parsed(memoryEvents) { MemoryEvents($0) }
        return reading
    }

    /// Reads them. Nil where the cgroup is gone. Allocates nothing.
    ///
    /// - Parameter includingCPU: whether `cpu.stat` too, for which the kernel adds up its counters of every processor.
    public borrowing func read(includingCPU: Bool = true) throws(CgroupError) -> SessionReading? {
        guard let state = try events.read() else { return nil }
        var reading = SessionReading(isPopulated: state.isPopulated, isFrozen: state.isFrozen)
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
