import CPinfoldLinux
import Glibc

/// What a child's start came to.
package enum StartOutcome: Sendable, Hashable {
    /// It executes its program, or has done so already.
    case executing
    /// It gave up, and is reaped.
    case failed(SpawnError)
    /// It was killed before its first instruction, and is reaped. Nobody of us did that: it is what the kernel does to
    /// children born into a cgroup that was killed once (many kernels), or whose parent lives in one.
    case diedAtBirth
}

/// A child of this process.
///
/// A value that is dropped before the end of its child leaves a zombie; nothing is killed.
package struct ChildProcess: ~Copyable, Sendable {
    package let pid: ProcessID
    package let pidfd: Pidfd
    private let path: ByteString
    private let directory: String?
    private var status: OwnedDescriptor?
    private var hold: OwnedDescriptor?
    private var heard: [UInt8] = []
    /// How it ended, once that was seen.
    package private(set) var end: ProcessChange?

    init(_ child: pinfold_child, path: ByteString, directory: String?) {
        pid = child.pid
        pidfd = Pidfd(owning: OwnedDescriptor(owning: child.pidfd))
        status = OwnedDescriptor(owning: child.status)
        hold = child.hold < 0 ? nil : OwnedDescriptor(owning: child.hold)
        self.path = path
        self.directory = directory
    }

    /// To be polled for reading; then ask ``pollStart()``. Nil once the start has come to its end.
    package var statusDescriptor: Int32? {
        switch status {
        case .some(let status): status.number
        case .none: nil
        }
    }

    /// Whether the child waits for ``releaseHold()``.
    package var isHeld: Bool {
        switch hold {
        case .some: true
        case .none: false
        }
    }

    /// Lets a held child go on to its program. A child that died meanwhile is no error here.
    package mutating func releaseHold() throws(Errno) {
        guard let hold = hold.take() else { return }
        do throws(Errno) {
            try hold.writeAll([1])
        } catch .brokenPipe {
        }
    }

    /// Makes a held child exit with status 125, without output.
    package mutating func abandonHold() {
        hold = nil
    }

    /// Waits for the child's first sign of life. False: it died at birth.
    package mutating func waitUntilAlive() throws(Errno) -> Bool {
        try listen(until: 1)
        return heard.first == UInt8(PINFOLD_ALIVE)
    }

    /// Waits until the child executes its program or has given up. Not for a child that is still held.
    package mutating func finishStart() throws(Errno) -> StartOutcome {
        precondition(!isHeld, "a held child does not come to its program: release it first")
        try listen(until: .max)
        return try concludeStart()
    }

    /// The same without waiting: nil while it is not known yet.
    package mutating func pollStart() throws(Errno) -> StartOutcome? {
        while let waiting = statusDescriptor {
            guard try !waitFor(waiting, .readable, deadline: .init(nanoseconds: 0)).isEmpty else { return nil }
            try listen(until: heard.count + 1)
        }
        return try concludeStart()
    }

    /// Reads from the child until so many bytes are there, or the end.
    private mutating func listen(until count: Int) throws(Errno) {
        var buffer = [UInt8](repeating: 0, count: 1 + MemoryLayout<pinfold_failure>.size)
        while heard.count < count {
            let outcome: ReadOutcome
            switch status {
            case .some(let status): outcome = try status.read(into: &buffer)
            case .none: return
            }
            if case .bytes(let count) = outcome {
                heard.append(contentsOf: buffer[..<count])
            } else {
                status = nil
            }
        }
    }

    private mutating func concludeStart() throws(Errno) -> StartOutcome {
        guard heard.first == UInt8(PINFOLD_ALIVE) else {
            _ = try wait()
            return .diedAtBirth
        }
        let report = heard.dropFirst()
        guard report.count == MemoryLayout<pinfold_failure>.size else { return .executing }
        _ = try wait()
        let failure = unsafe report.withUnsafeBytes { unsafe $0.loadUnaligned(as: pinfold_failure.self) }
        let step = SpawnStep(rawValue: failure.step) ?? .execute
        let subject = step == .directory ? directory.map { ByteString($0) } ?? path : path
        return .failed(SpawnError(.failed(step, Errno(rawValue: failure.error)), command: subject))
    }

    /// Sends a signal. Returns false where the child is over.
    @discardableResult
    package borrowing func send(_ signal: Signal) throws(Errno) -> Bool {
        try pidfd.send(signal)
    }

    /// What became of it since the last question; an end is given again and again.
    package mutating func poll(stops: Bool = false) throws(Errno) -> ProcessChange? {
        if let end { return end }
        let change = try pidfd.wait(stops: stops)
        if let change, change.isEnd { end = change }
        return change
    }

    /// Waits for its end.
    package mutating func wait() throws(Errno) -> ProcessChange {
        if let end { return end }
        guard let change = try pidfd.wait(blocking: true) else { throw .noChild }
        end = change
        return change
    }
}
