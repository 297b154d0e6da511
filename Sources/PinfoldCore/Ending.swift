/// How a life ends: stdin closed, SIGTERM, `cgroup.kill`; then empty, then collected, then over.
extension SessionPool {
    /// Memory of a dying life counts as coming back for this long after the kill.
    static let creditAfterKill = Duration.seconds(5)
    /// An empty life waits this long for its launcher to report how the command ended.
    static let statusGrace = Duration.seconds(1)
    /// A killed life that is not empty after this time is reported as stuck.
    static let stuckAfter = Duration.seconds(10)

    /// Why an ending begins, and whether the session can come back. No cause: the command ended by itself.
    struct EndingReason {
        let cause: Cause?
        let suspends: Bool
    }

    /// Where an ending begins. One that has begun can be hastened; the first stage of some can be taken back.
    enum EndingStep {
        case closeInput, terminate, kill
    }

    /// Begins to end a life, or hastens the ending that has begun, which keeps its first cause unless that could have
    /// been taken back.
    ///
    /// - Parameter cause: nil where the command left by itself and only what it left behind must go.
    mutating func stop(
        _ index: Int, because cause: Cause?, suspends: Bool, from step: EndingStep, at now: Instant,
        _ actions: inout [Action]
    ) {
        guard let life = sessions[index].life else { return }
        let event: LifeEvent =
            switch step {
            case .closeInput: .endRequested
            case .terminate: .terminationRequested
            case .kill: isKillRefused(life) ? .killRefused : .killRequested
            }
        apply(event, to: index, ending: EndingReason(cause: cause, suspends: suspends), at: now, &actions)
    }

    /// Notes why a life ends that goes on until now.
    mutating func beginEnding(
        _ index: Int, _ reason: EndingReason, from step: EndingStep, at now: Instant, _ actions: inout [Action]
    ) {
        guard let life = sessions[index].life, !life.state.isEnding else { return }
        let policy = sessions[index].policy
        let grace = step == .kill ? .zero : policy.stdinClose + policy.term
        sessions[index].life?.ending = Ending(
            cause: reason.cause, suspends: reason.suspends,
            expected: life.memory.anonymous ?? life.memory.current ?? 0,
            creditEnds: now + grace + Self.creditAfterKill)
        let id = LifeID(session: sessions[index].id, number: life.number)
        if let cause = reason.cause { actions.append(.log(LoggedEvent(.stopping, id, LoggedEvent.details(of: cause)))) }
        // A frozen process cannot leave by itself.
        if life.state == .frozen, step != .kill { actions.append(.thaw(id)) }
    }

    mutating func closeInput(_ index: Int, isRefusable: Bool, at now: Instant, _ actions: inout [Action]) {
        let grace = sessions[index].policy.stdinClose
        guard let life = sessions[index].life, life.lease != nil, life.status == nil, grace > .zero,
            let cause = life.ending?.cause
        else {
            terminate(index, at: now, &actions)
            return
        }
        enter(.closingInput(until: now + grace, isRefusable: isRefusable), index, at: now)
        guard let inputClosing = sessions[index].life?.inputClosing(at: now) else { return }
        actions.append(.closeInput(LifeID(session: sessions[index].id, number: life.number), cause, inputClosing))
    }

    mutating func terminate(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        let grace = sessions[index].policy.term
        guard let life = sessions[index].life, grace > .zero else {
            kill(index, at: now, &actions)
            return
        }
        enter(.terminating(until: now + grace), index, at: now)
        actions.append(.terminate(LifeID(session: sessions[index].id, number: life.number)))
    }

    mutating func kill(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        guard let life = sessions[index].life else { return }
        enter(.killing(since: now, isReportedStuck: false), index, at: now)
        sessions[index].life?.ending?.creditEnds = now + Self.creditAfterKill
        // Whatever else was to be tried again matters no more: a kill reaches frozen ones too.
        sessions[index].life?.failures.retry = nil
        actions.append(.kill(LifeID(session: sessions[index].id, number: life.number)))
    }

    mutating func reportStuck(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        guard let life = sessions[index].life, case .killing(let since, _) = life.state else { return }
        enter(.killing(since: since, isReportedStuck: true), index, at: now)
        actions.append(
            .log(
                LoggedEvent(
                    .stuck, LifeID(session: sessions[index].id, number: life.number),
                    [("message", .text("killed, but processes remain: they wait in the kernel"))])))
    }

