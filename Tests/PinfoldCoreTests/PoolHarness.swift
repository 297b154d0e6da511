@testable import PinfoldCore

/// A pool with a clock of its own, driven by hand: each call is one event, each answer the actions that follow.
struct PoolHarness {
    var pool: SessionPool
    var now = Instant(nanoseconds: 1_000_000_000_000)
    private var lastClient: UInt64 = 0

    init(_ change: (inout PoolPolicy) -> Void = { _ in }, memory: UInt64 = 4 << 30) {
        var policy = PoolPolicy()
        change(&policy)
        pool = SessionPool(budget: PoolBudget(policy: policy, effectiveLimit: memory, taskLimit: 32_768))
    }

    mutating func pass(_ span: Duration) -> [Action] {
        now = now + span
        return handle(.timePassed)
    }

    /// Hands an event in, and answers the questions a world always answers at once: `create` and `read`.
    mutating func handle(_ event: Event, snapshot: MemorySnapshot? = nil) -> [Action] {
        var done: [Action] = []
        var todo = pool.handle(event, at: now)[...]
        while let action = todo.popFirst() {
            done.append(action)
            switch action {
            case .create(let life, _):
                todo += pool.handle(.created(life, CreationFacts(enforcement: .kernel, unenforced: [])), at: now)
            case .read:
                todo += pool.handle(.snapshot(snapshot ?? plenty), at: now)
            default: break
            }
        }
        return done
    }

    private var plenty: MemorySnapshot {
        var snapshot = MemorySnapshot()
        snapshot.available = 4 << 30
        snapshot.poolWorkingSet = 0
        return snapshot
    }

    mutating func client() -> ClientID {
        lastClient += 1
        return ClientID(lastClient)
    }

    mutating func request(
        _ name: String, owner: UInt32 = 1000, patience: Duration? = nil, keepsTree: Bool = false,
        in parent: String? = nil, _ change: (inout SessionPolicy) -> Void = { _ in }
    ) -> (client: ClientID, actions: [Action]) {
        var policy = SessionPolicy()
        change(&policy)
        let client = client()
        let request = SessionRequest(
            client: client, session: id(name), owner: UserID(owner), isPrivileged: owner == 0, policyName: "default",
            policy: policy, settings: [], patience: patience, keepsTree: keepsTree, parent: parent.map { life($0) })
        return (client, handle(.requested(request)))
    }

    /// A session whose command runs, as a controller that is gone left it.
    func left(
        _ name: String, life number: UInt64, keepsTree: Bool = false, parent: LifeID? = nil,
        lastActivity: Instant? = nil, _ change: (inout SessionPolicy) -> Void = { _ in }
    ) -> Adoption {
        var session = Session(
            id: id(name), owner: UserID(1000), policyName: "default", policy: SessionPolicy(), settings: [],
            lastActivity: lastActivity ?? now)
        session.lives = number
        change(&session.policy)
        return Adoption(
            session: session,
            adoptedLife: Adoption.AdoptedLife(
                facts: CreationFacts(enforcement: .kernel, unenforced: []), processID: 7, placement: .into,
                keepsTree: keepsTree, parent: parent))
    }

    /// A session whose command runs.
    @discardableResult
    mutating func start(_ name: String, _ change: (inout SessionPolicy) -> Void = { _ in }) -> ClientID {
        let (client, _) = request(name, change)
        _ = handle(.commandStarted(life(name), processID: 4242, placement: .into))
        return client
    }

    /// A session that has been idle since now less `span`.
    mutating func startIdle(_ name: String, _ change: (inout SessionPolicy) -> Void = { _ in }) {
        start(name, change)
        _ = pass(.seconds(11))
    }

    func life(_ name: String) -> LifeID {
        LifeID(session: id(name), number: pool.sessions[id(name)]?.lives ?? 0)
    }

    func state(_ name: String) -> SessionState? {
        pool.sessions[id(name)]?.state(at: now)
    }

    mutating func order(_ verb: Order.Verb, _ name: String) -> (client: ClientID, actions: [Action]) {
        let client = client()
        return (client, handle(.ordered(Order(client: client, session: id(name), verb: verb, by: UserID(1000)))))
    }

    /// The world's part of an ending: the command is gone, the tree is empty, the directory removed.
    mutating func die(_ name: String, _ status: CommandStatus = .signaled(15), _ totals: LifeTotals = LifeTotals())
        -> [Action]
    {
        let life = life(name)
        return handle(.emptied(life)) + handle(.commandExited(life, status)) + handle(.removed(life, totals))
    }
}

func id(_ name: String) -> SessionID {
    guard let id = try? SessionID(name) else { preconditionFailure("a test uses the bad name \(name)") }
    return id
}

extension [Action] {
    /// The actions in words, for comparing: only what is done to sessions and said to clients.
    var words: [String] {
        compactMap { action in
            switch action {
            case .create(let life, _): "create \(life)"
            case .grant(_, let life): "grant \(life)"
            case .queued(_, let position): "queued \(position)"
            case .refuse(_, let refusal): "refuse: \(refusal)"
            case .closeInput(let life, let cause, _): "closeInput \(life) \(cause.kind.rawValue)"
            case .cancelTurn(let life, let turn, let cause):
                "cancelTurn \(turn.map { "\($0) of " } ?? "")\(life) \(cause.kind.rawValue)"
            case .terminate(let life): "terminate \(life)"
            case .kill(let life): "kill \(life)"
            case .collect(let life): "collect \(life)"
            case .finish(_, let outcome):
                "finish \(outcome.life) \(outcome.cause.kind.rawValue) exit \(outcome.exitCode)"
            case .release(_, let life): "release \(life)"
            case .setLimits(let life, _): "setLimits \(life)"
            case .freeze(let life): "freeze \(life)"
            case .thaw(let life): "thaw \(life)"
            case .reclaim(let life): "reclaim \(life)"
            case .forget(let id): "forget \(id)"
            case .answer(_, _, let outcome): "answer \(outcome)"
            case .shutdownComplete: "shutdownComplete"
            case .read, .save, .log: nil
            }
        }
    }

    var announcements: [LoggedEvent] {
        compactMap { if case .log(let announcement) = $0 { announcement } else { nil } }
    }

    func logged(_ name: LoggedEvent.Name) -> [LoggedEvent] {
        announcements.filter { $0.name == name }
    }
}
