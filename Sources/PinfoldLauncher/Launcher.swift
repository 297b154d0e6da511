import PinfoldCore
import PinfoldLinux
import PinfoldProtocol

/// `pinfold run`: asks for a session, starts the command in it, holds its lease, passes its exit status on.
///
/// It stays outside the session's cgroup and knows neither control files nor rules. Its life is the session's: when it
/// dies of anything, the lease breaks and the controller ends the session.
package enum Launcher {
    /// - Parameter say: one line for the user.
    /// - Returns: what to exit with; see the exit status table in docs/operators.md.
    package static func run(_ options: RunOptions, say: (String) -> Void) -> Int32 {
        do {
            try fillStandardDescriptors()
            let ignored = SignalSet.ignored()
            SignalSet.ignoreBrokenPipe()
            let signals = try SignalIntake(SignalSet(bits: SignalRelay.relayed.bits | SignalSet([.child]).bits))
            // Before anything is asked for: a command that is not there shall cost nobody a place.
            _ = try options.command.resolve()
            var launch = try Launch(options, signals: signals, ignored: ignored)
            let granted = try launch.acquire(say: say)
            let started = try launch.start(granted, say: say)
            var supervision = try Supervision(launch, grant: granted.grant, started: started)
            return try supervision.run(say: say)
        } catch let failure as LaunchFailure {
            say(failure.description)
            return failure.exitCode
        } catch let error as ControllerUnavailable {
            say(error.description)
            return ExitCode.unavailable
        } catch let error as SpawnError {
            say(error.description)
            return error.exitStatus
        } catch {
            say("\(error)")
            return ExitCode.failed
        }
    }
}

extension LaunchFailure {
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