    mutating func awaitStatus(_ index: Int, at now: Instant) {
        let until = sessions[index].life?.leaseDeadline ?? now + Self.statusGrace
        enter(.awaitingStatus(until: until), index, at: now)
    }

    mutating func collect(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        guard let life = sessions[index].life else { return }
        enter(.collecting, index, at: now)
        actions.append(.collect(LifeID(session: sessions[index].id, number: life.number)))
    }

    /// No process is left.
    mutating func handleEmptied(_ id: LifeID, at now: Instant, _ actions: inout [Action]) {
        guard let index = sessions.index(of: id), let life = sessions[index].life else { return }
        let isReported = life.status != nil || life.lease == nil && life.leaseDeadline == nil
        apply(isReported ? .emptied : .emptiedUnreported, to: index, at: now, &actions)
    }

    /// Somebody wants the name of a life that has no process left and waits only for the launcher that a former
    /// controller had: as a rule that one was told of the end and has left, and nobody else can say more.
    mutating func stopAwaitingLauncher(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        guard let life = sessions[index].life, life.awaitsLauncher else { return }
        apply(.launcherGone, to: index, at: now, &actions)
    }

    /// The command's own process ended: what it left behind goes too, unless its caller wanted to keep it.
    mutating func handleExit(of id: LifeID, _ status: CommandStatus, at now: Instant, _ actions: inout [Action]) {
        guard let index = sessions.index(of: id), let life = sessions[index].life, life.status == nil else { return }
        sessions[index].life?.status = status
        apply(life.keepsTree && life.lease != nil ? .exitedKeepingTree : .exited, to: index, at: now, &actions)
    }

    /// What the command left behind goes on without a launcher.
    mutating func release(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        guard let life = sessions[index].life, let client = life.lease else { return }
        let id = LifeID(session: sessions[index].id, number: life.number)
        sessions[index].life?.lease = nil
        // It may have had a turn before its start was reported.
        enter(life.state == .frozen ? .frozen : .running, index, at: now)
        actions.append(.release(client, id))
        actions.append(.save(id.session))
    }

    /// The life is over: keep its cause, and answer every client that waits for it.
    mutating func finish(_ id: LifeID, _ totals: LifeTotals, at now: Instant, _ actions: inout [Action]) {
        guard let index = sessions.index(of: id), let life = sessions[index].life else { return }
        var cause = life.ending?.cause ?? Cause.ofLifeEnd(status: life.status, totals: totals)
        // No controller ended it: a session that can be resumed is suspended.
        let isUnwatched = cause == .unwatched && sessions[index].token != nil
        // This controller ran and the launcher is connected, but it reported no end.
        if cause == .unwatched, life.lease != nil { cause = .unreported }
        let isSuspended = life.ending?.suspends ?? false || isUnwatched && sessions[index].policy.resume != .never
        if let used = life.memory.workingSet ?? life.memory.current {
            sessions[index].lastMemory = used
            memory.typical[sessions[index].policyName] = used
        }
        // Its credit ends with it, so the next admission needs a new snapshot.
        memory.discardSnapshot()
        sessions[index].lastPeak = totals.memoryPeak
        sessions[index].life = nil
        sessions[index].cause = cause
        sessions[index].isSuspended = isSuspended
        sessions[index].endedAt = now
        let outcome = LifeOutcome(life: id, cause: cause, isSuspended: isSuspended, status: life.status)
        actions.append(.save(id.session))
        if let client = life.lease { actions.append(.finish(client, outcome)) }
        for client in life.waiting + life.settingLimits { actions.append(.answer(client, id.session, .done)) }
        var details = LoggedEvent.details(of: cause)
        // Some causes carry the peak themselves.
        if let peak = totals.memoryPeak, !details.contains(where: { $0.name == "peakBytes" }) {
            details.append(("peakBytes", .number(Int64(clamping: peak))))
        }
        if life.failures.count > 0 { details.append(("failedCalls", .number(Int64(life.failures.count)))) }
        if let cpu = totals.cpuMicroseconds { details.append(("cpuMicroseconds", .number(Int64(clamping: cpu)))) }
        actions.append(.log(LoggedEvent(isSuspended ? .suspended : .ended, id, details)))
        removeOldestRecords(&actions)
    }
}
