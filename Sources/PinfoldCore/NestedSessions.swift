/// Sessions that were opened from within another one: what is in a session's cgroup stays within its limits and ends
/// with it, though it asks the controller for more cgroups. See docs/decisions/0016.
extension SessionPool {
    /// How long a look at what was opened from within holds, at the least.
    static let nestedUseInterval = Duration.seconds(1)

    // MARK: Limits

    /// The policy of a session that is opened from within another, cut down to what that one still has to give.
    ///
    /// Each limit is at most the parent's, and what all sessions within the outermost one may use together is at most
    /// as much as that one's own limit.
    package func confined(_ policy: SessionPolicy, openedIn parent: LifeID) throws(Refusal) -> SessionPolicy {
        guard let index = sessions.index(of: parent), sessions.all[index].life?.state.isEnding == false else {
            throw .parentEnds(parent.session)
        }
        let outermost = ancestors(of: parent).last ?? parent
        let nested = nestedPolicies(in: .session(outermost))
        let limit = limits(of: .session(outermost)).living
        guard nested.count < limit else { throw .tooManyNested(outermost.session, limit: limit) }
        let share = NestedShare(
            parent: SessionLimits(sessions.all[index].policy, within: budget),
            outermost: sessions.index(of: outermost).map { SessionLimits(sessions.all[$0].policy, within: budget) },
            nested: nested.map { SessionLimits($0, within: budget) }, session: outermost.session)
        return try share.confine(policy, within: budget)
    }

    /// The policies of all that live or wait within a session.
    private func nestedPolicies(in group: Group) -> [SessionPolicy] {
        residents(in: group).map { sessions.all[$0].policy }
            + queue.map(\.request).filter { isIn(group, $0) }.map(\.policy)
    }

    // MARK: Use

    /// Whoever uses a session uses those that it was opened from within.
    mutating func refreshAncestors(of parent: LifeID?, at now: Instant, _ actions: inout [Action]) {
        guard parent != nil else { return }
        for id in ancestors(of: parent) {
            if let index = sessions.index(of: id) { refreshAlone(index, at: now, &actions) }
        }
    }

    /// A life that would be idle by itself is busy for as long as something within it is in use, or waits for its
    /// start.
    ///
    /// Looked at before an event too: time that passed since the last one may have made it idle, and the event would be
    /// answered as if it were.
    mutating func keepBusyForNested(at now: Instant, _ actions: inout [Action]) {
        guard hasNested else { return }
        for entry in queue { keepBusy(entry.request.parent, at: now, &actions) }
        for index in sessions.residents {
            guard let parent = sessions.all[index].life?.parent else { continue }
            switch sessions.all[index].state(at: now) {
            case .starting, .busy: keepBusy(parent, at: now, &actions)
            case .queued, .idle, .stopping, .suspended, .ended: continue
            }
        }
    }

    private mutating func keepBusy(_ parent: LifeID?, at now: Instant, _ actions: inout [Action]) {
        for id in ancestors(of: parent) {
            guard let index = sessions.index(of: id), let life = sessions.all[index].life,
                life.nestedUseUntil.map({ $0 <= now }) ?? true
            else { continue }
            let interval = max(sessions[index].policy.idleAfter, Self.nestedUseInterval)
            sessions[index].life?.nestedUseUntil = now + interval
            refreshAlone(index, at: now, &actions)
        }
    }

    // MARK: The end

    /// Ends what was opened from within a life that is over, and kills what is within one that is killed.
    mutating func endNested(at now: Instant, _ actions: inout [Action]) {
        guard hasNested else { return }
        refuseOrphanedRequests(&actions)
        // Once for each generation: what is ended now may have opened others that come before it in the table.
        while endNextGeneration(at: now, &actions) {}
    }

