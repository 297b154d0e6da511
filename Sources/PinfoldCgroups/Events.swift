import PinfoldLinux

/// Whether a cgroup and all below it have processes, and whether they are frozen. Kept open, for the loop.
///
/// The kernel notifies changes at least 10 ms apart and joins those in between: after a wake-up read, and take what is
/// read as the state, not as one step of it.
public struct CgroupEvents: ~Copyable, Sendable {
    /// A moment's state.
    public struct State: Sendable, Hashable {
        /// Whether a live process is in it or below; zombies do not count.
        public var isPopulated: Bool
        /// Whether all its processes stand still.
        public var isFrozen: Bool

        /// A state that was read, or made up for a test.
        public init(isPopulated: Bool, isFrozen: Bool = false) {
            self.isPopulated = isPopulated
            self.isFrozen = isFrozen
        }
    }

    private let file: ControlFile

    /// The number, to be polled for `POLLPRI`. Read once before the first poll.
    public var descriptor: Int32 { file.number }

    /// Nil where the cgroup is gone.
    public init?(of cgroup: borrowing Cgroup) throws(CgroupError) {
        guard let file = try ControlFile("cgroup.events", of: cgroup) else { return nil }
        self.file = file
    }

    /// Nil where the cgroup is gone.
    public borrowing func read() throws(CgroupError) -> State? {
        try file.read { text in
            var state = State(isPopulated: false, isFrozen: false)
            FlatKeyed.forEach(text) { key, value in
                if equal(key, "populated") { state.isPopulated = value != 0 }
                if equal(key, "frozen") { state.isFrozen = value != 0 }
            }
            return state
        }
    }

    /// Waits until the state is as asked. False where the time was over first; true also where the cgroup is gone.
    public borrowing func wait(
        timeout: Duration, until isReached: (State) -> Bool
    ) throws(CgroupError) -> Bool {
        let deadline = MonotonicClock.now().advanced(by: timeout)
        while let state = try read(), !isReached(state) {
            guard MonotonicClock.now() < deadline else { return false }
            do throws(Errno) {
                _ = try waitFor(descriptor, .priority, deadline: deadline)
            } catch {
                throw .failed("wait for", file.path, error)
            }
        }
        return true
    }
}

extension Cgroup {
    /// The state in its events file; nil if it is gone.
    ///
    /// The root of the tree has no such file and is always populated.
    public borrowing func state() throws(CgroupError) -> CgroupEvents.State? {
        guard let events = try CgroupEvents(of: self) else {
            return isGone ? nil : CgroupEvents.State(isPopulated: true, isFrozen: false)
        }
        return try events.read()
    }

    /// Waits until no process lives in it or below. False where the time was over first; true also where it is gone.
    ///
    /// That a kill was written is not the end of those it hits, and a child that was reaped may still hold memory for
    /// a moment: this is when they are over.
    public borrowing func waitUntilEmpty(timeout: Duration) throws(CgroupError) -> Bool {
        guard let events = try CgroupEvents(of: self) else { return isGone }
        return try events.wait(timeout: timeout) { !$0.isPopulated }
    }

    /// Stops all processes in it and below, and those they will start. False where they did not all stand still in
    /// time: some may be deep in the kernel. It stays ordered then.
    ///
    /// Their memory stays, and their clients wait.
    @discardableResult
    public borrowing func freeze(timeout: Duration = .seconds(1)) throws(CgroupError) -> Bool {
        guard try write("cgroup.freeze", "1") == .done, let events = try CgroupEvents(of: self) else { return isGone }
        return try events.wait(timeout: timeout) { $0.isFrozen }
    }

    /// Lets them run again, unless a cgroup above is frozen.
    @discardableResult
    public borrowing func thaw() throws(CgroupError) -> WriteResult {
        try write("cgroup.freeze", "0")
    }
}
