import PinfoldLinux

/// How much time was lost to waiting for a resource. See the kernel's Documentation/accounting/psi.rst.
public struct Pressure: Sendable, Hashable {
    /// One line of a pressure file.
    public struct Line: Sendable, Hashable {
        /// Percent of the last 10 seconds.
        public var avg10: Double = 0
        /// Percent of the last minute.
        public var avg60: Double = 0
        /// Percent of the last 5 minutes.
        public var avg300: Double = 0
        /// Microseconds since the cgroup was made: exact, where the averages are two seconds old.
        public var total: UInt64 = 0
    }

    /// Time in which at least one task waited.
    public var some = Line()
    /// Time in which all tasks that had something to do waited.
    public var full = Line()

    /// Reads the file's text; nil where it is none.
    public init?(_ text: String) {
        var found = false
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            var read = Line()
            for word in words.dropFirst() {
                let parts = word.split(separator: "=", maxSplits: 1)
                guard parts.count == 2 else { return nil }
                switch parts[0] {
                case "avg10": read.avg10 = Self.percent(parts[1])
                case "avg60": read.avg60 = Self.percent(parts[1])
                case "avg300": read.avg300 = Self.percent(parts[1])
                case "total": read.total = UInt64(parts[1]) ?? 0
                default: break
                }
            }
            switch words.first {
            case "some": (some, found) = (read, true)
            case "full": full = read
            default: return nil
            }
        }
        guard found else { return nil }
    }

    /// 0 for what is no percentage: `Double` reads `nan` and `inf` too, which convert to no integer.
    private static func percent(_ text: Substring) -> Double {
        guard let value = Double(text), (0...100).contains(value) else { return 0 }
        return value
    }
}

/// What can be waited for.
public enum PressureResource: String, Sendable, Hashable, CaseIterable {
    /// Memory.
    case memory
    /// Disks.
    case io
    /// Processors.
    case cpu
}

extension Cgroup {
    /// How much time its processes lost. ``FileResult/noFile`` also where the host does not count it (`psi=1` at
    /// boot) or `cgroup.pressure` is 0.
    public borrowing func pressure(_ resource: PressureResource) throws(CgroupError) -> FileResult<Pressure> {
        let file = "\(resource.rawValue).pressure"
        do throws(CgroupError) {
            let text = try read(file)
            if case .value(let text) = text, Pressure(text) == nil { throw .malformed("\(path)/\(file)", text) }
            return text.compactMap { Pressure($0) }
        } catch {
            guard error.errno == .notSupported else { throw error }
            return .noFile
        }
    }
}

extension Pressure {
    /// How much time the whole host lost; nil where it is not counted. In a container, too, it is the host's.
    public static func ofHost(_ resource: PressureResource) -> Pressure? {
        let bytes = try? OwnedDescriptor.open("/proc/pressure/\(resource.rawValue)", .read).readToEnd()
        return bytes.flatMap { Pressure(String(decoding: $0, as: UTF8.self)) }
    }
}

/// Wakes the loop when too much time was lost, at most once in each window.
public struct PressureTrigger: ~Copyable, Sendable {
    /// How the kernel watches.
    public enum Sampling: Sendable, Hashable {
        /// Ten times in each window; needs the right CAP_SYS_RESOURCE.
        case prompt
        /// With the averages, every 2 s: what everybody may have from Linux 6.4 on.
        case everyTwoSeconds
    }

    /// Which of the two lines of the file.
    public enum Severity: String, Sendable, Hashable {
        /// At least one task waits.
        case some
        /// All tasks wait.
        case full
    }

    private let file: OwnedDescriptor
    /// How the kernel watches.
    public let sampling: Sampling
    /// Over which time it counts; longer than asked for where only ``Sampling/everyTwoSeconds`` was to be had.
    public let window: Duration

    /// The number, to be polled for `POLLPRI`; `POLLERR` means that the cgroup is gone.
    public var descriptor: Int32 { file.number }

    /// Sets a trigger on a cgroup, in the best way that can be had: as asked, or else with a window rounded up to 2 s
    /// and the stall in proportion.
    ///
    /// - Parameters:
    ///   - stall: how much time must be lost.
    ///   - window: within which time, 500 ms to 10 s.
    /// - Returns: nil where neither is to be had: poll ``Cgroup/pressure(_:)`` and take differences of `total`.
    public static func set(
        on cgroup: borrowing Cgroup, _ resource: PressureResource = .memory, _ severity: Severity, stall: Duration,
        window: Duration
    ) throws(CgroupError) -> PressureTrigger? {
        let name = "\(resource.rawValue).pressure"
        return try set("\(cgroup.path)/\(name)", severity, stall, window) { () throws(Errno) in
            try cgroup.directory.open(name, .readWrite)
        }
    }

    /// Sets a trigger on the whole host, in the same way.
    public static func setOnHost(
        _ resource: PressureResource = .memory, _ severity: Severity, stall: Duration, window: Duration
    ) throws(CgroupError) -> PressureTrigger? {
        let path = "/proc/pressure/\(resource.rawValue)"
        return try set(path, severity, stall, window) { () throws(Errno) in try OwnedDescriptor.open(path, .readWrite) }
    }

    private static func bounded(_ span: Duration) -> Int64 { min(max(span, .zero), .seconds(3_600)).wholeMicroseconds }

    private static func set(
        _ path: String, _ severity: Severity, _ stall: Duration, _ window: Duration,
        opening: () throws(Errno) -> OwnedDescriptor
    ) throws(CgroupError) -> PressureTrigger? {
        // The kernel takes windows of 10 s at most: what is far beyond is refused as well where it is cut down to an
        // hour.
        let (stallTime, windowTime) = (bounded(stall), bounded(window))
        let slow = max(1, (windowTime + 1_999_999) / 2_000_000) * 2_000_000
        let ways: [(Sampling, stall: Int64, window: Int64)] = [
            (.prompt, stallTime, windowTime), (.everyTwoSeconds, stallTime * slow / max(1, windowTime), slow),
        ]
        for way in ways {
            do throws(Errno) {
                // A new open file for each attempt: one takes one trigger.
                let file = try opening()
                // The kernel overwrites the last byte, so the line end is not decoration.
                _ = try file.write(Array("\(severity.rawValue) \(way.stall) \(way.window)\n".utf8))
                return PressureTrigger(file: file, sampling: way.0, window: .microseconds(way.window))
            } catch {
                switch error {
                case .invalidArgument, .notPermitted, .accessDenied: continue
                case .noSuchFile, .noSuchDevice, .notSupported: return nil
                default: throw .failed("set a trigger on", path, error)
                }
            }
        }
        return nil
    }
}
