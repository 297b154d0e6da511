package import PinfoldCore
package import PinfoldLinux

/// What holds the lives of sessions: the operations that the rules need, and the events that come of them.
///
/// ``SliceWorld`` does it with the cgroups of a slice; the tests have one that is made up. Both pass one contract
/// suite.
package protocol World: AnyObject {
    /// The directory that holds the lives' cgroups.
    var sessionsPath: String { get }
    /// Readable while `takeEvents` has events.
    var wakeDescriptor: Int32 { get }
    /// When `takeEvents` is worth calling though nothing woke.
    var nextDeadline: Instant? { get }

    /// Makes the cgroup of a life and writes its limits, each read back.
    func create(_ life: LifeID, _ limits: SessionLimits) throws(WorldError) -> CreationFacts
    /// Leaves with a life's cgroup what a later controller must know to take it over, as long as the cgroup is there.
    func leave(_ note: [UInt8], with life: LifeID)
    /// Distinguishes a life's cgroup from a later one at its path; nil if it is gone.
    func inode(of life: LifeID) -> UInt64?
    /// The open directory of a life's cgroup, to be handed to its launcher; nil where it is gone.
    func descriptor(of life: LifeID) -> Int32?
    /// Moves a process into a life's cgroup. The caller has made sure that it may be moved.
    ///
    /// - Parameter done: called once, at the latest by `takeEvents`, with what went wrong; nil where nothing did.
    func attach(_ process: consuming Pidfd, to life: LifeID, done: @escaping (WorldError?) -> Void)

    func terminate(_ life: LifeID) throws(WorldError)
    func kill(_ life: LifeID) throws(WorldError)
    /// Reads the last numbers and removes the cgroup; `removed` follows.
    func collect(_ life: LifeID)
    /// Writes the limits of the pool as a whole.
    func setPoolLimits(_ budget: PoolBudget)
    /// `limitsSet` follows.
    func setLimits(_ life: LifeID, _ limits: SessionLimits)
    func freeze(_ life: LifeID) throws(WorldError)
    func thaw(_ life: LifeID) throws(WorldError)
    func reclaim(_ life: LifeID)

    /// In which life's cgroup a process is.
    func location(of process: ProcessID) -> ProcessLocation
    /// Whether no process is left, asked of the kernel now.
    func isEmpty(_ life: LifeID) -> Bool
    /// Takes a snapshot of memory. The array of lives in it is refilled, not made anew.
    func read(_ request: SnapshotRequest, into snapshot: inout MemorySnapshot)
    /// What happened since.
    func takeEvents(at now: Instant) -> [Event]
}

/// Where a process is, as far as the slice is concerned.
package enum ProcessLocation: Hashable, Sendable {
    case outside
    case life(LifeID)
    /// It has ended, or cannot be seen from here.
    case unknown
}

/// Something could not be done, in a sentence.
package struct WorldError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
