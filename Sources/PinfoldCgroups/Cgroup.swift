public import PinfoldLinux

/// One cgroup, held open.
///
/// It is this directory and not its path: where another one is made under the same name, this value answers that its
/// own is gone. See the kernel's Documentation/admin-guide/cgroup-v2.rst for the files.
public struct Cgroup: ~Copyable, Sendable {
    /// Where it was opened, for messages and records.
    public let path: String
    /// The directory's inode: no other cgroup of this boot has it.
    public let inode: UInt64
    package let directory: Directory

    /// The directory's number, to be lent to `clone3` or a peer.
    public var descriptor: Int32 { directory.descriptor.number }

    init(_ directory: consuming Directory, path: String) throws(CgroupError) {
        do throws(Errno) {
            inode = try directory.descriptor.status().inode
        } catch {
            throw .failed("look at", path, error)
        }
        self.directory = directory
        self.path = path
    }

    /// Takes over a descriptor of a cgroup's directory, such as one that came over a socket.
    ///
    /// - Parameter path: where it is; ``remove()`` goes by its last part.
    public init(owning descriptor: consuming OwnedDescriptor, path: String) throws(CgroupError) {
        try self.init(Directory(owning: descriptor), path: path)
    }

    /// Opens a cgroup by path; nil where there is none.
    ///
    /// - Parameter inode: what it is expected to be: a record of an earlier run may name a path that was removed and
    ///   made anew.
    /// - Throws: ``CgroupError/Code/replaced`` where it is another one.
    public static func open(_ path: String, inode: UInt64? = nil) throws(CgroupError) -> Cgroup? {
        guard let directory = try ifThere("open", path, { () throws(Errno) in try Directory(path) }) else {
            return nil
        }
        let cgroup = try Cgroup(directory, path: path)
        guard inode == nil || inode == cgroup.inode else { throw .replaced(path) }
        return cgroup
    }

    /// Whether it is the root of the whole tree: the only one without a type, without limits, and where processes may
    /// stay beside children with controllers. The root that a container sees is not it.
    public borrowing func isRootOfTree() throws(CgroupError) -> Bool {
        try read("cgroup.type") == .noFile
    }

    /// Whether it was removed.
    public var isGone: Bool {
        // Every cgroup has this file, whatever its controllers.
        do throws(Errno) {
            try directory.allows(0, "cgroup.procs")
            return false
        } catch {
            return error.meansGone
        }
    }
}

extension Cgroup {
    /// A child, nil where there is none of this name.
    public borrowing func child(_ name: String) throws(CgroupError) -> Cgroup? {
        try Self.check(name, in: path)
        let childPath = "\(path)/\(name)"
        guard let found = try ifThere("open", childPath, { () throws(Errno) in try directory.directory(name) }) else {
            return nil
        }
        return try Cgroup(found, path: childPath)
    }

    /// Makes a child that did not exist.
    ///
    /// A cgroup is for one life: one that was killed must not be used again, for many kernels kill
    /// whatever is born in it.
    ///
    /// - Throws: EEXIST where there is one, EAGAIN where `cgroup.max.descendants` or `cgroup.max.depth` forbids it.
    public borrowing func create(_ name: String) throws(CgroupError) -> Cgroup {
        try Self.check(name, in: path)
        let childPath = "\(path)/\(name)"
        do throws(Errno) {
            try directory.make(name)
        } catch {
            throw .failed("make", childPath, error)
        }
        do throws(CgroupError) {
            guard let child = try child(name) else { throw .failed("open", childPath, .noSuchFile) }
            return child
        } catch {
            // Otherwise a cgroup without an owner would keep the name.
            removeEmptyChild(name)
            throw error
        }
    }

    /// Removes a child that never had a process. Needs no descriptor, so that it works where one is lacking.
    public borrowing func removeEmptyChild(_ name: String) {
        try? directory.removeDirectory(name)
    }

    /// The names of its children, in no order; empty where it is gone. What is no UTF-8 in a name is replaced.
    public borrowing func children() throws(CgroupError) -> [String] {
        try childEntries().map { $0.name.description }
    }

    borrowing func childEntries() throws(CgroupError) -> [Directory.Entry] {
        let entries = try ifThere("list", path) { () throws(Errno) in try directory.entries() }
        return (entries ?? []).filter(\.isDirectory)
    }

    private static func check(_ name: String, in path: String) throws(CgroupError) {
        let bytes = name.utf8
        func refuse(_ reason: String) throws(CgroupError) { throw .invalidName(name, in: path, because: reason) }
        if bytes.isEmpty { try refuse("it is empty") }
        if bytes.count > 255 { try refuse("it has \(bytes.count) bytes, 255 are allowed") }
        if name == "." || name == ".." { try refuse("it stands for another directory") }
        if bytes.contains(UInt8(ascii: "/")) { try refuse("it has a slash") }
        if bytes.contains(where: { $0 < 32 || $0 == 127 }) { try refuse("it has a control character") }
    }
}

extension Errno {
    /// ENOENT before an open and ENODEV after it: what was there is gone.
    var meansGone: Bool { self == .noSuchFile || self == .noSuchDevice }
}

/// Makes a call on a cgroup. Nil where the answer is that it is gone.
func ifThere<Result: ~Copyable>(
    _ verb: String, _ path: String, _ call: () throws(Errno) -> Result
) throws(CgroupError) -> Result? {
    do throws(Errno) {
        return try call()
    } catch {
        guard error.meansGone else { throw .failed(verb, path, error) }
        return nil
    }
}
