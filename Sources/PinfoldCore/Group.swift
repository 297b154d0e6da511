/// The groups that a session is in, as a tree: the pool, in it the users, in each their sessions, in a session what was
/// opened from within it. What a limit of a group bounds is the use of all that is below it. See docs/decisions/0016
/// and 0018.
package enum Group: Hashable, Sendable {
    case pool
    case user(UserID)
    /// What was opened from within a life, however deep.
    case session(LifeID)
}

/// How many of its kinds a group has, or may have at most.
struct GroupCounts: Sendable {
    /// Sessions with a life.
    var living = Int.max
    /// Requests that wait for one.
    var queued = Int.max
    /// Sessions that live or are suspended: what lives may be suspended, and is then kept until its user ends it.
    var kept = Int.max
}

extension SessionPool {
    /// A queue longer than this serves no request in time.
    static let longestQueue = 1_000
    /// Suspended sessions of all users together. Each costs a record and about a kilobyte of memory.
    static let mostSuspended = 16_384
    /// Sessions that live or wait within one outermost session, however deep.
    static let mostNested = 64

    /// The lives that a life was opened from within, the nearest first.
    func ancestors(of parent: LifeID?) -> [LifeID] {
        var found: [LifeID] = []
        var next = parent
        // Bounded: it may come from a record.
        while let id = next, found.count < Self.mostNested, !found.contains(id) {
            found.append(id)
            next = sessions.index(of: id).flatMap { sessions.all[$0].life?.parent }
        }
        return found
    }

    func isIn(_ group: Group, owner: UserID, openedIn parent: LifeID?) -> Bool {
        switch group {
        case .pool: true
        case .user(let user): owner == user
        case .session(let life): ancestors(of: parent).contains(life)
        }
    }

    func isIn(_ group: Group, _ session: Session) -> Bool {
        isIn(group, owner: session.owner, openedIn: session.life?.parent)
    }

    func isIn(_ group: Group, _ request: SessionRequest) -> Bool {
        isIn(group, owner: request.owner, openedIn: request.parent)
    }

    func members(of group: Group) -> [Session] {
        group == .pool ? sessions.all : sessions.all.filter { isIn(group, $0) }
    }

    /// Where the sessions of a group are that have a life.
    func residents(in group: Group) -> [Int] {
        group == .pool ? sessions.residents : sessions.residents.filter { isIn(group, sessions.all[$0]) }
    }

    func limits(of group: Group) -> GroupCounts {
        switch group {
        case .pool:
            GroupCounts(living: budget.policy.maxSessions, queued: Self.longestQueue, kept: Self.mostSuspended)
        case .user:
            GroupCounts(
                living: budget.policy.maxSessionsPerUser ?? .max, queued: budget.policy.maxQueuedPerUser,
                kept: budget.policy.maxSuspendedPerUser)
        case .session:
            GroupCounts(living: Self.mostNested)
        }
    }

    func use(of group: Group) -> GroupCounts {
        GroupCounts(
            living: residents(in: group).count, queued: queue.count { isIn(group, $0.request) },
            kept: sessions.all.count { ($0.isSuspended || $0.life != nil) && isIn(group, $0) })
    }

    /// Users of whom no further session may live, though there may be places.
    func usersAtTheirLimit() -> Set<UserID> {
        guard let limit = budget.policy.maxSessionsPerUser else { return [] }
        var counts: [UserID: Int] = [:]
        for index in sessions.residents { counts[sessions.all[index].owner, default: 0] += 1 }
        return Set(counts.filter { $0.value >= limit }.keys)
    }

    /// Why a group admits no further request to the queue; nil if it does.
    func shareRefusal(of request: SessionRequest) -> Refusal? {
        let isNew = sessions.index(of: request.session) == nil
        for group in [Group.user(request.owner), .pool] {
            let (use, limits) = (use(of: group), limits(of: group))
            if use.queued >= limits.queued { return .queueFull(group, use.queued, limit: limits.queued) }
            if isNew, use.kept >= limits.kept { return .tooManySuspended(group, use.kept, limit: limits.kept) }
        }
        return nil
    }
}
