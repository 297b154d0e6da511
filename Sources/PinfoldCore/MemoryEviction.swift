/// Keeping the reserve: the decisions on one snapshot of memory.
extension SessionPool {
    /// A futile situation is reported again only after this.
    static let futileInterval = Duration.seconds(30)

    /// Requests the next snapshot when it is due: at once while a request waits for memory, never without sessions.
    mutating func tick(at now: Instant, _ actions: inout [Action]) {
        guard residentCount > 0 || !queue.isEmpty else {
            memory.nextSnapshot = nil
            return
        }
        guard let due = memory.nextSnapshot, due > now else {
            actions.append(.read(memory.request(at: now)))
            return
        }
    }

    mutating func handleSnapshot(_ snapshot: MemorySnapshot, at now: Instant, _ actions: inout [Action]) {
        let before = memory.last
        memory.take(snapshot, at: now)
        for part in snapshot.lives { note(part, at: now, &actions) }
        if let before, snapshot.poolOutOfMemory > before.poolOutOfMemory {
            let count = Int64(clamping: snapshot.poolOutOfMemory - before.poolOutOfMemory)
            actions.append(.log(LoggedEvent(.memoryEvent, nil, [("poolOutOfMemory", .number(count))])))
        }
        let headroom = headroomWithCredit(at: now)
        memory.nextSnapshot = now + MemoryMonitor.interval(headroom: headroom, line: budget.reserve)
        enforceReserve(headroom, at: now, &actions)
        enforcePressureLimit(snapshot.pressure, at: now, &actions)
    }

    private mutating func note(_ part: LifeSnapshot, at now: Instant, _ actions: inout [Action]) {
        guard let index = sessions.index(of: part.life) else { return }
        let before = sessions.all[index].life?.memory.events
        sessions[index].life?.memory.take(part)
        if let events = part.events, let before, events.kills > before.kills || events.outOfMemory > before.outOfMemory
        {
            let killed = events.killedProcesses.subtractingDownToZero(before.killedProcesses)
            let outOfMemory = events.outOfMemory.subtractingDownToZero(before.outOfMemory)
            actions.append(
                .log(
                    LoggedEvent(
                        .memoryEvent, part.life,
                        [
                            ("outOfMemory", .number(Int64(clamping: outOfMemory))),
                            ("kills", .number(Int64(clamping: killed))),
                        ])))
        }
        guard let microseconds = part.cpuMicroseconds else { return }
        let sample = CPUSample(microseconds: microseconds, at: now)
        if let earlier = sessions.all[index].life?.cpu,
            sample.share(since: earlier) > sessions.all[index].policy.idleCPU
        {
            handleActivity(part.life, .cpu, at: now, &actions)
        }
        sessions[index].life?.cpu = sample
    }

    /// What is free before the nearest wall, counting what dying sessions are about to give back.
    ///
    /// Memory comes back some 90 ms a GiB after the kill; without the credit one shortage would kill a row of sessions.
    func headroomWithCredit(at now: Instant) -> UInt64? {
        guard let headroom = memory.last?.headroom(in: budget) else { return nil }
        let credit = sessions.residents.reduce(UInt64(0)) { sum, index in
            guard let ending = sessions.all[index].life?.ending, now < ending.creditEnds else { return sum }
            return sum.addingUpToMost(ending.expected)
        }
        return headroom.addingUpToMost(credit)
    }

    private func isCreditPending(at now: Instant) -> Bool {
        sessions.residents.contains { (sessions.all[$0].life?.ending).map { now < $0.creditEnds } ?? false }
    }

    private mutating func enforceReserve(_ headroom: UInt64?, at now: Instant, _ actions: inout [Action]) {
        guard let headroom, let bare = memory.last?.headroom(in: budget) else { return }
        if bare < budget.hardReserve {
            killStopping(at: now, &actions)
        }
        if headroom < budget.hardReserve {
            let need = EvictionNeed.emergency(
                shortfall: budget.hardReserve - headroom, takesBusy: budget.policy.evictBusy == .hard)
            evictOne(for: need, at: now, &actions) { [budget] idle in
                .reserve(available: bare, reserve: budget.hardReserve, isHard: true, idle: idle)
            }
        } else if headroom < budget.reserve, !isCreditPending(at: now), !isQuiet(at: now) {
            evictOne(for: .memory(shortfall: budget.reserve - headroom), at: now, &actions) { [budget] idle in
                .reserve(available: bare, reserve: budget.reserve, isHard: false, idle: idle)
            }
        }
    }

