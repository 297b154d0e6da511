import PinfoldLinux

/// The steps by which a delegated directory becomes a ``Slice``.
///
/// Each can be repeated: after a crash between two of them, and on a slice whose sessions live.
enum TakeOver {
    static func run(
        _ path: String, controllers: [String], requiringMemory: Bool, movingIn: Bool
    ) throws(CgroupError) -> Slice {
        guard let root = try Cgroup.open(path) else { throw .failed("open", path, .noSuchFile) }
        let isCgroup2 = try attempt("examine", root.path) { () throws(Errno) in
            try root.directory.descriptor.fileSystemType() == Hierarchy.cgroup2Type
        }
        guard isCgroup2 else { throw .notCgroup2(root.path) }
        let offered = try root.controllers()
        if requiringMemory, !offered.contains("memory") { throw .noMemoryController(path, offered: offered) }
        let sessions = try made("sessions", in: root)
        let lock = try lock(root, sessions)

        var report = Slice.Report()
        report.isRoot = try root.isRootOfTree()
        let place = try OwnCgroup(in: root)
        report.startedInInnerNode = place == .itself && !report.isRoot

        let controller = try freshController(in: root)
        var evacuation = Evacuation(everybody: !report.isRoot)
        try evacuation.run(from: root, to: controller)
        if movingIn || place == .itself, place.mustMove, try !controller.processes().contains(ownProcessID()) {
            do throws(CgroupError) {
                try controller.attach(0)
                if place == .itself { evacuation.moved.insert(ownProcessID()) }
            } catch {
                report.ownCgroupProblem = error.description
            }
        }

        var problems = try root.enable(controllers) { () throws(CgroupError) in
            try evacuation.run(from: root, to: controller)
        }
        let possible = controllers.filter { problems[$0] == nil }
        problems.merge(try sessions.enable(possible)) { first, _ in first }
        if requiringMemory, let problem = problems["memory"] {
            try refuse(problem, at: root, offered: offered)
        }
        report.unavailable = problems
        report.enabled = possible.filter { problems[$0] == nil }
        report.moved = evacuation.moved.sorted()
        report.liveSessions = try livingChildren(of: sessions)
        return Slice(root: root, controller: controller, sessions: sessions, lock: lock, report: report)
    }

    private static func lock(
        _ root: borrowing Cgroup, _ sessions: borrowing Cgroup
    ) throws(CgroupError) -> OwnedDescriptor {
        let file = try lockFile(root, sessions)
        guard try attempt("lock", root.path, { () throws(Errno) in try file.lock() }) else {
            throw .alreadyControlled(root.path)
        }
        return file
    }

    /// A file that no other user may open. Every user may open the directories of the tree and most of its files, and
    /// a process that has a file open can lock it (`flock(2)`); `cgroup.kill` has the mode 0200.
    private static func lockFile(
        _ root: borrowing Cgroup, _ sessions: borrowing Cgroup
    ) throws(CgroupError) -> OwnedDescriptor {
        do throws(Errno) {
            return try sessions.directory.open("cgroup.kill", [.write])
        } catch {
            switch error {
            case .noSuchFile: break
            case .accessDenied: throw .noDelegation(root.path, error)
            case .readOnlyFileSystem: throw .readOnly(root.path)
            default: throw .failed("lock", "\(sessions.path)/cgroup.kill", error)
            }
        }
        // A kernel before 5.14. Others can lock the directory too, which is better than two controllers.
        do throws(Errno) {
            return try root.directory.reopened().descriptor.duplicate()
        } catch {
            throw .failed("lock", root.path, error)
        }
    }

    private static func attempt<Result: ~Copyable>(
        _ verb: String, _ path: String, _ body: () throws(Errno) -> Result
    ) throws(CgroupError) -> Result {
        do throws(Errno) { return try body() } catch { throw .failed(verb, path, error) }
    }

    private static func made(_ name: String, in root: borrowing Cgroup) throws(CgroupError) -> Cgroup {
        let childPath = "\(root.path)/\(name)"
        do throws(Errno) {
            try root.directory.make(name)
        } catch {
            switch error {
            case .fileExists: break
            case .readOnlyFileSystem: throw .readOnly(root.path)
            case .accessDenied, .notPermitted: throw .noDelegation(root.path, error)
            default: throw .failed("make", childPath, error)
            }
        }
        guard let child = try root.child(name) else { throw .failed("open", childPath, .noSuchFile) }
        return child
    }

