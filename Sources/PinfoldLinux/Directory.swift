import CPinfoldLinux
import Glibc

/// A directory that is held open, and the files below it.
///
/// Names are resolved beneath it and never through a symbolic link: between two calls no process can put another
/// directory in its place, and no name can lead out of it.
@frozen @usableFromInline package struct Directory: ~Copyable, Sendable {
    package let descriptor: OwnedDescriptor

    /// Takes over a descriptor of a directory.
    package init(owning descriptor: consuming OwnedDescriptor) {
        self.descriptor = descriptor
    }

    /// Opens a directory by path.
    package init(_ path: String) throws(Errno) {
        descriptor = try .open(path, [.read, .directory])
    }

    /// Makes a directory and whatever is missing above it; each with these permissions, cut by the umask.
    ///
    /// The corresponding C function is `mkdir`.
    package static func makeAll(_ path: String, permissions: UInt32) throws(Errno) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += part
            do throws(Errno) {
                _ = unsafe try made.withName { path throws(Errno) in
                    try retried("mkdir") { unsafe mkdir(path, permissions) }
                }
            } catch .fileExists {
                // By another process, or long ago.
            }
            made += "/"
        }
    }

    /// Opens a file beneath, close-on-exec and never through a link.
    ///
    /// - Throws: EXDEV or ELOOP where the name leads out or through a link.
    ///
    /// The corresponding C functions are `openat`, and `openat2` where the name has more than one part.
    package borrowing func open(
        _ name: some FileName, _ flags: OpenFlags, mode: UInt32 = 0o600
    ) throws(Errno) -> OwnedDescriptor {
        let number = descriptor.number
        let opened = unsafe try name.withName { name throws(Errno) in
            unsafe try openBeneath(number, name, flags.rawValue, mode)
        }
        return OwnedDescriptor(owning: opened)
    }

    /// Opens a directory beneath.
    package borrowing func directory(_ name: some FileName) throws(Errno) -> Directory {
        Directory(owning: try open(name, [.read, .directory]))
    }

    /// The same directory with an offset of its own, so that two listings do not disturb each other.
    package borrowing func reopened() throws(Errno) -> Directory {
        let number = descriptor.number
        let opened = try retried("openat") { unsafe openat(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        return Directory(owning: OwnedDescriptor(owning: opened))
    }

    /// The directory it lies in. The corresponding C function is `openat` with `..`.
    package borrowing func parent() throws(Errno) -> Directory {
        let number = descriptor.number
        let opened = try retried("openat") { unsafe openat(number, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        return Directory(owning: OwnedDescriptor(owning: opened))
    }

    /// Whether a name exists and may be used so. The corresponding C function is `faccessat`.
    package borrowing func allows(_ mode: Int32, _ name: some FileName) throws(Errno) {
        let number = descriptor.number
        _ = unsafe try name.withName { name throws(Errno) in
            try retried("faccessat") { unsafe faccessat(number, name, mode, 0) }
        }
    }

    /// Makes a directory; its permissions are cut by the umask. The corresponding C function is `mkdirat`.
    package borrowing func make(_ name: some FileName, mode: UInt32 = 0o755) throws(Errno) {
        let number = descriptor.number
        _ = unsafe try name.withName { name throws(Errno) in
            try retried("mkdirat") { unsafe mkdirat(number, name, mode) }
        }
    }

    /// Removes a file. The corresponding C function is `unlinkat`.
    package borrowing func removeFile(_ name: some FileName) throws(Errno) {
        let number = descriptor.number
        _ = unsafe try name.withName { name throws(Errno) in
            try retried("unlinkat") { unsafe unlinkat(number, name, 0) }
        }
    }

    /// Removes an empty directory. The corresponding C function is `unlinkat` with `AT_REMOVEDIR`.
    package borrowing func removeDirectory(_ name: some FileName) throws(Errno) {
        let number = descriptor.number
        _ = unsafe try name.withName { name throws(Errno) in
            try retried("unlinkat") { unsafe unlinkat(number, name, AT_REMOVEDIR) }
        }
    }

    /// Gives a file another name in the same directory, in place of whatever had it.
    ///
    /// The corresponding C function is `renameat`.
    package borrowing func rename(_ name: some FileName, to new: some FileName) throws(Errno) {
        let number = descriptor.number
        _ = unsafe try name.withName { name throws(Errno) in
            unsafe try new.withName { new throws(Errno) in
                try retried("renameat") { unsafe renameat(number, name, number, new) }
            }
        }
    }

    /// What a name stands for, itself where it is a link. The corresponding C function is `fstatat`.
    package borrowing func status(of name: some FileName) throws(Errno) -> FileStatus {
        let number = descriptor.number
        return unsafe try name.withName { name throws(Errno) in
            var facts = stat()
            try retried("fstatat") { unsafe fstatat(number, name, &facts, AT_SYMLINK_NOFOLLOW) }
            return FileStatus(facts)
        }
    }

    /// Locks the directory for this open file alone, until it is closed. Returns false if it is locked already.
    ///
    /// The lock goes with the process, however it dies. The corresponding C function is `flock`.
    package borrowing func lock() throws(Errno) -> Bool {
        try descriptor.lock()
    }
}

extension OwnedDescriptor {
    /// Locks the open file for itself alone, until it is closed. Returns false if it is locked already.
    ///
    /// The corresponding C function is `flock`.
    package borrowing func lock() throws(Errno) -> Bool {
        let number = number
        do throws(Errno) {
            try retried("flock") { flock(number, LOCK_EX | LOCK_NB) }
            return true
        } catch .again {
            return false
        }
    }
}

/// `name` beneath `directory`, and nothing a link could make of it.
private func openBeneath(
    _ directory: Int32, _ name: UnsafePointer<CChar>, _ flags: Int32, _ mode: UInt32
) throws(Errno) -> Int32 {
    let bytes = unsafe UnsafeBufferPointer(start: name, count: strlen(name))
    let flags = flags | O_CLOEXEC | O_NOFOLLOW
    let isOnePart = unsafe !bytes.contains(CChar(UInt8(ascii: "/"))) && strcmp(name, "..") != 0
    if isOnePart {
        return try retried("openat") { unsafe openat(directory, name, flags, mode) }
    }
    do throws(Errno) {
        let wantsMode = flags & O_CREAT != 0
        return try retried("openat2") {
            unsafe pinfold_openat2(
                directory, name, UInt64(flags), wantsMode ? UInt64(mode) : 0, resolveBeneath | resolveNoSymlinks)
        }
    } catch {
        // EPERM: what seccomp filters older than the call answer.
        guard error == .noSuchCall || error == .notPermitted else { throw error }
        return unsafe try openByParts(directory, bytes, flags, mode)
    }
}

// RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS of <linux/openat2.h>.
private let resolveBeneath: UInt64 = 0x08
private let resolveNoSymlinks: UInt64 = 0x04

/// The same without openat2: one part at a time, none of them a link or `..`.
func openByParts(
    _ directory: Int32, _ name: UnsafeBufferPointer<CChar>, _ flags: Int32, _ mode: UInt32
) throws(Errno) -> Int32 {
    guard unsafe name.first != CChar(UInt8(ascii: "/")) else { throw .crossesBoundary }
    let parts = unsafe name.split(separator: CChar(UInt8(ascii: "/"))).map { unsafe Array($0) + [0] }
    guard let last = parts.last else { throw .noSuchFile }
    guard !parts.contains([46, 46, 0]) else { throw .crossesBoundary }
    var held: OwnedDescriptor? = nil
    for part in parts.dropLast() {
        let at = held?.number ?? directory
        let next = try retried("openat") {
            unsafe openat(at, part, pinfold_o_path | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        }
        held = OwnedDescriptor(owning: next)
    }
    let at = held?.number ?? directory
    return try retried("openat") { unsafe openat(at, last, flags, mode) }
}
