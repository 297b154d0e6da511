/// Who gets a session now, who waits, and who is turned away: users in turn, and of each the first that came.
extension SessionPool {
    /// A snapshot takes time, and no request is refused before there was one.
    static let shortestPatience = Duration.milliseconds(250)
    /// A launcher that has its cgroup must have its command running by then.
    static let startTimeout = Duration.seconds(30)

    mutating func enqueue(_ request: SessionRequest, at now: Instant, _ actions: inout [Action]) {
        if let refusal = refusal(of: request) {
            refuse(request, refusal, &actions)
            return
        }
        if let index = sessions.index(of: request.session) { stopAwaitingLauncher(index, at: now, &actions) }
        if request.parent != nil { hasNested = true }
        let patience = max(request.patience ?? budget.policy.admissionTimeout, Self.shortestPatience)
        queue.append(QueuedRequest(request: request, since: now, deadline: now + patience))
    }

    private func refusal(of request: SessionRequest) -> Refusal? {
        switch shutdown {
        case .no, .leaving, .left: break
        case .ending, .ended: return .shuttingDown
        }
        let session = sessions[request.session]
        if let session, session.owner != request.owner, !request.isPrivileged {
            return .foreign(session.id, owner: session.owner)
        }
        let lives = session?.lives ?? 0
        guard lives < LifeID.largest else {
            return .creation("'\(request.session)' has had \(lives) lives, the most there can be; choose another name")
        }
        let nextLife = LifeID(session: request.session, number: lives + 1)
        if queue.contains(where: { $0.request.session == request.session }) { return .alreadyRunning(nextLife) }
        if let life = session?.life, !life.state.isEnding {
            return .alreadyRunning(LifeID(session: request.session, number: life.number))
        }
        if let parent = request.parent {
            guard let outer = sessions.index(of: parent), sessions.all[outer].life?.state.isEnding == false else {
                return .parentEnds(parent.session)
            }
        }
        return shareRefusal(of: request)
    }

    /// Admits from the queue for as long as there is room, and makes room where there is none.
    mutating func admit(at now: Instant, _ actions: inout [Action]) {
        dropExpired(at: now, &actions)
        guard !isShuttingDown else { return }
        let full = usersAtTheirLimit().intersection(queue.map(\.request.owner))
        for user in full.sorted(by: { $0.number < $1.number }) { evictForPlaces(in: .user(user), at: now, &actions) }
        while let index = nextQueued(besides: usersAtTheirLimit()) {
            if residentCount >= budget.policy.maxSessions {
                evictForPlaces(in: .pool, at: now, &actions)
                break
            }
            guard memory.isFresh(at: now) else {
                // The snapshot follows at once; a `queued` event before it could be wrong.
                actions.append(.read(memory.request(at: now)))
                return
            }
            let claimed = claimedMemory(at: now)
            if let shortage = memoryShortage(for: queue[index].request, claimed: claimed, at: now) {
                evictForMemory(shortage, at: now, &actions)
                break
            }
            let request = queue.remove(at: index).request
            handleTurn(of: request.owner)
            begin(request, at: now, &actions)
        }
        notifyQueued(&actions)
    }

    private mutating func notifyQueued(_ actions: inout [Action]) {
        guard queue.contains(where: { !$0.isLogged }) else { return }
        for (position, index) in queueOrder().enumerated() where !queue[index].isLogged {
            queue[index].isLogged = true
            let request = queue[index].request
            actions.append(.queued(request.client, position: position + 1))
            actions.append(
                .log(LoggedEvent(.queued, request.session, [("position", .number(Int64(position + 1)))])))
        }
    }

    private mutating func dropExpired(at now: Instant, _ actions: inout [Action]) {
        guard queue.contains(where: { $0.deadline <= now }) else { return }
        for (entry, shortage) in zip(queue, shortages(at: now)) where entry.deadline <= now {
            refuse(entry.request, .waitedInVain(now.since(entry.since), shortage), &actions)
        }
        queue.removeAll { $0.deadline <= now }
    }

    func refuse(_ request: SessionRequest, _ refusal: Refusal, _ actions: inout [Action]) {
        actions.append(.refuse(request.client, refusal))
        actions.append(
            .log(LoggedEvent(.refused, request.session, [("message", .text(refusal.description))])))
    }

    private mutating func begin(_ request: SessionRequest, at now: Instant, _ actions: inout [Action]) {
        let index =
            sessions.index(of: request.session)
            ?? sessions.append(
                Session(
                    id: request.session, owner: request.owner, policyName: request.policyName, policy: request.policy,
                    settings: request.settings, lastActivity: now))
        sessions[index].policyName = request.policyName
        sessions[index].policy = request.policy
        sessions[index].settings = request.settings
        sessions[index].lives = sessions[index].lives.addingUpToMost(1)
        sessions[index].lastActivity = now
        var life = Life(
            number: sessions[index].lives, startedAt: now, state: .starting(deadline: now + Self.startTimeout),
            facts: CreationFacts(enforcement: .none, unenforced: []), keepsTree: request.keepsTree)
        life.lease = request.client
        life.parent = request.parent
        sessions[index].life = life
        schedule(index, at: now)
        actions.append(
            .create(
                LifeID(session: request.session, number: life.number),
                SessionLimits(request.policy, within: budget)))
    }

    /// The life's cgroup is there: hand it over.
    mutating func grant(_ id: LifeID, _ facts: CreationFacts, _ actions: inout [Action]) {
        guard let index = sessions.index(of: id) else { return }
        sessions[index].life?.enforcement = facts.enforcement
        sessions[index].life?.unenforced = facts.unenforced
        // It starts without memory events: what the first snapshot counts is new.
        if facts.enforcement == .kernel { sessions[index].life?.memory.events = MemoryEventCounts() }
        guard let client = sessions[index].life?.lease else { return }
        sessions[index].isSuspended = false
        let followsEnd = sessions[index].cause?.kind == .ended
        sessions[index].life?.followsEnd = followsEnd
        sessions[index].cause = nil
        actions.append(.save(id.session))
        actions.append(.grant(client, id))
        actions.append(
            .log(
                LoggedEvent(
                    .admitted, id,
                    [
                        ("policy", .text(sessions[index].policyName)),
                        ("enforcement", .text(facts.enforcement.rawValue)),
                    ])))
    }

    /// The cgroup could not be made: nothing of the session's former life is lost by the attempt.
    mutating func abandon(_ id: LifeID, _ reason: String, _ actions: inout [Action]) {
        guard let index = sessions.index(of: id) else { return }
        if let client = sessions[index].life?.lease { actions.append(.refuse(client, .creation(reason))) }
        sessions[index].life = nil
        actions.append(.log(LoggedEvent(.refused, id, [("message", .text(reason))])))
        if !sessions[index].isSuspended, sessions[index].cause == nil { sessions.remove(id.session) }
    }
}
