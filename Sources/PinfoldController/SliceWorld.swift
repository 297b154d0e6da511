package import PinfoldCgroups
package import PinfoldCore
package import PinfoldLinux

/// A slice that the loop and the worker both use; nothing in it changes.
final class HeldSlice: Sendable {
    let slice: Slice

    init(_ slice: consuming Slice) {
        self.slice = slice
    }
}

/// What the worker thread did.
enum SliceWork: Sendable {
    /// The cgroup is removed, or still there after all attempts.
    case removed(LifeID, isGone: Bool)
    case limitsSet(LifeID, CreationFacts)
    case poolLimitsSet([UnenforcedLimit])
    case reclaimed(LifeID)
    /// A process was moved in, or not.
    case moved(UInt64, WorldError?)
    /// A cgroup without a session is gone.
    case swept
}

/// A process on its way into a life's cgroup.
struct Move {
    let entry: LifeCgroup
    let done: (WorldError?) -> Void
}

/// Lives in the cgroups of a real slice.
package final class SliceWorld: World {
    package let sessionsPath: String
    let held: HeldSlice
    /// For `rmdir`, `memory.max` and `memory.reclaim`, which may take long.
    let worker: WorkerThread<SliceWork>
    /// For writes to `cgroup.procs`: they wait for RCU, and again where a process was only just forked. Launchers wait
    /// for them, so not behind what the other thread does.
    let mover: WorkerThread<SliceWork>
    var moves: [UInt64: Move] = [:]
    var lastMove: UInt64 = 0
    let isEnforcing: Bool
    var budget: PoolBudget
    var poller: Poller
    var lives: [LifeCgroup] = []
    var places: [LifeID: Int] = [:]
    /// By token: even numbers are `cgroup.events`, the odd one after it `memory.events`.
    var byToken: [UInt64: LifeID] = [:]
    private var lastToken: UInt64 = 1_000
    /// Cgroups whose life is over but that are still there, and those of them that wait for another attempt.
    var removing: [LifeID: LifeCgroup] = [:]
    var pendingRemovals: [LifeID: Instant] = [:]
    /// Lives that were killed, while their cgroups are there.
    var killed: Set<LifeID> = []
    /// Lives that are over without a cgroup of theirs being there.
    var vanished: [LifeID] = []
    /// Last numbers, until `removed` was sent.
    var totals: [LifeID: LifeTotals] = [:]
    let meters: PoolMeters
    let hierarchy: Hierarchy
    let notice: (String) -> Void

    static let poolToken: UInt64 = 1
    static let workerToken: UInt64 = 2
    static let moverToken: UInt64 = 3

    /// - Parameters:
    ///   - isEnforcing: whether a life whose limits the kernel does not enforce is refused (`Enforcement=kernel`).
    ///   - notice: for what an operator should read and no client waits for.
    package init(
        slice: consuming Slice, in hierarchy: Hierarchy, meters: PoolMeters, isEnforcing: Bool, budget: PoolBudget,
        notice: @escaping (String) -> Void
    ) throws(Errno) {
        sessionsPath = slice.sessions.path
        poller = try Poller(capacity: 128)
        held = HeldSlice(slice)
        worker = try WorkerThread()
        mover = try WorkerThread()
        self.meters = meters
        self.hierarchy = hierarchy
        self.isEnforcing = isEnforcing
        self.budget = budget
        self.notice = notice
        try poller.add(worker.resultsDescriptor, token: Self.workerToken, for: .readable)
        try poller.add(mover.resultsDescriptor, token: Self.moverToken, for: .readable)
        if let number = meters.eventsDescriptor { try poller.add(number, token: Self.poolToken, for: .priority) }
    }

    package var wakeDescriptor: Int32 { poller.number }

    package var nextDeadline: Instant? {
        vanished.isEmpty ? pendingRemovals.values.min() : Instant(nanoseconds: 0)
    }

    func entry(_ life: LifeID) -> LifeCgroup? {
        places[life].map { lives[$0] }
    }

    package func create(_ life: LifeID, _ limits: SessionLimits) throws(WorldError) -> CreationFacts {
        do {
            let cgroup = try held.slice.sessions.create(life.directoryName)
            let facts = Self.write(limits, to: cgroup, isNew: true, hasSwap: meters.hasSwap)
            if isEnforcing, let unenforced = facts.unenforced.first {
                held.slice.sessions.removeEmptyChild(life.directoryName)
                throw WorldError(
                    "\(unenforced.key)= cannot be enforced here: \(unenforced.reason); change the policy, or start the controller "
                        + "with Enforcement=best")
            }
            do {
                try hold(life, cgroup)
            } catch {
                held.slice.sessions.removeEmptyChild(life.directoryName)
                throw error
            }
            return facts
        } catch let refusal as WorldError {
            throw refusal
        } catch {
            throw WorldError("cannot make the session's cgroup: \(error)")
        }
    }

    /// Writes limits and returns which of them are enforced.
    static func write(
        _ limits: SessionLimits, to cgroup: borrowing Cgroup, isNew: Bool, hasSwap: Bool
    ) -> CreationFacts {
        let results = cgroup.apply(LimitTranslation.limits(limits, isNew: isNew))
        let unenforced = LimitTranslation.unenforced(results, hasSwap: hasSwap)
        let memoryIsHeld = !unenforced.contains { $0.key == "MemoryMax" }
        return CreationFacts(enforcement: memoryIsHeld ? .kernel : .none, unenforced: unenforced)
    }

    /// Keeps a cgroup's descriptors and watches its files.
    func hold(_ life: LifeID, _ cgroup: consuming Cgroup) throws {
        guard let files = try SessionFiles(of: cgroup) else { throw WorldError("\(cgroup.path) is gone") }
        lastToken += 2
        let token = lastToken
        let killFile = try KillFile(of: cgroup)
        let entry = LifeCgroup(
            life: life, cgroup: cgroup, files: files, killFile: killFile, token: token,
            poolOutOfMemoryBefore: meters.outOfMemory())
        // A file that was never read reports a change at once.
        _ = try entry.files.events.read()
        try entry.files.acknowledgeMemoryEvents()
        try poller.add(entry.files.events.descriptor, token: token, for: .priority)
        if let number = entry.files.memoryEventsDescriptor { try poller.add(number, token: token + 1, for: .priority) }
        places[life] = lives.count
        lives.append(entry)
        byToken[token] = life
    }

    /// Stops watching a cgroup. Its descriptors close when the worker is done with it too.
    func release(_ entry: LifeCgroup) {
        guard let index = places.removeValue(forKey: entry.life) else { return }
        lives.remove(at: index)
        for later in index..<lives.count { places[lives[later].life] = later }
        byToken[entry.token] = nil
        try? poller.remove(entry.files.events.descriptor)
        if let number = entry.files.memoryEventsDescriptor { try? poller.remove(number) }
    }
}
