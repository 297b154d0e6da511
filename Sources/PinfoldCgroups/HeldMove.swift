package import PinfoldLinux

extension Cgroup {
    /// Moves a process that is held here, and nobody who got its number meanwhile.
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

    /// Moves whoever has this number to where its parent is, as it was born there as a rule: nothing else tells where a
    /// process was before it was moved. Left alone where its parent is in here too, for then it belongs here.
    package borrowing func giveBack(_ number: ProcessID) throws(CgroupError) {
        guard try processes().contains(number), let parent = ProcessStat.of(number)?.parent,
            let place = CgroupMembership.of(parent), let path = try Hierarchy.find().directory(of: place.path),
            path != self.path, let origin = try Cgroup.open(path)
        else { return }
        try origin.attach(number)
    }
}
