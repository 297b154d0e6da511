/// How a command's own process ended, as wait(2) reports it.
package enum CommandStatus: Hashable, Sendable {
    case exited(Int32)
    case signaled(Int32)

    /// The status a shell would report: the exit code, or 128 + n for signal n, of which there are 127 at most.
    package var code: Int32 {
        switch self {
        case .exited(let code): code
        case .signaled(let signal): 128 + min(max(signal, 0), 127)
        }
    }

    package static let killSignal: Int32 = 9
}

/// The exit status of `pinfold run` and `pinfold acp` where it is not the command's own.
package enum ExitCode {
    package static let usage: Int32 = 64
    /// No controller, or one that does not answer.
    package static let unavailable: Int32 = 69
    package static let notAdmitted: Int32 = 73
    /// Come back later.
    package static let suspended: Int32 = 75
    /// Hung, or at the end of its lifetime.
    package static let timedOut: Int32 = 124
    /// Anything else of ours.
    package static let failed: Int32 = 125
    package static let cannotExecute: Int32 = 126
    package static let notFound: Int32 = 127
    /// By the controller or for memory: 128 + SIGKILL.
    package static let killed: Int32 = 137

    /// What the launcher exits with when a life is over.
    ///
    /// - Parameters:
    ///   - cause: why the life ended.
    ///   - isSuspended: whether the session can come back.
    ///   - status: how the command ended, nil if no launcher reported it.
    package static func ofLauncher(cause: Cause, isSuspended: Bool, status: CommandStatus?) -> Int32 {
        switch cause.kind {
        case .startFailed:
            // Read back from a record it may be any number, and 0 would mean success.
            return cause.number("exit").map { Int32(min(max($0, 1), 255)) } ?? failed
        case _ where isSuspended:
            return suspended
        case .exited, .signaled:
            return status?.code ?? failed
        case .terminated:
            // As without a launcher in between: what the command made of the signal.
            return status?.code ?? killed
        case .ended:
            // Asked to end, the command may have left by itself in its time; a signal can only have been ours.
            if case .exited(let code)? = status { return code }
            return killed
        case .lifetime, .turnTimeout:
            return timedOut
        case .killed, .leaseLost, .idleTimeout, .poolFull, .reserve, .pressure, .memoryLimit, .poolLimit, .hostMemory,
            .reboot:
            return killed
        }
    }
}
