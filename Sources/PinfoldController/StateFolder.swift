import PinfoldLinux

/// The folder in which a controller keeps its records, for itself alone.
///
/// Two controllers with one folder would each take the other's sessions for their own and rewrite their records.
final class StateFolder: Sendable {
    /// The most that is read of a lock file, bytes.
    private static let longestHolder = 32

    let path: String
    /// Locked for as long as it is open, however this process ends (`flock(2)`).
    private let lock: OwnedDescriptor

    /// Makes the folder where it is missing, and locks it.
    ///
    /// - Throws: `WorldError` where it belongs to another user, others may write it, or another controller has it.
    init(_ path: String) throws(WorldError) {
        func attempt<Result: ~Copyable>(_ verb: String, _ body: () throws(Errno) -> Result) throws(WorldError) -> Result
        {
            do throws(Errno) {
                return try body()
            } catch {
                throw WorldError("cannot \(verb) the state folder \(path): \(error); name another one with --state")
            }
        }
        try attempt("make") { () throws(Errno) in try Directory.makeAll(path, permissions: 0o700) }
        let folder = try attempt("open") { () throws(Errno) in try Directory(path) }
        try FolderOwnership.check(try attempt("examine") { () throws(Errno) in try folder.descriptor.status() }, path)
        let lock = try attempt("lock") { () throws(Errno) in try Self.open(in: folder) }
        guard try attempt("lock", { () throws(Errno) in try lock.lock() }) else {
            let holder = (try? lock.readToEnd(limit: Self.longestHolder)).map { String(decoding: $0, as: UTF8.self) }
            let number = (holder ?? "").filter(\.isNumber)
            let name = number.isEmpty ? "another controller" : "another controller (process \(number))"
            throw WorldError("\(name) keeps its records in \(path): end it, or name another folder with --state")
        }
        // Only for the message above: on a full or read-only disk it stays empty, and the lock works all the same.
        if let file = try? folder.open("lock", [.write, .truncate, .noFollow, .nonBlocking]) {
            try? file.writeAll(Array("\(ownProcessID())\n".utf8))
        }
        self.path = path
        self.lock = lock
    }

    /// The mode keeps others from opening it, and so from locking it. Held open for reading only: a disk that has
    /// become read-only must not keep a controller from its sessions, and a file that is open for writing keeps it from
    /// becoming so (`mount(2)`, EBUSY).
    private static func open(in folder: borrowing Directory) throws(Errno) -> OwnedDescriptor {
        do throws(Errno) {
            return try folder.open("lock", [.read, .noFollow, .nonBlocking])
        } catch .noSuchFile {
            _ = try folder.open("lock", [.write, .create, .noFollow, .nonBlocking], mode: 0o600)
            return try folder.open("lock", [.read, .noFollow, .nonBlocking])
        }
    }
}

/// Whose a folder must be for what is in it to be believed.
enum FolderOwnership {
    /// - Throws: `WorldError` with the command that puts it right, where another user could have put records there.
    static func check(_ status: FileStatus, _ path: String) throws(WorldError) {
        guard status.owner == ownUser() else {
            throw WorldError(
                "\(path) belongs to uid \(status.owner), and records are only read from a folder of uid \(ownUser()): "
                    + "chown \(ownUser()) \(path), or name another folder with --state")
        }
        guard status.permissions & 0o022 == 0 else {
            throw WorldError("others may write \(path), so its records could be anybody's: chmod go-w \(path)")
        }
    }
}
