import PinfoldLinux
import PinfoldProtocol

/// Holds the lease, and finds the controller again when it was gone: the session goes on meanwhile.
struct LeaseConnection: ~Copyable {
    private static let firstPause = Duration.milliseconds(50)
    private static let longestPause = Duration.seconds(1)

    enum LeaseUpdate {
        case event(LeaseEvent)
        /// The controller is gone; it is looked for from now on.
        case lost
        /// The controller is there and knows nothing of the session.
        case unknown
    }

    private let path: String
    private let session: String
    private let life: UInt64
    private var socket: ControllerSocket?
    private var pause = LeaseConnection.firstPause
    /// When to look for the controller again; nil while the lease is held, or no longer to be had.
    private(set) var reopenAt: MonotonicClock.Instant?

    init(_ socket: consuming ControllerSocket?, path: String, session: String, life: UInt64) {
        self.socket = socket
        self.path = path
        self.session = session
        self.life = life
    }

    var isHeld: Bool {
        switch socket {
        case .some: true
        case .none: false
        }
    }

    /// Sends a call without an answer. A call that cannot be sent now is repeated when the lease is taken again.
    mutating func send(_ request: Request) {
        do throws(ControllerUnavailable) {
            try socket?.send(request.call)
        } catch {
            // Reading will show it too, and there it is dealt with.
        }
    }

    /// The next event of the controller, or the state of its connection; nil if there is none now.
    mutating func next(_ poller: borrowing Poller) -> LeaseUpdate? {
        do {
            switch try socket?.next() ?? .nothing {
            case .nothing: return nil
            case .closed: return lose(poller)
            case .reply(let reply):
                guard reply.error == nil else {
                    drop(poller)
                    return .unknown
                }
                return .event(try LeaseEvent(reply))
            }
        } catch {
            return lose(poller)
        }
    }

    /// The life is over: nothing more is received, and no controller is searched for.
    mutating func close(_ poller: borrowing Poller) {
        drop(poller)
        reopenAt = nil
    }

    private mutating func lose(_ poller: borrowing Poller) -> LeaseUpdate {
        drop(poller)
        pause = Self.firstPause
        reopenAt = MonotonicClock.now().advanced(by: pause)
        return .lost
    }

    private mutating func drop(_ poller: borrowing Poller) {
        guard let lost = socket.take() else { return }
        try? poller.remove(lost.descriptor)
    }

    /// Looks for the controller when it is time to.
    ///
    /// - Returns: whether it is there again; then the reports it cannot know must be repeated.
    mutating func reconnectIfDue(_ poller: borrowing Poller) -> Bool {
        guard let due = reopenAt, MonotonicClock.now() >= due else { return false }
        do {
            let found = try ControllerSocket(path)
            try found.send(Request.reopen(session: session, life: life).call)
            try poller.add(found.descriptor, token: LaunchToken.lease, for: .readable)
            socket = consume found
            reopenAt = nil
            return true
        } catch {
            pause = min(pause + pause, Self.longestPause)
            reopenAt = MonotonicClock.now().advanced(by: pause)
            return false
        }
    }
}
