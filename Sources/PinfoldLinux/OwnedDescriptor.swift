import CPinfoldLinux
import Glibc

/// An open file description's number, and the duty to close it.
///
/// It is closed exactly once: when the value's life ends, or never by us after ``release()``.
public struct OwnedDescriptor: ~Copyable, Sendable {
    /// The number, for calls that borrow it. Do not close it.
    public let number: Int32

    /// Takes over the duty to close `number`, which is open.
    public init(owning number: Int32) {
        precondition(number >= 0, "a descriptor is not negative")
        self.number = number
    }

    deinit {
        // Never retried: Linux has freed the number even when close(2) returns EINTR, and by now it may be another
        // file.
        _ = try? once("close") { Glibc::close(number) }
    }

    /// Gives up the duty to close and returns the number.
    public consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }

    /// A second number for the same open file, close-on-exec.
    ///
    /// The corresponding C function is `fcntl` with `F_DUPFD_CLOEXEC`.
    public borrowing func duplicate() throws(Errno) -> OwnedDescriptor {
        OwnedDescriptor(owning: try retried("fcntl") { fcntl(number, F_DUPFD_CLOEXEC, 3) })
    }
}

extension OwnedDescriptor {
    /// A second number, 3 or above and close-on-exec, for a descriptor with another owner, such as 0, 1 or 2.
    ///
    /// - Throws: EBADF where it is closed; then nothing of ours was at fault.
    package static func duplicating(_ number: Int32) throws(Errno) -> OwnedDescriptor {
        OwnedDescriptor(owning: try retried("fcntl", ours: false) { fcntl(number, F_DUPFD_CLOEXEC, 3) })
    }

    /// Closes and reports the error of close(2): for files whose last write may fail late.
    package consuming func close() throws(Errno) {
        let number = release()
        _ = try once("close") { Glibc::close(number) }
    }

    /// Opens a file by path, close-on-exec.
    ///
    /// After the first open, go on from a ``Directory``. The corresponding C function is `open`.
    package static func open(
        _ path: String, _ flags: OpenFlags, mode: UInt32 = 0o600
    ) throws(Errno) -> OwnedDescriptor {
        let number = unsafe try path.withName { path throws(Errno) in
            try retried("open") { unsafe Glibc::open(path, flags.rawValue | O_CLOEXEC, mode) }
        }
        return OwnedDescriptor(owning: number)
    }

    /// Whether reads and writes return EAGAIN instead of waiting. It belongs to the open file, which other processes
    /// may share: never set it on a terminal or pipe that was inherited.
    package borrowing func setNonBlocking(_ on: Bool) throws(Errno) {
        let flags = try retried("fcntl") { fcntl(number, F_GETFL) }
        let wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK
        if wanted != flags { try retried("fcntl") { fcntl(number, F_SETFL, wanted) } }
    }

    /// Whether it is a terminal. The corresponding C function is `isatty`.
    package var isTerminal: Bool { isatty(number) == 1 }

    /// Waits until everything written is on the disk. The corresponding C function is `fsync`.
    package borrowing func synchronize() throws(Errno) {
        try retried("fsync") { fsync(number) }
    }

    /// The kind of file system it is on, as in statfs(2)'s `f_type`: `0x63677270` is cgroup2.
    package borrowing func fileSystemType() throws(Errno) -> Int64 {
        var type: Int64 = 0
        try retried("fstatfs") { unsafe pinfold_filesystem_type(number, &type) }
        return type
    }
}

/// How a file is to be opened; all are close-on-exec besides. See open(2).
package struct OpenFlags: OptionSet, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    package static let read = OpenFlags(rawValue: O_RDONLY)
    package static let write = OpenFlags(rawValue: O_WRONLY)
    package static let readWrite = OpenFlags(rawValue: O_RDWR)
    package static let create = OpenFlags(rawValue: O_CREAT)
    package static let exclusive = OpenFlags(rawValue: O_EXCL)
    package static let truncate = OpenFlags(rawValue: O_TRUNC)
    package static let append = OpenFlags(rawValue: O_APPEND)
    package static let nonBlocking = OpenFlags(rawValue: O_NONBLOCK)
    package static let directory = OpenFlags(rawValue: O_DIRECTORY)
    package static let noFollow = OpenFlags(rawValue: O_NOFOLLOW)
    /// Only the place, not the content: needs no permission to read.
    package static let path = OpenFlags(rawValue: pinfold_o_path)
}
