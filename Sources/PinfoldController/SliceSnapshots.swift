import PinfoldCgroups
package import PinfoldCore
import PinfoldLinux

/// Snapshots and events of real cgroups.
extension SliceWorld {
    package func read(_ request: SnapshotRequest, into snapshot: inout MemorySnapshot) {
        snapshot.lives.removeAll(keepingCapacity: true)
        meters.read(budget, into: &snapshot)
        for entry in lives {
            guard let read = try? entry.files.read(includingCPU: request.includesCPU) else { continue }
            var part = LifeSnapshot(life: entry.life)
            part.current = read.memoryCurrent
            part.tasks = read.tasks
            part.events = entry.eventCounts(read.memoryEvents)
            part.cpuMicroseconds = read.cpuMicroseconds
            if request.includesStatistics, let used = read.memoryCurrent,
                let statistics = (try? entry.cgroup.memoryStat())?.value
            {
                part.anonymous = statistics.anon
                part.workingSet = used - min(used, statistics.inactiveFile)
                part.peak = (try? entry.cgroup.memoryPeak())?.value
            }
            snapshot.lives.append(part)
        }
    }

    package func takeEvents(at now: Instant) -> [Event] {
        var events: [Event] = []
        var hasMemoryEvent = false
        for ready in (try? poller.wait(timeout: .zero)) ?? [] {
            if ready.token == Self.workerToken {
                while let work = worker.takeResult() { events += finish(work, at: now) }
            } else if ready.token == Self.moverToken {
                while let work = mover.takeResult() { events += finish(work, at: now) }
            } else if ready.token == Self.poolToken {
                meters.acknowledge()
                hasMemoryEvent = true
            } else if let life = byToken[ready.token] {
                if isEmpty(life) { events.append(.emptied(life)) }
            } else if let life = byToken[ready.token & ~1], let entry = entry(life) {
                try? entry.files.acknowledgeMemoryEvents()
                hasMemoryEvent = true
            }
        }
        if hasMemoryEvent { events.append(.memoryEvent) }
        events += vanished.map { .removed($0, LifeTotals()) }
        vanished = []
        retryRemovals(at: now)
        return events
    }

    private func retryRemovals(at now: Instant) {
        for (life, again) in pendingRemovals where again <= now {
            pendingRemovals[life] = nil
            if let entry = removing[life] { remove(entry) }
        }
    }

    private func finish(_ work: SliceWork, at now: Instant) -> [Event] {
        switch work {
        case .reclaimed, .swept: return []
        case .moved(let number, let problem):
            finishMove(number, problem)
            return []
        case .poolLimitsSet(let unenforced):
            for limit in unenforced { notice("the pool's \(limit)") }
            return []
        case .limitsSet(let life, let facts): return [.limitsSet(life, facts)]
        case .removed(let life, let isGone):
            let totals = totals.removeValue(forKey: life)
            if isGone {
                removing[life] = nil
                killed.remove(life)
            } else {
                // No client waits for a directory: the session is over, and the removal is tried again.
                pendingRemovals[life] = now + .seconds(1)
                if totals != nil { notice("cannot remove the cgroup of \(life) yet; trying again") }
            }
            return totals.map { [.removed(life, $0)] } ?? []
        }
    }
}