    /// Below the hard reserve no ending has time left: it is killed now.
    private mutating func killStopping(at now: Instant, _ actions: inout [Action]) {
        for index in sessions.residents {
            guard let state = sessions.all[index].life?.state, state.isEnding, !state.isBeyondGrace else { continue }
            apply(.killRequested, to: index, at: now, &actions)
        }
    }

    private mutating func enforcePressureLimit(_ full: UInt32?, at now: Instant, _ actions: inout [Action]) {
        guard let limit = budget.policy.pressureLimit, let full, full >= limit else {
            memory.pressureSince = nil
            return
        }
        let since = memory.pressureSince ?? now
        memory.pressureSince = since
        guard now.since(since) >= budget.policy.pressureDuration, !isCreditPending(at: now), !isQuiet(at: now) else {
            return
        }
        evictOne(for: .memory(shortfall: 0), at: now, &actions) { idle in
            .pressure(full: full, limit: limit, idle: idle)
        }
    }

    private func isQuiet(at now: Instant) -> Bool {
        memory.quietUntil.map { now < $0 } ?? false
    }

    /// Evicts the first of the ranked list, or logs that there is none.
    ///
    /// - Parameter group: whose sessions are ranked.
    mutating func evictOne(
        for need: EvictionNeed, in group: Group = .pool, at now: Instant, _ actions: inout [Action],
        because cause: (Duration) -> Cause
    ) {
        let ranked = Eviction.rank(members(of: group), for: need, at: now)
        guard let victim = ranked.first, victim.isEligible, let index = sessions.index(of: victim.life) else {
            logFutility(.nothingEvictable, nil, [("sessions", .number(Int64(residentCount)))], at: now, &actions)
            return
        }
        let cause = cause(victim.idle)
        var details = LoggedEvent.details(of: cause)
        details.append(("candidates", .number(Int64(ranked.count { $0.isEligible }))))
        if let bytes = victim.bytes { details.append(("bytes", .number(Int64(clamping: bytes)))) }
        guard !budget.policy.dryRun else {
            logFutility(.victimChosen, victim.life, details + [("dryRun", .flag(true))], at: now, &actions)
            return
        }
        actions.append(.log(LoggedEvent(.victimChosen, victim.life, details)))
        memory.quietUntil = now + budget.policy.evictQuiet
        let isEmergency = if case .emergency = need { true } else { false }
        stop(
            index, because: cause, suspends: sessions[index].policy.resume != .never,
            from: isEmergency ? .kill : .closeInput, at: now, &actions)
    }

    private mutating func logFutility(
        _ name: LoggedEvent.Name, _ life: LifeID?, _ details: [(name: String, value: LoggedEvent.Detail)],
        at now: Instant, _ actions: inout [Action]
    ) {
        if let last = memory.lastFutile, now.since(last) < Self.futileInterval { return }
        memory.lastFutile = now
        actions.append(.log(LoggedEvent(name, life?.session, life: life?.number, details)))
    }
}

extension CPUSample {
    /// Hundredths of a percent of one CPU used between two samples.
    fileprivate func share(since earlier: CPUSample) -> UInt64 {
        let elapsed = at.since(earlier.at).wholeNanoseconds / 1_000
        guard elapsed > 0, microseconds > earlier.microseconds else { return 0 }
        return UInt64(clamping: UInt128(microseconds - earlier.microseconds) * 10_000 / UInt128(elapsed))
    }
}

extension LifeMemory {
    fileprivate mutating func take(_ part: LifeSnapshot) {
        current = part.current ?? current
        workingSet = part.workingSet ?? workingSet
        anonymous = part.anonymous ?? anonymous
        peak = part.peak ?? peak
        events = part.events ?? events
        tasks = part.tasks ?? tasks
    }
}