    private mutating func endNextGeneration(at now: Instant, _ actions: inout [Action]) -> Bool {
        var hasKilled = false
        hasNested = queue.contains { $0.request.parent != nil }
        for index in sessions.residents {
            guard let life = sessions.all[index].life, let parent = life.parent else { continue }
            hasNested = true
            let outer = sessions.index(of: parent).flatMap { sessions.all[$0].life }
            let isKilled = outer?.state.isKilling == true
            guard outer == nil || isKilled, !life.state.isEnding || isKilled && !life.state.isBeyondGrace else {
                continue
            }
            let comesBack = outer?.ending?.suspends ?? sessions[parent.session]?.isSuspended ?? false
            let session = sessions[index]
            stop(
                index, because: .parentEnded(parent.session),
                suspends: comesBack && session.token != nil && session.policy.resume != .never,
                from: isKilled ? .kill : .terminate, at: now, &actions)
            if sessions[index].life?.state.isKilling == true { hasKilled = true }
        }
        return hasKilled
    }

    private mutating func refuseOrphanedRequests(_ actions: inout [Action]) {
        func isOrphaned(_ request: SessionRequest) -> Bool {
            guard let parent = request.parent else { return false }
            guard let index = sessions.index(of: parent) else { return true }
            return sessions.all[index].life.map { $0.state.isEnding && !$0.state.isRefusable } ?? false
        }
        let orphaned = queue.map(\.request).filter(isOrphaned)
        guard !orphaned.isEmpty else { return }
        queue.removeAll { isOrphaned($0.request) }
        for request in orphaned {
            refuse(request, request.parent.map { .parentEnds($0.session) } ?? .shuttingDown, &actions)
        }
    }
}

/// What a session may give to those that are opened from within it.
private struct NestedShare {
    let parent: SessionLimits
    /// Nil where it is gone.
    let outermost: SessionLimits?
    let nested: [SessionLimits]
    let session: SessionID

    func confine(_ policy: SessionPolicy, within budget: PoolBudget) throws(Refusal) -> SessionPolicy {
        let own = SessionLimits(policy, within: budget)
        var result = policy
        if let most = try least("MemoryMax", own.memoryMax, \.memoryMax, atLeast: 1 << 20) {
            result.memoryMax = .bytes(most)
            if let high = own.memoryHigh, high > most { result.memoryHigh = .infinity }
        }
        if let most = try least("MemorySwapMax", own.memorySwapMax, \.memorySwapMax, atLeast: 0) {
            result.memorySwapMax = .bytes(most)
        }
        if let most = try least("TasksMax", own.tasksMax, \.tasksMax, atLeast: 1) { result.tasksMax = .count(most) }
        if let most = try least("CPUQuota", own.cpuQuota, \.cpuQuota, atLeast: 100) { result.cpuQuota = most }
        // A promise is made at the cost of others, and its session was given none to pass on.
        result.memoryLow = .bytes(0)
        if Self.rank(own.cpuWeight) > Self.rank(parent.cpuWeight) {
            result.cpuWeight = parent.cpuWeight ?? .weight(100)
        }
        if own.ioWeight ?? 100 > parent.ioWeight ?? 100 { result.ioWeight = parent.ioWeight ?? 100 }
        if let allowed = parent.allowedCPUs, own.allowedCPUs.map({ !$0.isSubset(of: allowed) }) ?? true {
            result.allowedCPUs = allowed
        }
        return result
    }

    /// The least of what it asks for, what its parent has, and what is left; nil where nothing bounds it further.
    private func least(
        _ key: String, _ own: UInt64?, _ limit: KeyPath<SessionLimits, UInt64?>, atLeast: UInt64
    ) throws(Refusal) -> UInt64? {
        let given = nested.reduce(UInt64(0)) { $0.addingUpToMost($1[keyPath: limit] ?? 0) }
        let left = outermost?[keyPath: limit].map { $0.subtractingDownToZero(given) }
        guard let most = [parent[keyPath: limit], left].compactMap({ $0 }).min(), own ?? .max > most else { return nil }
        guard most >= atLeast else { throw .nothingLeft(session, key: key) }
        return most
    }

    private static func rank(_ weight: CPUWeight?) -> UInt64 {
        switch weight {
        case .idle?: 0
        case .weight(let weight)?: weight
        case nil: 100
        }
    }
}

extension Cause {
    package static func parentEnded(_ parent: SessionID) -> Cause {
        Cause(kind: .ended, message: "the session '\(parent)' that it was opened in has ended", numbers: [])
    }
}
