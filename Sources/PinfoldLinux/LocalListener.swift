import CPinfoldLinux
import Glibc

/// Why a path could not be listened at.
package enum ListenError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Somebody accepts connections there.
    case alive(path: String)
    /// There is a file of another kind; it is not ours to remove.
    case notSocket(path: String)
    case failed(verb: String, path: String, Errno)

    package var description: String {
        switch self {
        case .alive(let path):
            "cannot listen at \(path): somebody listens there already"
        case .notSocket(let path):
            "cannot listen at \(path): the file there is no socket; move it away or name another path"
        case .failed(let verb, let path, .nameTooLong):
            "cannot \(verb) \(path): a socket's path has 107 bytes at most, this one has \(path.utf8.count)"
        case .failed(let verb, let path, let error):
            "cannot \(verb) \(path): \(error)"
        }
    }
}

/// A unix socket that others connect to by its path. See unix(7).
package struct LocalListener: ~Copyable, Sendable {
    /// Readable when a client connects.
    package let descriptor: OwnedDescriptor
    package let path: String
    private let lock: OwnedDescriptor?
    /// Of the socket's file, to be removed with the listener; nil where it is somebody else's.
    private let bound: FileStatus?

    /// Listens at a path.
    ///
    /// A socket file that a dead owner left behind is replaced: only after a connection to it was refused, and while
    /// `path` + `.lock` is held, so that of two that start at once neither takes the other for dead.
    ///
    /// - Parameters:
    ///   - permissions: of the socket's file; writing is what connecting needs. Set before a client can connect.
    ///   - directoryPermissions: of the directory, where it is missing; its own parent must exist.
    ///   - passesDescriptors: whether clients may send some from the start, see ``LocalStream/passDescriptors(_:)``.
    package init(
        path: String, permissions: UInt32 = 0o600, directoryPermissions: UInt32 = 0o700, backlog: Int32 = 128,
        passesDescriptors: Bool = true
    ) throws(ListenError) {
        func attempt<Result: ~Copyable>(
            _ verb: String, _ body: () throws(Errno) -> Result
        ) throws(ListenError) -> Result {
            do throws(Errno) { return try body() } catch { throw .failed(verb: verb, path: path, error) }
        }
        let address = try attempt("bind") { () throws(Errno) in try LocalAddress(path) }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try attempt("make the directory of") { () throws(Errno) in
                try makeDirectory(String(path[..<slash]), permissions: directoryPermissions)
            }
        }
        let lock = try attempt("lock") { () throws(Errno) in
            try OwnedDescriptor.open(path + ".lock", [.write, .create, .noFollow], mode: 0o600)
        }
        guard try attempt("lock", { () throws(Errno) in try lock.lock() }) else { throw .alive(path: path) }
        try Self.clear(path)

        let socket = try attempt("make a socket for") { () throws(Errno) in
            OwnedDescriptor(
                owning: try once("socket") {
                    Glibc::socket(AF_UNIX, streamType | Int32(SOCK_NONBLOCK.rawValue), 0)
                })
        }
        let number = socket.number
        try attempt("bind") { () throws(Errno) in
            try retried("fchmod") { fchmod(number, permissions) }
            _ = try once("bind") { unsafe address.with { unsafe bind(number, $0, $1) } }
        }
        // A connection has it from its listener.
        if !passesDescriptors { _ = pinfold_pass_descriptors(number, false) }
        let bound: FileStatus
        do throws(ListenError) {
            bound = try attempt("listen at") { () throws(Errno) in
                try Self.permit(path, permissions)
                _ = try once("listen") { listen(number, backlog) }
                return try FileStatus.of(path: path)
            }
        } catch {
            _ = unsafe unlink(path)
            throw error
        }
        self.path = path
        self.bound = bound
        self.lock = consume lock
        descriptor = socket
    }

    /// Takes a socket that a service manager listens on. See sd_listen_fds(3).
    ///
    /// - Throws: `ListenError` where it is no listening stream socket of the unix family with a path.
    package init(inheriting number: Int32, passesDescriptors: Bool = true) throws(ListenError) {
        let socket = OwnedDescriptor(owning: number)
        guard pinfold_is_listening(number), let path = LocalAddress.path(of: number) else {
            throw .failed(verb: "listen on the inherited socket", path: "\(number)", .invalidArgument)
        }
        do throws(Errno) {
            try socket.setNonBlocking(true)
            _ = try once("fcntl") { fcntl(number, F_SETFD, FD_CLOEXEC) }
        } catch {
            throw .failed(verb: "listen at", path: path, error)
        }
        if !passesDescriptors { _ = pinfold_pass_descriptors(number, false) }
        self.path = path
        bound = nil
        lock = nil
        descriptor = socket
    }

    deinit {
        // Not a file that was put there since.
        if let bound, let found = try? FileStatus.of(path: path), found.isSameFile(as: bound) { unsafe unlink(path) }
    }

    /// Gives the socket's file its permissions, of which bind(2) left what the umask allows. See unix(7).
    ///
    /// Not by its path, which could be a link by now, and not by another umask, which all threads share: a file that
    /// one of them makes meanwhile would be everybody's, and of two listeners one would leave it so.
    private static func permit(_ path: String, _ permissions: UInt32) throws(Errno) {
        let file = try OwnedDescriptor.open(path, [.path, .noFollow])
        let status = try file.status()
        guard status.kind == .socket, status.owner == ownUser() else { throw .notPermitted }
        try unsafe "/proc/self/fd/\(file.number)".withName { path throws(Errno) in
            _ = try retried("chmod") { unsafe chmod(path, permissions) }
        }
    }

    private static func clear(_ path: String) throws(ListenError) {
        let kind: FileStatus.Kind
        do throws(Errno) {
            kind = try FileStatus.of(path: path).kind
        } catch .noSuchFile {
            return
        } catch {
            throw .failed(verb: "look at", path: path, error)
        }
        guard kind == .socket else { throw .notSocket(path: path) }
        switch Result(catching: { () throws(Errno) in _ = try LocalStream.connect(to: path, timeout: .seconds(1)) }) {
        case .success, .failure(.timedOut):
            throw .alive(path: path)
        case .failure(.connectionRefused):
            do throws(Errno) {
                _ = unsafe try path.withName { path throws(Errno) in try retried("unlink") { unsafe unlink(path) } }
            } catch {
                throw .failed(verb: "replace", path: path, error)
            }
        case .failure(.noSuchFile):
            return
        case .failure(let error):
            throw .failed(verb: "connect to", path: path, error)
        }
    }

    /// The next connection, nil where there is none.
    ///
    /// - Throws: EMFILE and its like: the connection stays in the queue, and the descriptor readable.
    ///
    /// The corresponding C function is `accept4`.
    package borrowing func accept() throws(Errno) -> LocalStream? {
        let number = descriptor.number
        do throws(Errno) {
            let accepted = try retried("accept4") { pinfold_accept(number) }
            return LocalStream(owning: OwnedDescriptor(owning: accepted))
        } catch {
            // ECONNABORTED: it was there and has left.
            guard error == .again || error.rawValue == ECONNABORTED else { throw error }
            return nil
        }
    }
}

private func makeDirectory(_ path: String, permissions: UInt32) throws(Errno) {
    do throws(Errno) {
        _ = unsafe try path.withName { path throws(Errno) in
            try retried("mkdir") { unsafe mkdir(path, permissions) }
        }
    } catch .fileExists {
    }
}
