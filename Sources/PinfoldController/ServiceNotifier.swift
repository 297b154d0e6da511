import PinfoldCore
package import PinfoldLinux

/// What a service manager wants of a service: the variables that it sets. See sd_notify(3) and sd_watchdog_enabled(3).
package struct ServiceEnvironment: Sendable {
    package let notifySocket: String
    /// The manager restarts a service that does not report for this long.
    package let watchdog: Duration?

    /// - Parameter variable: reads the environment.
    /// - Returns: nil where no manager waits for notifications.
    package init?(process: ProcessID, variable: (String) -> String?) {
        guard let socket = variable("NOTIFY_SOCKET"), !socket.isEmpty else { return nil }
        notifySocket = socket
        let isMeant = variable("WATCHDOG_PID").map { $0 == "\(process)" } ?? true
        // From the manager, but a variable all the same: at least a second, so that it cannot keep the loop awake.
        watchdog = variable("WATCHDOG_USEC").flatMap { UInt64($0) }.flatMap { microseconds in
            isMeant && microseconds > 0 ? .microseconds(Int64(clamping: max(microseconds, 1_000_000))) : nil
        }
    }
}

/// Reports to the service manager: that the controller is ready, that it is alive, what it does, and that it leaves.
struct ServiceNotifier: ~Copyable {
    private static let statusInterval = Duration.seconds(5)

    private let socket: NotifySocket
    private let watchdogInterval: Duration?
    private var nextWatchdog: Instant?
    private var nextStatus: Instant
    private var status = ""
    private var isStopping = false

    init(_ environment: ServiceEnvironment, at now: Instant) throws(Errno) {
        socket = try NotifySocket(environment.notifySocket)
        // Twice in the time of the watchdog, as sd_watchdog_enabled(3) recommends.
        watchdogInterval = environment.watchdog.map { $0 / 2 }
        nextWatchdog = watchdogInterval.map { now + $0 }
        nextStatus = now
    }

    /// When ``update(_:isLeaving:at:)`` is next due.
    ///
    /// - Parameter status: the present status.
    func patience(_ status: String, at now: Instant) -> Duration? {
        let due = Instant.earliest(nextWatchdog, status == self.status ? nil : nextStatus)
        return due.map { max($0.since(now), .zero) }
    }

    mutating func ready(_ status: String) {
        self.status = status
        send(["READY=1", "STATUS=\(status)"])
    }

    mutating func reloading() {
        // Of the same clock as the manager's, for `Type=notify-reload`.
        send(["RELOADING=1", "MONOTONIC_USEC=\(MonotonicClock.now().nanoseconds / 1_000)"])
    }

    /// Once for each turn of the loop: so a loop that hangs is noticed.
    mutating func update(_ status: String, isLeaving: Bool, at now: Instant) {
        var lines: [String] = []
        if isLeaving, !isStopping {
            isStopping = true
            lines.append("STOPPING=1")
        }
        if let due = nextWatchdog, now >= due {
            nextWatchdog = watchdogInterval.map { now + $0 }
            lines.append("WATCHDOG=1")
        }
        if status != self.status, now >= nextStatus {
            self.status = status
            nextStatus = now + Self.statusInterval
            lines.append("STATUS=\(status)")
        }
        if !lines.isEmpty { send(lines) }
    }

    private func send(_ lines: [String]) {
        // Lost where the manager does not read; the next one follows.
        try? socket.send(lines)
    }
}

extension SessionPool {
    /// One line of figures for the service manager.
    var status: String {
        let living = Wording.count(residentCount, "session")
        let suspended = sessions.all.count { $0.isSuspended }
        let waiting = waitingCount
        return "\(living) of \(budget.policy.maxSessions)" + (suspended > 0 ? ", \(suspended) suspended" : "")
            + (waiting > 0 ? ", \(waiting) waiting" : "")
    }
}
