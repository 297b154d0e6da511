/// Who is in use: activity as the policy names it, turns, and the way from busy to idle.
extension SessionPool {
    mutating func handleStart(
        of id: LifeID, _ processID: Int32, _ placement: Placement, at now: Instant, _ actions: inout [Action]
    ) {
        guard let index = sessions.index(of: id), let life = sessions[index].life else { return }
        sessions[index].life?.processID = processID
        sessions[index].life?.placement = placement
        guard case .starting = life.state else { return }
        sessions[index].lastActivity = now
        apply(.started, to: index, at: now, &actions)
        actions.append(.save(id.session))
        actions.append(
            .log(
                LoggedEvent(
                    .started, id,
                    [("pid", .number(Int64(processID))), ("placement", .text(placement.rawValue))])))
    }

    /// The command could not be executed. Whatever the session could resume before, it still can.
    mutating func failStart(_ index: Int, _ cause: Cause, at now: Instant, _ actions: inout [Action]) {
        guard sessions[index].life?.status == nil else { return }
        sessions[index].life?.status = .exited(cause.number("exit").map { Int32(clamping: $0) } ?? ExitCode.failed)
        stop(index, because: cause, suspends: sessions[index].token != nil, from: .kill, at: now, &actions)
    }

    mutating func handleActivity(
        _ id: LifeID, _ source: ActivitySource, at now: Instant, _ actions: inout [Action]
    ) {
        guard let index = sessions.index(of: id), sessions[index].policy.activity.contains(source) else { return }
        refresh(index, at: now, &actions)
    }

    /// Stamps activity. Only what a user does comes here: never a look, a list or a reconnect.
    mutating func refresh(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        refreshAlone(index, at: now, &actions)
        refreshAncestors(of: sessions[index].life?.parent, at: now, &actions)
    }

    mutating func refreshAlone(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        guard let life = sessions[index].life, !life.state.isEnding else { return }
        sessions[index].lastActivity = now
        sessions[index].life?.isReclaimed = false
        let id = LifeID(session: sessions[index].id, number: life.number)
        apply(.used, to: index, at: now, &actions)
        if life.loggedIdle {
            sessions[index].life?.loggedIdle = false
            actions.append(.log(LoggedEvent(.busy, id)))
        }
        schedule(index, at: now)
    }

    mutating func freeze(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        guard let life = sessions[index].life else { return }
        let id = LifeID(session: sessions[index].id, number: life.number)
        enter(.frozen, index, at: now)
        actions.append(.freeze(id))
        actions.append(.log(LoggedEvent(.frozen, id)))
    }

    mutating func thaw(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        guard let life = sessions[index].life else { return }
        let id = LifeID(session: sessions[index].id, number: life.number)
        enter(.running, index, at: now)
        actions.append(.thaw(id))
        actions.append(.log(LoggedEvent(.thawed, id)))
    }

    mutating func handleTurn(_ id: LifeID, _ report: TurnReport, at now: Instant, _ actions: inout [Action]) {
        guard let index = sessions.index(of: id), let life = sessions[index].life else { return }
        sessions[index].life?.turnReports += 1
        sessions[index].life?.launcherKeepsToken = true
        apply(.turnReported, to: index, at: now, &actions)
        if life.cancelledTurn?.isOver(by: report) == true { sessions[index].life?.cancelledTurn = nil }
        // A turn that was reported before has its time from then.
        let clocks = TurnClock.clocks(of: report, at: now).map { turn in
            life.turnClocks.first { $0.isSame(as: turn) } ?? turn
        }
        let isUse = report.state != .none && report.isUse
        // Saying the same again is neither a new turn nor activity.
        let isNew =
            life.turn.state != report.state || life.turnIsUse != isUse
            || !clocks.elementsEqual(life.turnClocks) { $0.isSame(as: $1) }
        guard isNew else { return schedule(index, at: now) }
        let isAnotherState = life.turn.state != report.state
        if isAnotherState { sessions[index].life?.turn = Turn(report.state, since: now) }
        sessions[index].life?.turnClocks = clocks
        sessions[index].life?.turnIsUse = isUse
        if isUse || life.turnIsUse { handleActivity(id, .acp, at: now, &actions) }
        // Whoever is asked for an answer must run, whatever counts as activity.
        if report.state != .none { apply(.used, to: index, at: now, &actions) }
        schedule(index, at: now)
        if isAnotherState, report.state == .waiting { actions.append(.log(LoggedEvent(.waiting, id))) }
    }

    /// What time alone does to a life that runs.
    mutating func advanceRunning(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        let session = sessions[index]
        guard let life = session.life, life.state.isRunning else { return }
        if let deadline = life.leaseDeadline, now >= deadline {
            loseLease(index, at: now, &actions)
            return
        }
        if let limit = session.policy.lifetime, now >= life.startedAt + limit {
            stop(index, because: .lifetime(limit: limit), suspends: false, from: .closeInput, at: now, &actions)
            return
        }
        if limitTurn(index, at: now, &actions) { return }
        guard !session.isBusy(at: now) else { return }
        let id = LifeID(session: session.id, number: life.number)
        if !life.loggedIdle {
            sessions[index].life?.loggedIdle = true
            actions.append(.log(LoggedEvent(.idle, id)))
            actions.append(.save(session.id))
        }
        if let limit = session.idleLimit, session.idleTime(at: now) >= limit {
            stop(
                index, because: .idleTimeout(idle: session.idleTime(at: now), limit: limit),
                suspends: session.policy.resume != .never, from: .closeInput, at: now, &actions)
            return
        }
        if let after = session.policy.reclaimIdle, !life.isReclaimed, session.idleTime(at: now) >= after {
            sessions[index].life?.isReclaimed = true
            actions.append(.reclaim(id))
            actions.append(.log(LoggedEvent(.reclaimed, id)))
        }
        if let after = session.policy.freezeIdle, session.idleTime(at: now) >= after {
            apply(.freezeDue, to: index, at: now, &actions)
        }
    }
}

extension Session {
    /// `IdleTimeoutSec=`, where it applies: what may never be evicted does not time out either.
    var idleLimit: Duration? {
        isPinned || policy.evict == .never || policy.evict == .resumable && !isResumable ? nil : policy.idleTimeout
    }

    /// The next moment at which time alone may change this session.
    func nextDeadline(at now: Instant) -> Instant? {
        guard let life else { return nil }
        return Instant.earliest(
            life.failures.retry?.at, life.state.isRunning ? runningDeadline(of: life) : life.state.deadline)
    }

    private func runningDeadline(of life: Life) -> Instant? {
        var due = Instant.earliest(life.leaseDeadline, policy.lifetime.map { life.startedAt + $0 })
        due = Instant.earliest(due, turnDeadline)
        guard life.turn == .none, !life.awaitsLauncher else { return due }
        // Idle for longer than the limit but busy by its own measure: nothing happens before it is idle.
        func idleFor(_ span: Duration?) -> Instant? {
            span.map { max(lastActivity + max($0, policy.idleAfter), life.nestedUseUntil ?? lastActivity) }
        }
        if !life.loggedIdle { due = Instant.earliest(due, idleFor(policy.idleAfter)) }
        due = Instant.earliest(due, idleFor(idleLimit))
        if !life.isReclaimed { due = Instant.earliest(due, idleFor(policy.reclaimIdle)) }
        if life.state != .frozen { due = Instant.earliest(due, idleFor(policy.freezeIdle)) }
        return due
    }
}
