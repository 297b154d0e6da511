import PinfoldCore
import PinfoldLinux
import PinfoldProtocol

/// `pinfold run` and `pinfold acp`: asks for a session, starts the command in it, holds its lease, passes its exit
/// status on.
///
/// It stays outside the session's cgroup and knows neither control files nor rules. Its life is the session's: when it
/// dies of anything, the lease breaks and the controller ends the session.
package enum Launcher {
    /// - Parameter say: one line for the user.
    /// - Returns: what to exit with; see the exit status table in docs/operators.md.
    package static func run(_ options: RunOptions, say: (String) -> Void) -> Int32 {
        leave(say) {
            let station = try Station()
            // Before anything is asked for: a command that is not there shall cost nobody a place.
            _ = try options.command.resolve()
            var supervision = Supervision(options, station)
            return try supervision.run(say: say)
        }
    }

    /// The same for an agent that speaks ACP, which may go and come back meanwhile.
    package static func relay(_ options: RelayOptions, say: (String) -> Void) -> Int32 {
        leave(say) {
            // A message may have 64 MB, and there is a launcher for each session: it keeps what most lines need.
            limitKeptMemory(to: 4 << 20)
            let station = try Station()
            var relay = try AgentRelay(options, station)
            return try relay.run(say: say)
        }
    }

    private static func leave(_ say: (String) -> Void, _ body: () throws -> Int32) -> Int32 {
        do {
            return try body()
        } catch {
            let failure = LaunchFailure(any: error)
            say(failure.description)
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