    /// The controller gets a directory that was never killed: one that was would taint all it starts.
    private static func freshController(in root: borrowing Cgroup) throws(CgroupError) -> Cgroup {
        let old = try made("controller", in: root)
        guard try old.allProcesses().isEmpty, case .removed = try old.remove() else { return old }
        return try made("controller", in: root)
    }

    private static func livingChildren(of sessions: borrowing Cgroup) throws(CgroupError) -> [String] {
        var names: [String] = []
        try sessions.forEachChild { child throws(CgroupError) in
            guard try child.state()?.isPopulated == true else { return }
            names.append(String(child.path.dropFirst(sessions.path.count + 1)))
        }
        return names.sorted()
    }

    private static func refuse(
        _ problem: ControllerProblem, at root: borrowing Cgroup, offered: [String]
    ) throws(CgroupError) {
        switch problem {
        case .notOffered:
            throw .noMemoryController(root.path, offered: offered.filter { $0 != "memory" })
        case .processesInTheWay(let processes):
            throw .processesInTheWay(root.path, processes.map { ($0, ProcessStat.of($0)?.command ?? "gone by now") })
        case .failed(let errno) where errno == .accessDenied || errno == .notPermitted:
            throw .noDelegation(root.path, errno)
        case .failed(let errno):
            throw .failed("enable a controller in", root.path, errno, value: "+memory")
        }
    }
}

/// Where this process is, seen from a slice.
private enum OwnCgroup {
    case itself, leaf, session, outside

    init(in root: borrowing Cgroup) throws(CgroupError) {
        self = .outside
        let hierarchy = try Hierarchy.find()
        // Where ours was removed, another one may have its path.
        guard !hierarchy.ownIsDeleted, let own = hierarchy.ownDirectory, let cgroup = try Cgroup.open(own) else {
            return
        }
        if cgroup.inode == root.inode {
            self = .itself
            return
        }
        let sessions = try root.child("sessions")?.inode
        // By inodes: the slice may have been named by a path with links or through another mount.
        var isInSession = false
        var here = try? cgroup.directory.reopened()
        while let directory = here.take(), (try? directory.descriptor.fileSystemType()) == Hierarchy.cgroup2Type {
            guard let inode = try? directory.descriptor.status().inode else { return }
            if inode == sessions { isInSession = true }
            if inode == root.inode {
                self = isInSession ? .session : .leaf
                return
            }
            guard let parent = try? directory.parent(), (try? parent.descriptor.status().inode) != inode else { return }
            here = consume parent
        }
    }

    /// A leaf below the slice that systemd chose (`DelegateSubgroup=`) serves as well.
    var mustMove: Bool { self != .leaf }
}

/// Moves processes out of the slice itself.
private struct Evacuation {
    /// In the root of the tree only we move: its other processes are not ours, and it may have processes.
    let everybody: Bool
    var moved: Set<ProcessID> = []
    /// Some fork while others are moved, and a process that forks and ends is always gone when its turn comes: only
    /// time helps. For all calls together.
    private let deadline = MonotonicClock.now().advanced(by: .seconds(5))

    init(everybody: Bool) {
        self.everybody = everybody
    }

    /// Returns whether it is worth trying again. Those that cannot be moved are left: who they are is asked when it
    /// matters.
    @discardableResult
    mutating func run(from root: borrowing Cgroup, to controller: borrowing Cgroup) throws(CgroupError) -> Bool {
        guard everybody else { return false }
        while MonotonicClock.now() < deadline {
            let present = try root.processes()
            if present.isEmpty {
                // The kernel may need a moment to see it too.
                MonotonicClock.rest(.milliseconds(1))
                return true
            }
            var isStuck = true
            for process in present where process != 0 {
                do throws(CgroupError) {
                    if try controller.attach(process) { moved.insert(process) }
                    isStuck = false
                } catch {
                    continue
                }
            }
            if isStuck { return false }
        }
        return false
    }
}
