public import PinfoldLinux

extension Cgroup {
    /// The processes in this cgroup, not those in its children; each once. 0 stands for those that our PID namespace
    /// does not see. Zombies are not listed. Empty where it is gone.
    public borrowing func processes() throws(CgroupError) -> [ProcessID] {
        do throws(CgroupError) {
            return unique(try numbers("cgroup.procs"))
        } catch {
            guard error.errno == .notSupported else { throw error }
            // A threaded cgroup has threads only, whose processes may have others elsewhere.
            return unique(try threads().compactMap { ProcessStatus.of($0)?.process })
        }
    }

    /// The threads in this cgroup, not those in its children.
    public borrowing func threads() throws(CgroupError) -> [ProcessID] {
        try numbers("cgroup.threads")
    }

    /// The processes in this cgroup and all below it.
    public borrowing func allProcesses() throws(CgroupError) -> [ProcessID] {
        var found = try processes()
        try forEachChild { child throws(CgroupError) in found += try child.allProcesses() }
        return unique(found)
    }

    private borrowing func numbers(_ file: String) throws(CgroupError) -> [ProcessID] {
        guard case .value(let text) = try read(file) else { return [] }
        return text.split(separator: "\n").compactMap { ProcessID($0) }
    }

    /// Opens one child after the other; those that are gone by then are passed over.
    borrowing func forEachChild(_ body: (borrowing Cgroup) throws(CgroupError) -> Void) throws(CgroupError) {
        for entry in try childEntries() {
            let childPath = "\(path)/\(entry.name)"
            let opened = try ifThere("open", childPath) { () throws(Errno) in try directory.directory(entry) }
            if let opened { try body(try Cgroup(opened, path: childPath)) }
        }
    }

    /// Moves a process here, with all its threads.
    ///
    /// What it has been charged for stays where it was, and the move may wait for tens of milliseconds: to start a
    /// process here, let it be born here.
    ///
    /// - Parameter process: 0 for the caller.
    /// - Returns: false where there is no such process.
    /// - Throws: EACCES where the common ancestor is not ours, EBUSY where controllers are enabled for children.
    @discardableResult
    public borrowing func attach(_ process: ProcessID) throws(CgroupError) -> Bool {
        // A process that was only just forked may answer EINVAL for a moment.
        for attempt in 0... {
            do throws(CgroupError) {
                return try write("cgroup.procs", String(process)) == .done
            } catch {
                if error.errno == .noSuchProcess { return false }
                guard error.errno == .invalidArgument, attempt < 5 else { throw error }
                MonotonicClock.rest(.milliseconds(10))
            }
        }
        return false
    }
}

private func unique(_ processes: [ProcessID]) -> [ProcessID] {
    var seen: Set<ProcessID> = []
    return processes.filter { seen.insert($0).inserted }
}
