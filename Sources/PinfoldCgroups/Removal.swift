public import PinfoldLinux

/// What removing a cgroup came to.
public enum Removal: Sendable, Hashable {
    /// It is gone, with all below it.
    case removed
    /// It was gone before.
    case gone
    /// It cannot be removed yet. The processes that are in it, or none: then the kernel is still busy with those that
    /// died, and it is only a matter of time.
    case busy([ProcessID])
}

extension Cgroup {
    /// Removes it and all cgroups below it, deepest first. Does not wait: where it is busy, ask again later.
    ///
    /// May block on kernels from 7.0 on, while dying processes leave.
    public borrowing func remove() throws(CgroupError) -> Removal {
        try removeChildren()
        guard let parent = try ifThere("open the parent of", path, { () throws(Errno) in try directory.parent() })
        else {
            return .gone
        }
        guard let name = path.split(separator: "/").last else { throw .failed("remove", path, .invalidArgument) }
        do throws(Errno) {
            // Under the same name there may be another one by now.
            guard try parent.status(of: String(name)).inode == inode else { throw .noSuchFile }
            try parent.removeDirectory(String(name))
            return .removed
        } catch {
            if error.meansGone, isGone { return .gone }
            guard error == .busy || error == .notEmpty else { throw .failed("remove", path, error) }
            return .busy(try allProcesses())
        }
    }

    private borrowing func removeChildren() throws(CgroupError) {
        for entry in try childEntries() {
            let childPath = "\(path)/\(entry.name)"
            let opened = try ifThere("open", childPath) { () throws(Errno) in try directory.directory(entry) }
            if let opened { try Cgroup(opened, path: childPath).removeChildren() }
            do throws(Errno) {
                try directory.removeDirectory(entry)
            } catch {
                // Busy: then the one above will be as well, and its error names the processes.
                guard error.meansGone || error == .busy || error == .notEmpty else {
                    throw .failed("remove", childPath, error)
                }
            }
        }
    }
}
