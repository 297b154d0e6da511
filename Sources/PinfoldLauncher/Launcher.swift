import PinfoldCore
import PinfoldLinux
import PinfoldProtocol

/// `pinfold run` and `pinfold acp`: requests a session, starts the command in it, holds its lease, passes its exit
/// status on.
///
/// It stays outside the session's cgroup and knows neither control files nor rules. Its life is the session's: when it
/// dies of anything, the lease breaks and the controller ends the session.
package enum Launcher {
    /// - Parameter log: one line for the user.
    /// - Returns: what to exit with; see the exit status table in docs/operators.md.
    package static func run(_ options: RunOptions, log: (String) -> Void) -> Int32 {
        exitCode(log) {
            let loop = try LauncherLoop()
            // Before a session is requested: a missing command must not cost another session its place.
            _ = try options.command.resolve()
            var supervision = Supervision(options, loop)
            return try supervision.run(log: log)
        }
    }

    /// The same for an agent that speaks ACP, which may go and come back meanwhile.
    package static func relay(_ options: RelayOptions, log: (String) -> Void) -> Int32 {
        exitCode(log) {
            // A message may have 64 MB, and there is a launcher for each session: it keeps what most lines need.
            limitKeptMemory(to: 4 << 20)
            let loop = try LauncherLoop()
            var relay = try AgentRelay(options, loop)
            return try relay.run(log: log)
        }
    }

    private static func exitCode(_ log: (String) -> Void, _ body: () throws -> Int32) -> Int32 {
        do {
            return try body()
        } catch {
            let failure = LaunchFailure(any: error)
            log(failure.description)
            return failure.exitCode
        }
    }
}

extension LaunchFailure {
    init(any error: any Error) {
        switch error {
        case let failure as LaunchFailure: self = failure
        case let error as ControllerUnavailable: self.init(error)
        case let error as SpawnError: self.init(error.description, exitCode: error.exitStatus)
        default: self.init("\(error)", exitCode: ExitCode.failed)
        }
    }

    init(_ error: ControllerUnavailable) {
        self.init(error.description, exitCode: ExitCode.unavailable)
    }

    /// What the controller answered instead of a session.
    init(_ error: InterfaceError) {
        switch error {
        case .notAdmitted: self.init(error.description, exitCode: ExitCode.notAdmitted)
        case .rejected, .invalidParameter: self.init(error.description, exitCode: ExitCode.usage)
        default: self.init(error.description, exitCode: ExitCode.failed)
        }
    }
}
