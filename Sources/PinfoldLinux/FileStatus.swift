import Glibc

/// The fields of stat(2) that are needed here.
package struct FileStatus: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case regular, directory, link, socket, pipe, device, other
    }

    package var device: UInt64
    package var inode: UInt64
    package var kind: Kind
    /// The permission bits, set-uid, set-gid and sticky among them.
    package var permissions: UInt32
    package var owner: UInt32
    package var group: UInt32
    /// In bytes.
    package var size: Int64

    init(_ facts: stat) {
        device = UInt64(facts.st_dev)
        inode = UInt64(facts.st_ino)
        kind =
            switch facts.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .link
            case S_IFSOCK: .socket
            case S_IFIFO: .pipe
            case S_IFCHR, S_IFBLK: .device
            default: .other
            }
        permissions = facts.st_mode & 0o7777
        owner = facts.st_uid
        group = facts.st_gid
        size = Int64(facts.st_size)
    }

    /// Of a path, itself where it is a link. The corresponding C function is `lstat`.
    package static func of(path: String) throws(Errno) -> FileStatus {
        unsafe try path.withName { path throws(Errno) in
            var facts = stat()
            try retried("lstat") { unsafe lstat(path, &facts) }
            return FileStatus(facts)
        }
    }

    /// Whether both are the same file, whatever their names.
    package func isSameFile(as other: FileStatus) -> Bool {
        device == other.device && inode == other.inode
    }
}

extension OwnedDescriptor {
    /// The corresponding C function is `fstat`.
    package borrowing func status() throws(Errno) -> FileStatus {
        let number = number
        var facts = stat()
        try retried("fstat") { unsafe fstat(number, &facts) }
        return FileStatus(facts)
    }
}
