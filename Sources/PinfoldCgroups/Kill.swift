public import PinfoldLinux

/// How a cgroup was killed.
public enum KillOutcome: Sendable, Hashable {
    /// The kernel killed all of it at once; none can have escaped by a fork.
    case atOnce
    /// One process after the other was killed, until none was left that had not been. For kernels before 5.14 and for
    /// threaded cgroups.
    case oneByOne(processes: Int, passes: Int)
    /// It was removed already.
    case gone
}

/// Whom a signal reached.
public struct SignalOutcome: Sendable, Hashable {
    /// Processes that got it.
    public var signalled: [ProcessID] = []
    /// Processes of users we may not send signals to.
    public var refused: [ProcessID] = []

    /// Nobody.
    public init() {}
}

/// `cgroup.kill` of one cgroup, held open: to open it needs a descriptor, and there may be none left when it matters.
public struct KillFile: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor
    private let path: String

    /// Nil where the cgroup is gone, or the kernel is older than 5.14 and has no such file.
    public init?(of cgroup: borrowing Cgroup) throws(CgroupError) {
        path = "\(cgroup.path)/cgroup.kill"
        let opened = try ifThere("open", path) { () throws(Errno) in try cgroup.directory.open("cgroup.kill", .write) }
        guard let opened else { return nil }
        descriptor = opened
    }

    /// Kills all of it; false where it is gone.
    func write() throws(CgroupError) -> Bool {
        try ifThere("write", path) { () throws(Errno) in _ = try descriptor.write([UInt8(ascii: "1")]) } != nil
    }
}

extension Cgroup {
    /// Sends SIGKILL to every process in it and below. They are not dead yet when this returns: see
    /// ``waitUntilEmpty(timeout:)``. Frozen ones die as well.
    ///
    /// Once is enough: written again and again it only steals time from the dying. And a cgroup that was killed must
    /// not get another process, see ``create(_:)``.
    public borrowing func kill() throws(CgroupError) -> KillOutcome {
        guard let file = try KillFile(of: self) else { return isGone ? .gone : try killOneByOne() }
        return try kill(through: file)
    }

    /// Like ``kill()``, through a file that is open already.
    public borrowing func kill(through file: borrowing KillFile) throws(CgroupError) -> KillOutcome {
        do throws(CgroupError) {
            return try file.write() ? .atOnce : .gone
        } catch {
            // EOPNOTSUPP: a process in it has made it threaded.
            guard error.errno == .notSupported else { throw error }
        }
        return try killOneByOne()
    }

    /// Without `cgroup.kill`: stand still, kill, look again, and let go, whatever happens in between.
    package borrowing func killOneByOne() throws(CgroupError) -> KillOutcome {
        defer { _ = try? thaw() }
        // Where freezing takes longer than this, the repeated passes must do.
        _ = try? freeze(timeout: .milliseconds(500))
        var seen: Set<ProcessID> = []
        var passes = 0
        var idle = 0
        while idle < 2, passes < 1000 {
            let found = try signal(.kill)
            passes += 1
            let new = Set(found.signalled).subtracting(seen)
            seen.formUnion(new)
            idle = new.isEmpty ? idle + 1 : 0
        }
        return isGone ? .gone : .oneByOne(processes: seen.count, passes: passes)
    }

    /// Sends a signal to every process in it and below that is there now, each once.
    ///
    /// Those that are started meanwhile are left alone: who handles the signal may need them to save what it has. A
    /// child that was born unseen in that moment is left alone too, and has the last stage of the ending to meet.
    /// Frozen processes get it when they are thawed.
    ///
    /// A number alone may be another process's by the time the signal is sent. So: hold whatever has the number, and
    /// only then look whether the number is still a member. If it is, and what is held lives, it is that member; if
    /// what is held is over, the signal goes nowhere.
    public borrowing func signal(_ signal: Signal) throws(CgroupError) -> SignalOutcome {
        var outcome = SignalOutcome()
        var left = try processes().filter { $0 != 0 }[...]
        while !left.isEmpty {
            // In groups: each costs a descriptor, and each group a reading of all members.
            var group: [ProcessID] = []
            var held = DescriptorList()
            while group.count < 64, let process = left.first {
                do throws(Errno) {
                    let pidfd = try Pidfd(process)
                    held.append(pidfd.descriptor)
                    group.append(process)
                } catch {
                    // Too many open files: then in smaller groups. To pass over it would be to let it live.
                    if error == .tooManyOpenFiles, !group.isEmpty { break }
                    guard error == .noSuchProcess else { throw .failed("hold process \(process) of", path, error) }
                }
                left.removeFirst()
            }
            let members = Set(try processes())
            for process in group {
                guard let descriptor = held.takeFirst(), members.contains(process) else { continue }
                do throws(Errno) {
                    if try Pidfd(owning: descriptor).send(signal) { outcome.signalled.append(process) }
                } catch {
                    outcome.refused.append(process)
                }
            }
        }
        try forEachChild { child throws(CgroupError) in
            let below = try child.signal(signal)
            outcome.signalled += below.signalled
            outcome.refused += below.refused
        }
        return outcome
    }
}
