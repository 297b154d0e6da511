import CPinfoldLinux
import Glibc

/// The steps between a child's birth and its program, in their order.
package enum SpawnStep: Int32, Sendable, Hashable, CustomStringConvertible {
    case processGroup = 1
    case terminal, openFilesLimit, oomScore, directory, descriptors, execute

    package var description: String {
        switch self {
        case .processGroup: "cannot make a process group or session of its own"
        case .terminal: "cannot take the terminal"
        case .openFilesLimit: "cannot set the limit of open files"
        case .oomScore: "cannot set oom_score_adj"
        case .directory: "cannot go to the directory"
        case .descriptors: "cannot arrange the descriptors"
        case .execute: "cannot execute"
        }
    }
}

/// How a child differs from its parent. The defaults are those of a child with nothing in between.
package struct SpawnOptions: Sendable, Hashable {
    package enum ProcessGroup: UInt32, Sendable, Hashable {
        case inherited, own, newSession
    }

    /// The directory of the cgroup to be born in, as a borrowed number.
    package var cgroup: Int32?
    /// What becomes descriptor 0, 1 and 2, as borrowed numbers; nil: as they are here.
    package var standardInput: Int32?
    package var standardOutput: Int32?
    package var standardError: Int32?
    package var processGroup = ProcessGroup.inherited
    /// A terminal whose foreground the child's group becomes before it executes, as a borrowed number.
    package var terminal: Int32?
    /// Signals the child ignores, see ``SignalSet/ignored()``. All others have their default, and none is blocked.
    package var ignoredSignals: SignalSet = []
    /// The soft RLIMIT_NOFILE, see ``raiseOpenFilesLimit()``.
    package var openFilesLimit: UInt64?
    /// −1000 to 1000.
    package var oomScore: Int?
    /// Descriptors from this one on do not pass to the program.
    package var closingFrom: Int32 = 3
    /// Wait before the program until ``ChildProcess/releaseHold()``.
    package var hold = false

    package init() {}
}

/// Starts child processes.
package enum Child {
    /// Makes a child. When this returns, it exists; whether it came to its program, ``ChildProcess/finishStart()``
    /// tells.
    ///
    /// See `pinfold_spawn` for what happens between clone3(2) and execve(2).
    package static func spawn(
        _ command: Command, options: SpawnOptions = SpawnOptions()
    ) throws(SpawnError) -> ChildProcess {
        let path = try command.resolve()
        return try start(path, command, options)
    }

    /// Makes a child that executes nothing: it waits at its hold and leaves, with status 125, when that is abandoned.
    ///
    /// For probes, which must work where there is no program at all.
    package static func spawnIdle(options: SpawnOptions = SpawnOptions()) throws(SpawnError) -> ChildProcess {
        var held = options
        held.hold = true
        return try start("/", Command("/", environment: []), held)
    }

    private static func start(
        _ path: ByteString, _ command: Command, _ options: SpawnOptions
    ) throws(SpawnError) -> ChildProcess {
        let arguments = try strings([command.executable] + command.arguments, of: path)
        let environment = try strings(command.environment, of: path)
        let score = options.oomScore.map { String($0) } ?? ""
        let texts = try strings([path, ByteString(command.directory ?? ""), ByteString(score)], of: path)
        guard let file = unsafe texts.pointers[0] else { throw SpawnError(.notFound, command: path) }
        var request = unsafe pinfold_spawn(
            path: file, argv: arguments.pointers, envp: environment.pointers,
            directory: command.directory == nil ? nil : texts.pointers[1],
            oom_score_adj: options.oomScore == nil ? nil : texts.pointers[2],
            open_files: options.openFilesLimit.map { Int64(clamping: $0) } ?? -1,
            ignored: options.ignoredSignals.bits, cgroup: options.cgroup ?? -1,
            standard: (options.standardInput ?? -1, options.standardOutput ?? -1, options.standardError ?? -1),
            terminal: options.terminal ?? -1, close_from: options.closingFrom,
            group: pinfold_group(rawValue: options.processGroup.rawValue), hold: options.hold)
        var child = pinfold_child()
        let error = unsafe CPinfoldLinux::pinfold_spawn(&request, &child)
        extendLifetime(arguments)
        extendLifetime(environment)
        extendLifetime(texts)
        guard error == 0 else { throw SpawnError(.cloneFailed(Errno(rawValue: error)), command: path) }
        return ChildProcess(child, path: path, directory: command.directory)
    }

    /// Executes a command in place of this program.
    ///
    /// - Returns: why that failed. The corresponding C function is `execve`.
    static func execute(_ command: Command) -> SpawnError {
        do throws(SpawnError) {
            let path = try command.resolve()
            let files = try strings([path], of: path)
            guard let file = unsafe files.pointers[0] else { return SpawnError(.notFound, command: path) }
            let arguments = try strings([command.executable] + command.arguments, of: path)
            let environment = try strings(command.environment, of: path)
            _ = unsafe execve(file, arguments.pointers, environment.pointers)
            let error = Errno(rawValue: errno)
            extendLifetime(files)
            extendLifetime(arguments)
            extendLifetime(environment)
            return SpawnError(.failed(.execute, error), command: path)
        } catch {
            return error
        }
    }

    /// - Throws: EINVAL where a NUL is inside: the program would get less than it was given.
    private static func strings(_ texts: [ByteString], of path: ByteString) throws(SpawnError) -> CStringArray {
        do throws(Errno) {
            return try CStringArray(texts)
        } catch {
            throw SpawnError(.failed(.execute, error), command: path)
        }
    }
}
