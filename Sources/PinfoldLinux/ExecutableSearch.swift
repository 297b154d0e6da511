import Glibc

extension Command {
    /// Where to look if the environment has no `PATH`, as execvp(3) does.
    package static let defaultPath: ByteString = "/bin:/usr/bin"

    /// The file that will be executed: what execvp(3) would find.
    ///
    /// In the parent, so that the error comes before anything was started and names what was found: a file that may
    /// not be executed is another mistake than a name that does not exist (126 and 127 of every shell).
    package func resolve() throws(SpawnError) -> ByteString {
        guard !executable.bytes.isEmpty else { throw SpawnError(.notFound, command: executable) }
        let start = try startDirectory()
        if executable.bytes.contains(UInt8(ascii: "/")) {
            if let problem = problem(executable, below: start) { throw problem }
            return executable
        }
        var denied: SpawnError?
        let path = variable("PATH") ?? Self.defaultPath
        for part in path.bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false) {
            // An empty part is the current directory.
            let folder = part.isEmpty ? ByteString(".") : ByteString(bytes: part)
            let candidate = ByteString(bytes: folder.bytes + [UInt8(ascii: "/")] + executable.bytes)
            guard let problem = problem(candidate, below: start) else { return candidate }
            if problem.reason != .notFound && denied == nil { denied = problem }
        }
        throw denied ?? SpawnError(.notFound, command: executable)
    }

    private func startDirectory() throws(SpawnError) -> OwnedDescriptor? {
        guard let directory else { return nil }
        do throws(Errno) {
            return try .open(directory, [.path, .directory])
        } catch {
            throw SpawnError(.failed(.directory, error), command: ByteString(directory))
        }
    }

    /// Nil where the file can be executed.
    private func problem(_ candidate: ByteString, below start: borrowing OwnedDescriptor?) -> SpawnError? {
        let from =
            switch start {
            case .some(let start): start.number
            case .none: AT_FDCWD
            }
        do throws(Errno) {
            return unsafe try candidate.withName { path throws(Errno) in
                var facts = stat()
                try retried("fstatat") { unsafe fstatat(from, path, &facts, 0) }
                if facts.st_mode & S_IFMT == S_IFDIR { return SpawnError(.isDirectory, command: candidate) }
                guard facts.st_mode & S_IFMT == S_IFREG else { throw .accessDenied }
                // With the effective user's rights, as execve(2) checks, not the real one's.
                try retried("faccessat") { unsafe faccessat(from, path, X_OK, AT_EACCESS) }
                return nil
            }
        } catch {
            switch error {
            case .noSuchFile, .notDirectory, .nameTooLong: return SpawnError(.notFound, command: executable)
            case .accessDenied: return SpawnError(.notExecutable, command: candidate)
            default: return SpawnError(.failed(.execute, error), command: candidate)
            }
        }
    }
}

/// Why a command could not be started.
package struct SpawnError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Reason: Sendable, Hashable {
        /// No file of this name.
        case notFound
        /// A file without permission to be executed.
        case notExecutable
        case isDirectory
        /// No child was made. EAGAIN: too many processes. With a cgroup, ENOENT or ENODEV: it is gone; ENOSYS: hold
        /// the child and attach it instead.
        case cloneFailed(Errno)
        /// The child gave up at this step.
        case failed(SpawnStep, Errno)
    }

    package var reason: Reason
    /// The file, name or directory it is about.
    package var command: ByteString

    package init(_ reason: Reason, command: ByteString) {
        self.reason = reason
        self.command = command
    }

    /// What a shell would exit with: 127 not found, 126 found but not executable; 125 for anything else.
    package var exitStatus: Int32 {
        switch reason {
        case .notFound, .failed(.execute, .noSuchFile): 127
        case .notExecutable, .isDirectory, .failed(.execute, _): 126
        case .cloneFailed, .failed: 125
        }
    }

    package var description: String {
        switch reason {
        case .notFound where command.bytes.contains(UInt8(ascii: "/")): "cannot start \(command): there is no such file"
        case .notFound: "cannot start \"\(command)\": no directory of PATH has a program of this name"
        case .notExecutable: "cannot start \(command): it may not be executed (chmod +x, or a mount without noexec)"
        case .isDirectory: "cannot start \(command): it is a directory"
        case .cloneFailed(.noSuchFile), .cloneFailed(.noSuchDevice):
            "cannot start \(command): the cgroup it was to be born in is gone"
        case .cloneFailed(let error): "cannot start \(command): no new process: \(error)"
        case .failed(.directory, let error): "cannot start in \(command): \(error)"
        case .failed(.execute, .noSuchFile):
            "cannot start \(command): the interpreter it asks for is missing"
        case .failed(let step, let error): "cannot start \(command): \(step): \(error)"
        }
    }
}
