/// Evictions for a waiting request: the victim is gone before the request is admitted.
extension SessionPool {
    /// A life this young may not yet have touched what it will need.
    static let warmUp = Duration.seconds(10)

    /// What a session is expected to need: what it used last, else what its like use, else what it is promised.
    func expectedMemory(
        of id: SessionID, policyName: String, policy: SessionPolicy
    ) -> (bytes: UInt64, basis: MemoryShortage.Basis) {
        let bytes: UInt64
        let basis: MemoryShortage.Basis
        if let last = sessions[id]?.lastMemory {
            (bytes, basis) = (last, .lastLife)
        } else if let typical = memory.typical[policyName] {
            (bytes, basis) = (typical, .policy(policyName))
        } else {
            (bytes, basis) = (policy.memoryLow.resolved(against: budget.effectiveLimit) ?? 0, .promise)
        }
        return (min(bytes, policy.memoryMax.resolved(against: budget.effectiveLimit) ?? bytes), basis)
    }

    /// Nil where the request fits above the reserve, or where nothing can be measured and so nothing held against it.
    ///
    /// - Parameter claimed: what young lives have been promised.
    func memoryShortage(for request: SessionRequest, claimed: UInt64, at now: Instant) -> MemoryShortage? {
        guard let headroom = headroomWithCredit(at: now) else { return nil }
        let expected = expectedMemory(of: request.session, policyName: request.policyName, policy: request.policy)
        let shortage = MemoryShortage(
            available: headroom, expected: expected.bytes, basis: expected.basis, claimed: claimed,
            reserve: budget.reserve, ending: ending(among: sessions.residents))
        return headroom >= shortage.needed ? nil : shortage
    }

    func claimedMemory(at now: Instant) -> UInt64 {
        sessions.residents.reduce(UInt64(0)) { sum, index in
            sum.addingUpToMost(claim(of: sessions.all[index], at: now))
        }
    }

    /// What a young life has been promised but has not touched yet: two that start together must not both count it
    /// free.
    private func claim(of session: Session, at now: Instant) -> UInt64 {
        guard let life = session.life, !life.state.isEnding, now.since(life.startedAt) < Self.warmUp else { return 0 }
        let expected = expectedMemory(of: session.id, policyName: session.policyName, policy: session.policy).bytes
        let used = life.memory.current ?? 0
        return expected > used ? expected - used : 0
    }

    /// One victim for each waiting request that no ending session makes a place for, in each group that is full.
    mutating func evictForPlaces(in group: Group, at now: Instant, _ actions: inout [Action]) {
        let residents = residents(in: group)
        let limit = limits(of: group).living
        let ending = ending(among: residents)
        // Who waits for a place of their own is helped by no other.
        let full = group == .pool ? usersAtTheirLimit() : []
        let waiting = queue.count { isIn(group, $0.request) && !full.contains($0.request.owner) }
        let missing = min(waiting, limit) - ending - max(0, limit - residents.count)
        for _ in 0..<max(0, missing) {
            let ranked = Eviction.rank(members(of: group), for: .place, at: now)
            guard ranked.first?.isEligible == true else { break }
            evictOne(for: .place, in: group, at: now, &actions) {
                .poolFull(sessions: residents.count, limit: limit, idle: $0)
            }
            if budget.policy.dryRun { break }
        }
    }

    /// One victim at a time: its memory must be back before another one goes.
    mutating func evictForMemory(_ shortage: MemoryShortage, at now: Instant, _ actions: inout [Action]) {
        guard shortage.ending == 0 else { return }
        let need = EvictionNeed.memory(shortfall: shortage.needed - shortage.available)
        guard Eviction.rank(sessions.all, for: need, at: now).first?.isEligible == true else { return }
        evictOne(for: need, at: now, &actions) {
            .poolMemoryFull(available: shortage.available, needed: shortage.needed, idle: $0)
        }
    }
}
