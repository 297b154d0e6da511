import PinfoldCore
import PinfoldLinux
import PinfoldProtocol

/// Getting a command into its session's cgroup before its first instruction.
enum CommandPlacement {
    struct PlacedCommand: ~Copyable {
        var child: ChildProcess
        let placement: Placement
    }

    enum Failure: Error {
        /// The command itself: not found, not executable.
        case command(SpawnError)
        case unavailable(ControllerUnavailable)
        /// Neither way in is open.
        case refused(String)
        /// The controller ended the session meanwhile.
        case ended(LeaseEvent.Ending)
    }

    /// Born there where that is possible, else held at its birth and moved by the controller.
    ///
    /// - Parameters:
    ///   - cgroup: the session's directory.
    ///   - lease: the connection over which the controller can be asked to move the child.
    static func place(
        _ command: Command, _ options: SpawnOptions, cgroup: borrowing OwnedDescriptor, lease: inout ControllerSocket
    ) throws(Failure) -> PlacedCommand {
        var into = options
        into.cgroup = cgroup.number
        do throws(SpawnError) {
            var child = try Child.spawn(command, options: into)
            switch Result(catching: { () throws(Errno) in try child.finishStart() }) {
            case .success(.executing): return PlacedCommand(child: child, placement: .into)
            case .success(.failed(let error)): throw error
            // Killed before its first instruction, without a signal: the kernel does that to children of a process in a
            // cgroup that was killed once. Born here and moved there, it lives.
            case .success(.diedAtBirth), .failure: break
            }
        } catch {
            guard case .cloneFailed = error.reason else { throw .command(error) }
        }
        return try attach(command, options, &lease)
    }

    private static func attach(
        _ command: Command, _ options: SpawnOptions, _ lease: inout ControllerSocket
    ) throws(Failure) -> PlacedCommand {
        var held = options
        held.hold = true
        var child: ChildProcess
        do throws(SpawnError) {
            child = try Child.spawn(command, options: held)
        } catch {
            throw .command(error)
        }
        try askToAttach(child.pidfd, over: &lease)
        let outcome = Result { () throws(Errno) in
            try child.releaseHold()
            return try child.finishStart()
        }
        switch outcome {
        case .success(.executing): return PlacedCommand(child: child, placement: .attach)
        case .success(.failed(let error)): throw .command(error)
        case .success(.diedAtBirth): throw .refused("the command was killed before it began")
        case .failure(let error): throw .refused("the command could not be started: \(error)")
        }
    }

    private static func askToAttach(
        _ pidfd: borrowing Pidfd, over lease: inout ControllerSocket
    ) throws(Failure) {
        let event: LeaseEvent
        do {
            try lease.send(Request.attach.call, descriptors: [pidfd.descriptor.number])
            let reply = try lease.reply(within: ControllerSocket.responseTimeout)
            if let name = reply.error { throw InterfaceError(name, reply.parameters) }
            event = try LeaseEvent(reply)
        } catch let error as ControllerUnavailable {
            throw .unavailable(error)
        } catch {
            throw .refused("\(error)")
        }
        switch event {
        case .attached: return
        case .ended(let ending): throw .ended(ending)
        case .attachFailed(let reason):
            throw .refused(
                "the command can neither be born in the session's cgroup nor be moved there: \(reason). From a login "
                    + "session, start the harness with 'systemd-run --user --scope', so that it lives below the same "
                    + "user manager as the controller")
        default: throw .refused("the controller answered out of turn")
        }
    }
}
