public import PinfoldLinux

/// A delegated cgroup that this process controls, alone, for as long as the value lives.
///
/// Below it: `controller/` for the controller itself, since no process may stay where limits are set for children, and
/// `sessions/` with one cgroup for each life of each session.
public struct Slice: ~Copyable, Sendable {
    /// What taking it over came to.
    public struct Report: Sendable, Hashable {
        /// Controllers that are at work in each session.
        public var enabled: [String] = []
        /// Controllers that are not, and why.
        public var unavailable: [String: ControllerProblem] = [:]
        /// Processes that were moved from the slice itself into `controller/`, this one among them where it was there.
        public var moved: [ProcessID] = []
        /// Why this process could not be moved below the slice; nil where it is there.
        public var ownCgroupProblem: String?
        /// Whether the slice is the root of the whole tree, whose processes may stay.
        public var isRoot = false
        /// Whether this process was started in the slice itself, not in a leaf (systemd: `DelegateSubgroup=`).
        public var startedInInnerNode = false
        /// Names in `sessions/` that have processes: of a controller before us.
        public var liveSessions: [String] = []
    }

    /// The delegated cgroup.
    public let root: Cgroup
    /// Where the controller lives.
    public let controller: Cgroup
    /// What the sessions' cgroups are made in, and the pool's limits are set on.
    public let sessions: Cgroup
    /// What keeps a second controller away for as long as it is open.
    private let lock: OwnedDescriptor
    /// How the take-over went.
    public let report: Report

    init(
        root: consuming Cgroup, controller: consuming Cgroup, sessions: consuming Cgroup,
        lock: consuming OwnedDescriptor, report: Report
    ) {
        self.root = root
        self.controller = controller
        self.sessions = sessions
        self.lock = lock
        self.report = report
    }

    /// The controllers a session can make use of.
    public static let controllers = ["memory", "pids", "cpu", "io", "cpuset"]

    /// Takes over a cgroup: locks it, makes what is missing, moves processes out of the way, enables what it can. A
    /// slice with living sessions is taken over as it is.
    ///
    /// - Parameters:
    ///   - path: the delegated directory.
    ///   - controllers: what to enable for the sessions, as far as it is offered.
    ///   - requiringMemory: whether it is an error that no memory limit can be enforced here.
    ///   - movingIn: whether this process moves into `controller/` where it is outside or in a session; a process
    ///     that must stay where it is (a harness that embeds the controller) passes false. Out of the slice's own
    ///     directory it is moved in any case.
    /// - Throws: ``CgroupError`` with the codes `notCgroup2`, `readOnly`, `noDelegation`, `noMemoryController`,
    ///   `alreadyControlled` and `processesInTheWay`.
    public static func takeOver(
        _ path: String, controllers: [String] = Slice.controllers, requiringMemory: Bool = true, movingIn: Bool = true
    ) throws(CgroupError) -> Slice {
        try TakeOver.run(path, controllers: controllers, requiringMemory: requiringMemory, movingIn: movingIn)
    }
}
