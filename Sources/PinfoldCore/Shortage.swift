/// What a request in the queue waits for.
package enum Shortage: Hashable, Sendable {
    /// As many sessions of this group live as may, of which some end already.
    case place(Group, sessions: Int, limit: Int, ending: Int)
    case memory(MemoryShortage)
    /// The former life of the same session has not ended yet.
    case formerLife(LifeID)
    /// Nothing is short for it, but another request is served before it.
    case turn
}

/// What a request finds missing, bytes.
package struct MemoryShortage: Hashable, Sendable {
    /// What is free before the nearest wall, with what dying sessions give back.
    package let available: UInt64
    /// What the request is expected to need.
    package let expected: UInt64
    package let basis: Basis
    /// What young sessions are expected to need and do not use yet.
    package let claimed: UInt64
    /// `MemoryReserve=`.
    package let reserve: UInt64
    /// How many sessions end already; while one does, no other is evicted.
    package let ending: Int

    /// Where the expectation comes from.
    package enum Basis: Hashable, Sendable {
        /// The session used it in its last life.
        case lastLife
        /// Another session of this policy used it.
        case policy(String)
        /// `MemoryLow=`.
        case promise
    }

    package var needed: UInt64 {
        reserve.addingUpToMost(claimed).addingUpToMost(expected)
    }
}

extension Shortage: CustomStringConvertible {
    package var description: String {
        switch self {
        case .place(.user, _, let limit, let ending):
            "all \(limit) sessions that a user may have run, \(Self.outlook(ending)); end one, or raise "
                + "MaxSessionsPerUser="
        case .place(_, let sessions, let limit, let ending):
            "\(sessions) of \(limit) sessions run, \(Self.outlook(ending)); raise MaxSessions=, or wait longer with --wait"
        case .memory(let shortage): "\(shortage)"
        case .formerLife(let life): "life \(life.number) of it has not ended yet"
        case .turn: "other requests are served before it"
        }
    }

    private static func outlook(_ ending: Int) -> String {
        switch ending {
        case 0: "and none may be evicted"
        case 1: "and one is ending"
        default: "and \(ending) are ending"
        }
    }
}

extension MemoryShortage: CustomStringConvertible {
    package var description: String {
        let origin =
            switch basis {
            case .lastLife: "what its last life used"
            case .policy(let name): "what another session of the policy '\(name)' used"
            case .promise: "its MemoryLow="
            }
        var parts = ["MemoryReserve=\(Wording.bytes(reserve))", "\(Wording.bytes(expected)) for it (\(origin))"]
        if claimed > 0 {
            let age = Wording.span(SessionPool.warmUp)
            parts.append("\(Wording.bytes(claimed)) for sessions that began less than \(age) ago")
        }
        return "\(Wording.bytes(available)) of memory are available, \(Wording.bytes(needed)) needed: "
            + parts.joined(separator: ", ") + "; of the sessions that run \(outlook)"
    }

    private var outlook: String {
        switch ending {
        case 0: "none may be evicted"
        case 1: "one is ending"
        default: "\(ending) are ending"
        }
    }
}

extension SessionPool {
    /// What each request in the queue waits for, at its place in the queue.
    func shortages(at now: Instant) -> [Shortage] {
        guard !queue.isEmpty else { return [] }
        let full = usersAtTheirLimit()
        let claimed = claimedMemory(at: now)
        return queue.map { entry in
            let request = entry.request
            if let session = sessions[request.session], let life = session.life {
                return .formerLife(LifeID(session: session.id, number: life.number))
            }
            for group in [Group.user(request.owner), .pool] where group == .pool || full.contains(request.owner) {
                let (living, limit) = (residents(in: group), limits(of: group).living)
                guard living.count >= limit else { continue }
                return .place(group, sessions: living.count, limit: limit, ending: ending(among: living))
            }
            return memoryShortage(for: request, claimed: claimed, at: now).map(Shortage.memory) ?? .turn
        }
    }

    func ending(among residents: [Int]) -> Int {
        residents.count { sessions.all[$0].life?.state.isEnding == true }
    }
}
