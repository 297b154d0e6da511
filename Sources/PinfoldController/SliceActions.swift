import PinfoldCgroups
package import PinfoldCore
package import PinfoldLinux

/// What the rules decide, done to real cgroups.
extension SliceWorld {
    package func descriptor(of life: LifeID) -> Int32? {
        entry(life)?.cgroup.descriptor
    }

    package func inode(of life: LifeID) -> UInt64? {
        entry(life)?.cgroup.inode
    }

    package func leave(_ note: [UInt8], with life: LifeID) {
        // Where the kernel keeps none, there is the record, a few milliseconds later.
        try? entry(life)?.cgroup.leave(note: note)
    }

    package func attach(_ process: consuming Pidfd, to life: LifeID, done: @escaping (WorldError?) -> Void) {
        guard let entry = entry(life) else { return done(WorldError("the session's cgroup is gone")) }
        let held = HeldProcess(process)
        lastMove += 1
        let number = lastMove
        moves[number] = Move(entry: entry, done: done)
        mover.submit { .moved(number, held.move(to: entry)) }
    }

    func finishMove(_ number: UInt64, _ problem: WorldError?) {
        guard let move = moves.removeValue(forKey: number) else { return }
        let life = move.entry.life
        // A process that came in after the kill would survive there unnoticed.
        if killed.contains(life) || removing[life] != nil { _ = try? move.entry.kill() }
        move.done(problem)
    }

    package func terminate(_ life: LifeID) throws(WorldError) {
        try attempt(life) { entry throws(CgroupError) in _ = try entry.cgroup.signal(.terminate) }
    }

    package func kill(_ life: LifeID) throws(WorldError) {
        if entry(life) != nil { killed.insert(life) }
        try attempt(life) { entry throws(CgroupError) in _ = try entry.kill() }
    }

    package func freeze(_ life: LifeID) throws(WorldError) {
        try attempt(life) { entry throws(CgroupError) in _ = try entry.cgroup.write("cgroup.freeze", "1") }
    }

    package func thaw(_ life: LifeID) throws(WorldError) {
        try attempt(life) { entry throws(CgroupError) in _ = try entry.cgroup.thaw() }
    }

    private func attempt(
        _ life: LifeID, _ body: (LifeCgroup) throws(CgroupError) -> Void
    ) throws(WorldError) {
        guard let entry = entry(life) else { return }
        do throws(CgroupError) {
            try body(entry)
        } catch {
            throw WorldError(error.description)
        }
    }

    package func setLimits(_ life: LifeID, _ limits: SessionLimits) {
        guard let entry = entry(life) else { return }
        let hasSwap = meters.hasSwap
        // Lowering memory.max reclaims, and may kill, in the context of the writer.
        worker.submit {
            .limitsSet(life, SliceWorld.write(limits, to: entry.cgroup, isNew: false, hasSwap: hasSwap))
        }
    }

    package func setPoolLimits(_ budget: PoolBudget) {
        self.budget = budget
        let (held, hasSwap) = (held, meters.hasSwap)
        worker.submit {
            let results = held.slice.sessions.apply(LimitTranslation.limits(of: budget))
            return .poolLimitsSet(LimitTranslation.unenforced(results, hasSwap: hasSwap))
        }
    }

    package func reclaim(_ life: LifeID) {
        guard let entry = entry(life) else { return }
        worker.submit {
            // In steps, so that a life that wakes up meanwhile loses no more than one.
            for _ in 0..<64 {
                guard (try? entry.cgroup.write("memory.reclaim", "32M")) == .done else { break }
            }
            return .reclaimed(life)
        }
    }

    package func collect(_ life: LifeID) {
        guard let entry = entry(life) else {
            // Adopted after it was gone: there is nothing to remove, but `removed` is expected.
            vanished.append(life)
            return
        }
        totals[life] = entry.totals(poolOutOfMemory: meters.outOfMemory())
        release(entry)
        removing[life] = entry
        remove(entry)
    }

    /// Removes a cgroup on the worker: the kernel may block the caller until exiting tasks are gone.
    func remove(_ entry: LifeCgroup) {
        worker.submit {
            var pause = Duration.milliseconds(1)
            while pause < .milliseconds(200) {
                switch try? entry.cgroup.remove() {
                case .removed?, .gone?: return .removed(entry.life, isGone: true)
                case .busy?, nil: break
                }
                MonotonicClock.rest(pause)
                pause += pause
            }
            return .removed(entry.life, isGone: false)
        }
    }

    package func isEmpty(_ life: LifeID) -> Bool {
        guard let entry = entry(life) else { return true }
        do throws(CgroupError) {
            return try entry.files.events.read()?.isPopulated != true
        } catch {
            // Not known is not empty.
            return false
        }
    }
}

/// A process that is held until it was moved.
private final class HeldProcess: Sendable {
    private let pidfd: Pidfd

    init(_ pidfd: consuming Pidfd) {
        self.pidfd = pidfd
    }

    func move(to entry: LifeCgroup) -> WorldError? {
        do throws(CgroupError) {
            return try entry.cgroup.attach(pidfd) ? nil : WorldError("the process has ended")
        } catch {
            return WorldError(error.description)
        }
    }
}
