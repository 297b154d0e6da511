/// What an eviction is for. It decides who may be a victim and in which order.
package enum EvictionNeed: Hashable, Sendable {
    /// A place under the session cap.
    case place
    /// Memory, with time for grace. Bytes that are missing.
    case memory(shortfall: UInt64)
    /// Memory, at once.
    case emergency(shortfall: UInt64, takesBusy: Bool)
}

/// One row of the ranked list: a live session and why it may or may not go.
package struct Candidate: Hashable, Sendable {
    package enum Verdict: Hashable, Sendable {
        /// May go; 1 goes first.
        case eligible(position: Int)
        case exempt(Exemption)
    }

    package enum Exemption: Hashable, Sendable {
        case starting, stopping, busy, waitingForHuman, pinned, neverEvicted, notResumable
        /// Ending it would give back next to nothing.
        case tooSmall(bytes: UInt64, least: UInt64)
    }

    package let life: LifeID
    package let state: SessionState
    package let idle: Duration
    package let isResumable: Bool
    package let avoids: Bool
    /// What only its end gives back; nil where it cannot be measured.
    package let bytes: UInt64?
    package var verdict: Verdict

    package var isEligible: Bool {
        if case .eligible = verdict { true } else { false }
    }
}

/// The order in which sessions give way: the same function decides and explains.
package enum Eviction {
    /// No victim gives back less than this, whatever is missing.
    package static let leastBytes: UInt64 = 1 << 20

    /// Every live session, those that may go first and in their order, then the others with the reason.
    ///
    /// Idle before busy; those the policy would rather keep last; those that come back where they were before those
    /// that start afresh; then the one unused longest; equal ones by name.
    package static func rank(_ sessions: some Sequence<Session>, for need: EvictionNeed, at now: Instant) -> [Candidate]
    {
        var eligible: [(key: Key, row: Candidate)] = []
        var exempt: [Candidate] = []
        for session in sessions {
            guard let life = session.life else { continue }
            var row = Candidate(
                life: LifeID(session: session.id, number: life.number), state: session.state(at: now),
                idle: session.idleTime(at: now), isResumable: session.isResumable,
                avoids: session.policy.evict == .avoid, bytes: life.memory.anonymous ?? life.memory.current,
                verdict: .eligible(position: 0))
            if let exemption = exemption(of: session, life: life, row: row, need: need) {
                row.verdict = .exempt(exemption)
                exempt.append(row)
            } else {
                eligible.append((Key(session: session, row: row), row))
            }
        }
        eligible.sort { $0.key < $1.key }
        for index in eligible.indices { eligible[index].row.verdict = .eligible(position: index + 1) }
        return eligible.map(\.row) + exempt.sorted { $0.life < $1.life }
    }

    private static func exemption(
        of session: Session, life: Life, row: Candidate, need: EvictionNeed
    ) -> Candidate.Exemption? {
        if row.state == .stopping { return .stopping }
        if row.state == .starting { return .starting }
        if session.isPinned { return .pinned }
        if session.policy.evict == .never { return .neverEvicted }
        if session.policy.evict == .resumable, !session.isResumable { return .notResumable }
        if case .waiting = life.turn { return .waitingForHuman }
        switch need {
        case .place:
            return row.state == .busy ? .busy : nil
        case .memory(let shortfall):
            return row.state == .busy ? .busy : tooSmall(row, shortfall)
        case .emergency(let shortfall, let takesBusy):
            return row.state == .busy && !takesBusy ? .busy : tooSmall(row, shortfall)
        }
    }

    private static func tooSmall(_ row: Candidate, _ shortfall: UInt64) -> Candidate.Exemption? {
        let least = max(leastBytes, shortfall / 100)
        guard let bytes = row.bytes, bytes < least else { return nil }
        return .tooSmall(bytes: bytes, least: least)
    }

    private struct Key: Comparable {
        let isBusy: Bool
        let avoids: Bool
        let startsAfresh: Bool
        let lastActivity: Instant
        let id: SessionID

        init(session: Session, row: Candidate) {
            isBusy = row.state == .busy
            avoids = row.avoids
            startsAfresh = !row.isResumable
            lastActivity = session.lastActivity
            id = session.id
        }

        static func < (left: Key, right: Key) -> Bool {
            if left.isBusy != right.isBusy { return right.isBusy }
            if left.avoids != right.avoids { return right.avoids }
            if left.startsAfresh != right.startsAfresh { return right.startsAfresh }
            return (left.lastActivity, left.id) < (right.lastActivity, right.id)
        }
    }
}
