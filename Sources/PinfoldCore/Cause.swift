/// Why a life ended: a kind to script against, a sentence to read, and the numbers behind it.
///
/// Kept with the session until its next life, on disk too, so it is plain data that can be written and read back.
package struct Cause: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case exited, signaled, killed, ended
        case leaseLost = "lease_lost"
        case terminated
        case idleTimeout = "idle_timeout"
        case poolFull = "pool_full"
        case reserve, pressure
        case memoryLimit = "memory_limit"
        case poolLimit = "pool_limit"
        case hostMemory = "host_memory"
        case lifetime
        case turnTimeout = "turn_timeout"
        case startFailed = "start_failed"
        case reboot
    }

    /// A number with its name; the name says the unit where it is not a count (`idleSeconds`, `peakBytes`).
    package struct Number: Hashable, Sendable {
        package let name: String
        package let value: Int64

        package init(_ name: String, _ value: Int64) {
            self.name = name
            self.value = value
        }

        package init(_ name: String, bytes: UInt64) {
            self.init(name, Int64(clamping: bytes))
        }

        package init(_ name: String, seconds span: Duration) {
            self.init(name, span.wholeMilliseconds / 1_000)
        }
    }

    package let kind: Kind
    package let message: String
    package let numbers: [Number]

    package init(kind: Kind, message: String, numbers: [Number]) {
        self.kind = kind
        self.message = message
        self.numbers = numbers
    }

    package func number(_ name: String) -> Int64? {
        numbers.first { $0.name == name }?.value
    }
}

extension Cause {
    package static func exited(_ code: Int32) -> Cause {
        Cause(
            kind: .exited, message: "the command exited with status \(code)", numbers: [Number("status", Int64(code))])
    }

    package static func signaled(_ signal: Int32) -> Cause {
        Cause(
            kind: .signaled, message: "the command was ended by signal \(signal), which did not come from Pinfold",
            numbers: [Number("signal", Int64(signal))])
    }

    package static func killed(by user: UserID) -> Cause {
        Cause(kind: .killed, message: "killed by \(user)", numbers: [Number("by", Int64(user.number))])
    }

    package static func ended(by user: UserID) -> Cause {
        Cause(kind: .ended, message: "ended by \(user)", numbers: [Number("by", Int64(user.number))])
    }

    package static func suspended(by user: UserID) -> Cause {
        Cause(kind: .ended, message: "suspended by \(user)", numbers: [Number("by", Int64(user.number))])
    }

    /// The controller itself ends, and takes its sessions with it.
    package static let controllerEnded = Cause(kind: .ended, message: "the controller ended", numbers: [])

    /// Nobody saw the end: the cgroup was gone or empty when a new controller took over.
    package static let unwatched = Cause(
        kind: .ended, message: "ended while no controller was running", numbers: [])

    /// It was running when the machine went down.
    package static let reboot = Cause(kind: .reboot, message: "the machine was rebooted while it ran", numbers: [])

    /// Its cgroup is empty, but its launcher does not know of an end: it stands still, or the command has moved away.
    package static let unreported = Cause(
        kind: .ended, message: "no process is left in its cgroup, and its launcher did not say how the command ended",
        numbers: [])

    package static let leaseLost = Cause(kind: .leaseLost, message: "its launcher is gone", numbers: [])

    /// Its launcher was asked to leave, as when the service that it is in stops.
    package static let terminated = Cause(
        kind: .terminated, message: "its launcher was asked to terminate (SIGTERM)", numbers: [])

    package static func idleTimeout(idle: Duration, limit: Duration) -> Cause {
        Cause(
            kind: .idleTimeout,
            message: "idle for \(Wording.roughly(idle)); IdleTimeoutSec=\(Wording.span(limit))",
            numbers: [Number("idleSeconds", seconds: idle), Number("limitSeconds", seconds: limit)])
    }

    package static func poolFull(sessions: Int, limit: Int, idle: Duration) -> Cause {
        Cause(
            kind: .poolFull,
            message: "evicted to admit another session: \(sessions) of \(limit) were taken, "
                + "and it had been idle longest, for \(Wording.roughly(idle))",
            numbers: [
                Number("sessions", Int64(sessions)), Number("limit", Int64(limit)),
                Number("idleSeconds", seconds: idle),
            ])
    }

    package static func poolMemoryFull(available: UInt64, needed: UInt64, idle: Duration) -> Cause {
        Cause(
            kind: .poolFull,
            message: "evicted to admit another session: \(Wording.bytes(available)) were available, "
                + "\(Wording.bytes(needed)) needed, and it had been idle longest, for \(Wording.roughly(idle))",
            numbers: [
                Number("availableBytes", bytes: available), Number("neededBytes", bytes: needed),
                Number("idleSeconds", seconds: idle),
            ])
    }

    package static func reserve(available: UInt64, reserve: UInt64, isHard: Bool, idle: Duration) -> Cause {
        Cause(
            kind: .reserve,
            message: "\(Wording.bytes(available)) were available; \(isHard ? "MemoryReserveHard" : "MemoryReserve")="
                + "\(Wording.bytes(reserve)), and it had been idle longest, for \(Wording.roughly(idle))",
            numbers: [
                Number("availableBytes", bytes: available), Number("reserveBytes", bytes: reserve),
                Number("hard", isHard ? 1 : 0), Number("idleSeconds", seconds: idle),
            ])
    }

    /// - Parameters: both in hundredths of a percent.
    package static func pressure(full: UInt32, limit: UInt32, idle: Duration) -> Cause {
        Cause(
            kind: .pressure,
            message: "memory pressure (full avg10) was \(full / 100)%; PressureLimit=\(limit / 100)%, "
                + "and it had been idle longest, for \(Wording.roughly(idle))",
            numbers: [
                Number("pressurePermyriad", Int64(full)), Number("limitPermyriad", Int64(limit)),
                Number("idleSeconds", seconds: idle),
            ])
    }

    package static func lifetime(limit: Duration) -> Cause {
        Cause(
            kind: .lifetime, message: "at the end of its life; LifetimeSec=\(Wording.span(limit))",
            numbers: [Number("limitSeconds", seconds: limit)])
    }

    package static func turnTimeout(limit: Duration) -> Cause {
        Cause(
            kind: .turnTimeout, message: "a turn did not end; TurnTimeoutSec=\(Wording.span(limit))",
            numbers: [Number("limitSeconds", seconds: limit)])
    }

    package static func permissionTimeout(limit: Duration) -> Cause {
        Cause(
            kind: .turnTimeout,
            message: "a turn waited for a human's answer that did not come; "
                + "PermissionTimeoutSec=\(Wording.span(limit))",
            numbers: [Number("limitSeconds", seconds: limit)])
    }

    /// - Parameter exit: what the launcher exits with: 126, 127 or 125.
    package static func startFailed(_ reason: String, exit: Int32) -> Cause {
        Cause(kind: .startFailed, message: reason, numbers: [Number("exit", Int64(exit))])
    }
}
