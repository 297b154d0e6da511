import CPinfoldLinux
import Glibc

/// A process's number. It may be another process's as soon as this one was reaped: keep a ``Pidfd``.
public typealias ProcessID = Int32

/// The state of a child, as waitid(2) reports it.
package enum ProcessChange: Sendable, Hashable {
    case exited(Int32)
    case signaled(Signal, dumpedCore: Bool)
    case stopped(Signal)
    case continued

    /// Whether it is gone.
    package var isEnd: Bool {
        switch self {
        case .exited, .signaled: true
        case .stopped, .continued: false
        }
    }
}

/// A process that is held: whatever its number is used for later, this stays the same process. See pidfd_open(2).
@frozen @usableFromInline package struct Pidfd: ~Copyable, Sendable {
    /// Readable as soon as the process has ended.
    package let descriptor: OwnedDescriptor

    /// Takes over a pidfd.
    package init(owning descriptor: consuming OwnedDescriptor) {
        self.descriptor = descriptor
    }

    /// Gives the descriptor back, whatever it is of.
    package consuming func takeDescriptor() -> OwnedDescriptor { descriptor }

    /// Whichever process has this number now.
    ///
    /// - Throws: ESRCH where there is none, EINVAL where the number is a thread's.
    package init(_ process: ProcessID) throws(Errno) {
        descriptor = OwnedDescriptor(owning: try once("pidfd_open") { pinfold_pidfd_open(process) })
    }

    /// Sends a signal. Returns false where the process was reaped already.
    ///
    /// - Throws: EPERM. The corresponding C function is `pidfd_send_signal`.
    @discardableResult
    package borrowing func send(_ signal: Signal) throws(Errno) -> Bool {
        try probe(signal.rawValue)
    }

    /// Whether there still is something that could get a signal; a zombie counts.
    package borrowing func exists() -> Bool {
        do throws(Errno) {
            return try probe(0)
        } catch {
            return true  // EPERM: another user's, and there.
        }
    }

    private borrowing func probe(_ number: Int32) throws(Errno) -> Bool {
        let pidfd = descriptor.number
        do throws(Errno) {
            try retried("pidfd_send_signal") { pinfold_pidfd_send_signal(pidfd, number) }
            return true
        } catch .noSuchProcess {
            return false
        }
    }

    /// Whether the process has ended, without reaping it; for any process, not only children.
    package borrowing func hasEnded() throws(Errno) -> Bool {
        try !waitFor(descriptor.number, .readable, deadline: .init(nanoseconds: 0)).isEmpty
    }

    /// What became of our child, nil where nothing new did. An end is given once, and reaps it.
    ///
    /// - Parameters:
    ///   - stops: also when it was stopped or continued.
    ///   - blocking: wait for it.
    /// - Throws: ECHILD where it is no child of ours or was reaped. The corresponding C function is `waitid`.
    package borrowing func wait(stops: Bool = false, blocking: Bool = false) throws(Errno) -> ProcessChange? {
        let pidfd = descriptor.number
        let options = WEXITED | (stops ? WSTOPPED | WCONTINUED : 0) | (blocking ? 0 : WNOHANG)
        var (code, status): (Int32, Int32) = (0, 0)
        try retried("waitid") { unsafe pinfold_wait(pidfd, options, &code, &status) }
        switch Int(code) {
        case CLD_EXITED: return .exited(status)
        case CLD_KILLED: return .signaled(Signal(rawValue: status), dumpedCore: false)
        case CLD_DUMPED: return .signaled(Signal(rawValue: status), dumpedCore: true)
        case CLD_STOPPED, CLD_TRAPPED: return .stopped(Signal(rawValue: status))
        case CLD_CONTINUED: return .continued
        default: return nil
        }
    }

    /// The process's number as this process's PID namespace sees it: nil where it was reaped, 0 where it is not
    /// visible from here. From the line `Pid:` of `/proc/self/fdinfo/N`, see proc(5).
    package borrowing func processID() throws(Errno) -> ProcessID? {
        let path = "/proc/self/fdinfo/\(descriptor.number)"
        let text = String(decoding: try OwnedDescriptor.open(path, .read).readToEnd(), as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix("Pid:") {
            guard let number = ProcessID(line.dropFirst(4).drop { $0 == " " || $0 == "\t" }) else { break }
            return number < 0 ? nil : number
        }
        throw .invalidArgument
    }
}
