import CPinfoldLinux
import Glibc

/// A signal's number. See signal(7).
public struct Signal: RawRepresentable, Sendable, Hashable {
    /// The number, as in `<signal.h>`.
    public let rawValue: Int32

    /// The signal with this number.
    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// SIGHUP
    public static let hangUp = Signal(rawValue: SIGHUP)
    /// SIGINT
    public static let interrupt = Signal(rawValue: SIGINT)
    /// SIGQUIT
    public static let quit = Signal(rawValue: SIGQUIT)
    /// SIGKILL
    public static let kill = Signal(rawValue: SIGKILL)
    /// SIGUSR1
    public static let user1 = Signal(rawValue: SIGUSR1)
    /// SIGUSR2
    public static let user2 = Signal(rawValue: SIGUSR2)
    /// SIGPIPE
    public static let brokenPipe = Signal(rawValue: SIGPIPE)
    /// SIGTERM
    public static let terminate = Signal(rawValue: SIGTERM)
    /// SIGCHLD
    public static let child = Signal(rawValue: SIGCHLD)
    /// SIGCONT
    public static let resume = Signal(rawValue: SIGCONT)
    /// SIGSTOP
    public static let stop = Signal(rawValue: SIGSTOP)
    /// SIGTSTP
    public static let terminalStop = Signal(rawValue: SIGTSTP)
    /// SIGTTOU
    public static let terminalOutput = Signal(rawValue: SIGTTOU)
    /// SIGWINCH
    public static let windowSize = Signal(rawValue: SIGWINCH)
}

extension Signal: CustomStringConvertible {
    /// The symbol: `SIGTERM`. For a number without one, `signal 63`.
    public var description: String {
        guard let name = unsafe pinfold_signal_name(rawValue) else { return "signal \(rawValue)" }
        return unsafe "SIG\(String(cString: name))"
    }
}

/// A set of signals, one bit each.
package struct SignalSet: Sendable, Hashable, ExpressibleByArrayLiteral {
    /// Bit n−1 stands for signal n.
    package private(set) var bits: UInt64

    package init(bits: UInt64 = 0) {
        self.bits = bits
    }

    package init(arrayLiteral signals: Signal...) {
        self.init(signals)
    }

    package init(_ signals: some Sequence<Signal>) {
        bits = signals.reduce(0) { $0 | Self.bit($1) }
    }

    package static let all = SignalSet(bits: .max)

    package func contains(_ signal: Signal) -> Bool {
        bits & Self.bit(signal) != 0
    }

    package mutating func insert(_ signal: Signal) {
        bits |= Self.bit(signal)
    }

    private static func bit(_ signal: Signal) -> UInt64 {
        (1...64).contains(signal.rawValue) ? 1 << UInt64(signal.rawValue - 1) : 0
    }

    var cSet: sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in Int32(1)...64 where contains(Signal(rawValue: number)) { unsafe sigaddset(&set, number) }
        return set
    }

    init(_ set: sigset_t) {
        var set = set
        self.init((Int32(1)...64).filter { unsafe sigismember(&set, $0) == 1 }.map(Signal.init))
    }
}

extension SignalSet {
    /// The signals this process was started to ignore, or ignores by now: what `nohup` asks for. To be read first
    /// thing, and given to children as ``SpawnOptions/ignoredSignals``.
    package static func ignored() -> SignalSet {
        SignalSet(
            (Int32(1)...64).filter { number in
                var action = sigaction()
                guard unsafe sigaction(number, nil, &action) == 0 else { return false }
                return unsafe action.__sigaction_handler.sa_handler.map { unsafe unsafeBitCast($0, to: Int.self) } == 1
            }.map(Signal.init))
    }

    /// The signals the calling thread does not take now. The corresponding C function is `pthread_sigmask`.
    package static func blocked() -> SignalSet {
        var set = sigset_t()
        unsafe pthread_sigmask(SIG_BLOCK, nil, &set)
        return SignalSet(set)
    }

    /// Makes this the set the calling thread does not take, and returns the one before.
    @discardableResult
    package func block() -> SignalSet {
        var (new, old) = (cSet, sigset_t())
        unsafe pthread_sigmask(SIG_SETMASK, &new, &old)
        return SignalSet(old)
    }

    /// Ignores SIGPIPE for the whole process, so that a write without a reader is an answer and not the end of us.
    /// Children start with the default again.
    package static func ignoreBrokenPipe() {
        _ = Glibc::signal(SIGPIPE, SIG_IGN)
    }
}
