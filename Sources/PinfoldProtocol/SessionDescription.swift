package import PinfoldCore
package import PinfoldJSON

/// A session as clients see it: the `Session` type of the interface, one element of `list --json`.
package struct SessionDescription: Hashable, Sendable {
    package var id: String
    package var life: UInt64
    package var state: SessionState
    package var policy: String
    package var owner: UInt32
    package var processID: Int32?
    package var cgroup: String?
    package var placement: Placement?
    package var enforcement: Enforcement?
    package var memoryCurrent: UInt64?
    package var memoryWorkingSet: UInt64?
    package var memoryPeak: UInt64?
    /// Nil where there is none, or none that the kernel holds.
    package var memoryMax: UInt64?
    package var tasks: UInt64?
    package var idleSeconds: UInt64?
    package var isPinned: Bool
    package var isResumable: Bool
    /// The session that it was opened from within, and ends with.
    package var parent: String?
    package var cause: Cause?
    /// What a queued session waits for.
    package var waiting: String?

    /// A session that waits to be admitted.
    ///
    /// - Parameter known: what is known of it from former lives.
    package init(_ waiting: SessionPool.Waiting, known: Session?) {
        let request = waiting.request
        id = request.session.text
        life = known?.lives ?? 0
        state = .queued
        policy = request.policyName
        owner = (known?.owner ?? request.owner).number
        isPinned = known?.isPinned ?? false
        isResumable = known?.isResumable ?? false
        parent = request.parent?.session.text
        memoryPeak = known?.lastPeak
        cause = known?.cause
        self.waiting = waiting.shortage.description
    }

    /// - Parameters:
    ///   - sessionsPath: the path of the directory that holds the lives' cgroups.
    ///   - now: the moment for which idle and busy are computed.
    package init(_ session: Session, budget: PoolBudget, sessionsPath: String, at now: Instant) {
        id = session.id.text
        life = session.lives
        state = session.state(at: now)
        policy = session.policyName
        owner = session.owner.number
        isPinned = session.isPinned
        isResumable = session.isResumable
        cause = session.cause
        memoryPeak = session.lastPeak
        guard let life = session.life else { return }
        processID = life.processID
        cgroup = sessionsPath + "/" + LifeID(session: session.id, number: life.number).directoryName
        placement = life.placement
        parent = life.parent?.session.text
        enforcement = life.enforcement
        memoryCurrent = life.memory.current
        memoryWorkingSet = life.memory.workingSet
        memoryPeak = life.memory.peak
        memoryMax = life.enforcement == .kernel ? SessionLimits(session.policy, within: budget).memoryMax : nil
        tasks = life.memory.tasks
        idleSeconds = UInt64(session.idleTime(at: now).wholeMilliseconds / 1_000)
        cause = life.ending?.cause
    }

    package var json: JSON {
        [
            "id": .string(id), "life": JSON(life), "state": .string(state.rawValue), "policy": .string(policy),
            "owner": JSON(owner), "pid": JSON(processID), "cgroup": JSON(cgroup),
            "placement": JSON(placement?.rawValue),
            "enforcement": JSON(enforcement?.rawValue), "memoryCurrent": JSON(memoryCurrent),
            "memoryWorkingSet": JSON(memoryWorkingSet), "memoryPeak": JSON(memoryPeak), "memoryMax": JSON(memoryMax),
            "tasks": JSON(tasks), "idleSeconds": JSON(idleSeconds), "pinned": .bool(isPinned),
            "resumable": .bool(isResumable), "parent": JSON(parent), "cause": cause?.json ?? .null,
            "waiting": JSON(waiting),
        ]
    }

    package init(json object: JSONObject) throws(JSONDecodingError) {
        id = try object.required("id", as: .string)
        life = try object.required("life", as: .lifeNumber)
        state = try object.required("state", as: .oneOf(SessionState.self))
        policy = try object.required("policy", as: .string)
        owner = try object.required("owner", as: .user)
        processID = try object.optional("pid", as: .processID)
        cgroup = try object.optional("cgroup", as: .string)
        placement = try object.optional("placement", as: .oneOf(Placement.self))
        enforcement = try object.optional("enforcement", as: .oneOf(Enforcement.self))
        memoryCurrent = try object.optional("memoryCurrent", as: .uint64)
        memoryWorkingSet = try object.optional("memoryWorkingSet", as: .uint64)
        memoryPeak = try object.optional("memoryPeak", as: .uint64)
        memoryMax = try object.optional("memoryMax", as: .uint64)
        tasks = try object.optional("tasks", as: .uint64)
        idleSeconds = try object.optional("idleSeconds", as: .seconds)
        isPinned = try object.required("pinned", as: .bool)
        isResumable = try object.required("resumable", as: .bool)
        parent = try object.optional("parent", as: .string)
        cause = try object.optional("cause", as: .cause)
        waiting = try object.optional("waiting", as: .string)
    }
}
