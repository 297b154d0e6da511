/// All sessions of one slice and the rules they live by: admission, eviction, ending, idleness.
///
/// A value that answers each event with the actions that follow from it. It has no clock, no file and no memory of its
/// own making: the same events at the same moments give the same actions.
package struct SessionPool: Sendable {
    package internal(set) var budget: PoolBudget
    package internal(set) var sessions = SessionTable()
    var queue: [QueuedRequest] = []
    /// When each user was last served, by a number that rises; 0 for never.
    var turns: [UserID: UInt64] = [:]
    var lastTurn: UInt64 = 0
    var memory = MemoryMonitor()
    var records = RecordFailures()
    var shutdown = Shutdown.no
    /// Whether there may be sessions that were opened from within others.
    var hasNested = false
    /// No deadline of any session lies before this. It may be too early, which costs one look, but never too late.
    var nextDue: Instant?

    enum Shutdown: Sendable {
        case no, leaving, left, ending, ended
    }

    package init(budget: PoolBudget) {
        self.budget = budget
    }

    /// Answers an event with what must now be done, in order.
    package mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        var actions: [Action] = []
        keepBusyForNested(at: now, &actions)
        switch event {
        case .requested(let request): enqueue(request, at: now, &actions)
        case .disconnected(let client): disconnect(client, at: now, &actions)
        case .leaseTaken(let life, let client): takeLease(life, by: client, at: now, &actions)
        case .launcherTerminated(let life): terminate(life, at: now, &actions)
        case .created(let life, let facts): grant(life, facts, &actions)
        case .creationFailed(let life, let reason): abandon(life, reason, &actions)
        case .commandStarted(let life, let processID, let placement):
            handleStart(of: life, processID, placement, at: now, &actions)
        case .startFailed(let life, let reason, let exit):
            guard let index = sessions.index(of: life) else { break }
            failStart(index, .startFailed(reason, exit: exit), at: now, &actions)
        case .commandExited(let life, let status): handleExit(of: life, status, at: now, &actions)
        case .activity(let life, let source): handleActivity(life, source, at: now, &actions)
        case .turn(let life, let report): handleTurn(life, report, at: now, &actions)
        case .token(let life, let token): handleToken(of: life, token, at: now, &actions)
        case .ordered(let order): execute(order, at: now, &actions)
        case .limitsSet(let life, let facts): handleLimits(life, facts, &actions)
        case .snapshot(let snapshot): handleSnapshot(snapshot, at: now, &actions)
        case .memoryEvent: actions.append(.read(memory.request(at: now)))
        case .callFailed(let life, let call, let reason): handleCallFailure(of: call, life, reason, at: now, &actions)
        case .emptied(let life): handleEmptied(life, at: now, &actions)
        case .removed(let life, let totals): finish(life, totals, at: now, &actions)
        case .timePassed: break
        case .adopted(let adoptions): adopt(adoptions, at: now, &actions)
        case .budgetChanged(let budget): self.budget = budget
        case .recordFailed(let session, let reason): handleRecordFailure(session, reason, &actions)
        case .recordKept(let session): handleRecordKept(session, &actions)
        case .shutdown(let endingSessions): shutDown(endingSessions: endingSessions, at: now, &actions)
        }
        keepBusyForNested(at: now, &actions)
        if let nextDue, now >= nextDue { passTime(at: now, &actions) }
        endNested(at: now, &actions)
        admit(at: now, &actions)
        tick(at: now, &actions)
        completeShutdown(&actions)
        return actions
    }

    /// When `timePassed` is next worth handing in; nil while there is nothing to wait for.
    package var nextDeadline: Instant? {
        Instant.earliest(Instant.earliest(nextDue, memory.nextSnapshot), queue.lazy.map(\.deadline).min())
    }

    /// Whether a shutdown was requested, with or without ending the sessions.
    package var isShuttingDown: Bool {
        if case .no = shutdown { false } else { true }
    }

    /// Lives that hold a place: every one, until its directory is gone.
    package var residentCount: Int {
        sessions.residents.count
    }

    /// Requests that wait for a place or for memory.
    package var waitingCount: Int { queue.count }

    /// Makes sure that a deadline of this session is not slept through.
    mutating func schedule(_ index: Int, at now: Instant) {
        guard let due = sessions[index].nextDeadline(at: now) else { return }
        nextDue = min(nextDue ?? due, due)
    }
}

/// A request that waits for a place or for memory.
struct QueuedRequest: Sendable {
    let request: SessionRequest
    let since: Instant
    let deadline: Instant
    var isLogged = false
}
