package import PinfoldLinux

extension Cgroup {
    /// Moves the process behind this pidfd, and no other that got its number meanwhile.
    ///
    /// `cgroup.procs` takes a number. The process may end and be reaped after its number was looked up, and the number
    /// be another's by the time it is written: so the pidfd is asked once more after the move.
    ///
    /// - Returns: false where the process was reaped.
    package borrowing func attach(_ process: borrowing Pidfd) throws(CgroupError) -> Bool {
        let number: ProcessID?
        do throws(Errno) {
            number = try process.processID()
        } catch {
            throw .failed("find the process for", path, error)
        }
        guard let number, number > 0, try attach(number) else { return false }
        // Not yet reaped, so the number was its own all the time.
        if process.exists() { return true }
        try giveBack(number)
        return false
    }

    /// Moves the process with this number to its parent's cgroup, where it was usually born: nothing else shows where a
    /// process was before it was moved. Left alone where its parent is in here too, for then it belongs here.
    package borrowing func giveBack(_ number: ProcessID) throws(CgroupError) {
        guard try processes().contains(number), let parent = ProcessStat.of(number)?.parent,
            let place = CgroupMembership.of(parent), let path = try Hierarchy.find().directory(of: place.path),
            path != self.path, let origin = try Cgroup.open(path)
        else { return }
        try origin.attach(number)
    }
}
