import PinfoldCore
import PinfoldLinux
import PinfoldProtocol

/// The way to a session without waiting at any step of it: the client may hang up meanwhile.
struct ControllerSearch: ~Copyable {
    private static let firstPause = Duration.milliseconds(50)
    private static let longestPause = Duration.seconds(1)
    /// A controller that is restarted is back before that.
    private static let responseTimeout = Duration.seconds(10)

    /// A command that every controller dies of must not be started for ever.
    private static let mostLostStarts = 3

    private let open: OpenRequest
    private let path: String
    private var launch: Launch?
    private var pause = ControllerSearch.firstPause
    /// When to look for the controller again, or when its silence is too long.
    private(set) var dueAt: MonotonicClock.Instant?
    private var endsAt: MonotonicClock.Instant?
    private var searches: UInt64 = 0
    /// Whether a controller was there and has gone since this search began.
    private var wasLost = false
    private var lostStarts = 0

    init(_ open: OpenRequest, at path: String) {
        self.open = open
        self.path = path
    }

    mutating func begin() {
        searches += 1
        wasLost = false
        pause = Self.firstPause
        dueAt = MonotonicClock.now()
        endsAt = dueAt?.advanced(by: Self.responseTimeout)
    }

    var isDue: Bool { dueAt.map { MonotonicClock.now() >= $0 } ?? false }

    /// Goes on, as far as that is possible now.
    ///
    /// - Returns: what was granted, at the end.
    mutating func step(_ poller: borrowing Poller, log: (String) -> Void) throws -> LeaseEvent.Grant? {
        guard isSearching else { return nil }
        do {
            if try connect(poller) { return nil }
            if let grant = try launch?.grant(log: log) { return grant }
            if isQueued { dueAt = nil }
        } catch let error as ControllerUnavailable {
            try searchAgain(after: error, poller)
            return nil
        }
        guard !isDue else {
            try searchAgain(after: ControllerUnavailable(path: path, .timedOut), poller)
            return nil
        }
        return nil
    }

    private var isSearching: Bool { endsAt != nil }

    private var isQueued: Bool {
        switch launch {
        case .some(let launch): launch.isQueued
        case .none: false
        }
    }

    /// Whether it has just been asked, so that there can be no answer yet.
    private mutating func connect(_ poller: borrowing Poller) throws -> Bool {
        if launch != nil { return false }
        launch = try Launch(open, at: path, poller)
        dueAt = MonotonicClock.now().advanced(by: ControllerSocket.responseTimeout)
        return true
    }

    /// Searches for the next controller after one that ended between the grant and the command's start.
    mutating func begin(after error: ControllerUnavailable) throws {
        lostStarts += 1
        guard error.isLost, lostStarts <= Self.mostLostStarts else { throw error }
        begin()
    }

    /// The first time there must be one at once, as for any command; one that was there may be about to come back.
    private mutating func searchAgain(after error: ControllerUnavailable, _ poller: borrowing Poller) throws {
        if isQueued { endsAt = MonotonicClock.now().advanced(by: Self.responseTimeout) }
        drop(poller)
        if error.isLost { wasLost = true }
        guard searches > 1 || wasLost, let endsAt, MonotonicClock.now() < endsAt else { throw error }
        dueAt = MonotonicClock.now().advanced(by: pause)
        pause = min(pause + pause, Self.longestPause)
    }

    private mutating func drop(_ poller: borrowing Poller) {
        launch.take()?.abandon(poller)
    }

    /// What was found, for the start.
    mutating func takeLaunch() -> Launch? {
        dueAt = nil
        endsAt = nil
        return launch.take()
    }

    mutating func stop(_ poller: borrowing Poller) {
        drop(poller)
        dueAt = nil
        endsAt = nil
    }
}
