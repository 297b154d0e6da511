import PinfoldCgroups
import PinfoldCore
import PinfoldLinux

/// The controller's own child, in a leaf of its own: the harness of a container whose entry point the controller is.
struct HarnessCommand: ~Copyable {
    private static let leaf = "command"

    private var child: ChildProcess
    private let held: HeldSlice
    let name: String

    var descriptor: Int32 { child.pidfd.descriptor.number }
    var processID: ProcessID { child.pid }

    /// - Throws: `ServeFailure` with 127 or 126 where the command cannot be executed, as a shell would exit.
    init(
        _ words: [String], in held: HeldSlice, socket: String, openFiles: UInt64?, ignored: SignalSet
    ) throws(ServeFailure) {
        let name = words.first ?? ""
        var command = Command(ByteString(name), words.dropFirst().map { ByteString($0) })
        command.set("PINFOLD_SOCKET", socket)
        // Addressed to this process: a harness that reports READY=1 must not answer for the controller.
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] {
            command.environment.removeAll { $0.bytes.starts(with: Array("\(name)=".utf8)) }
        }
        var options = SpawnOptions()
        options.openFilesLimit = openFiles
        options.ignoredSignals = ignored
        var started = try Self.spawn(command, options, in: held)
        switch (try? started.finishStart()) ?? .diedAtBirth {
        case .executing: break
        case .failed(let error): throw ServeFailure(error.description, exitCode: error.exitStatus)
        case .diedAtBirth:
            throw ServeFailure(
                "\(name) died at birth: our own cgroup was killed once, and this kernel then kills what we start; start "
                    + "the controller from another cgroup", exitCode: ExitCode.failed)
        }
        child = started
        self.held = held
        self.name = name
    }

    private static func spawn(
        _ command: Command, _ given: SpawnOptions, in held: HeldSlice
    ) throws(ServeFailure) -> ChildProcess {
        do {
            // A directory that was killed once may kill what is born in it.
            if let old = try held.slice.root.child(leaf) { _ = try old.remove() }
            let cgroup = try held.slice.root.create(leaf)
            var options = given
            options.cgroup = cgroup.descriptor
            return try Child.spawn(command, options: options)
        } catch let error as SpawnError {
            throw ServeFailure(error.description, exitCode: error.exitStatus)
        } catch {
            throw ServeFailure("cannot start \(command.executable): \(error)", exitCode: ExitCode.failed)
        }
    }

    func send(_ signal: Signal) {
        _ = try? child.send(signal)
    }

    /// The exit status once it has ended.
    mutating func poll() -> Int32? {
        switch (try? child.poll()) ?? nil {
        case .exited(let code)?: code
        case .signaled(let signal, _)?: CommandStatus.signaled(signal.rawValue).code
        case .stopped?, .continued?, nil: nil
        }
    }

    /// What it left behind goes with it.
    func clear() {
        guard let cgroup = (try? held.slice.root.child(Self.leaf)) ?? nil else { return }
        _ = try? cgroup.kill()
        _ = try? cgroup.waitUntilEmpty(timeout: .seconds(2))
        _ = try? cgroup.remove()
    }
}
