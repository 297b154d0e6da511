package import PinfoldCore
import PinfoldJSON
package import PinfoldLinux
package import PinfoldPolicy
package import PinfoldProtocol

/// The loop: sources become events, the rules answer with actions, actions become calls.
///
/// One thread owns everything in here. It sleeps in one poller and knows no rule: who is evicted, and when, is decided
/// by the pool alone.
package final class Controller {
    package struct Configuration {
        package var socket: String
        package var slice: String
        package var policyFolder: String?
        /// How the limits of this controller's sessions are enforced.
        package var enforcement: Enforcement
        package var features: [FeatureReport]
        /// What is told about an event.
        package var report: (LoggedEvent) -> Void
        package var sayings: (String) -> Void

        package init(
            socket: String, slice: String, policyFolder: String?, enforcement: Enforcement,
            features: [FeatureReport], report: ((LoggedEvent) -> Void)? = nil, sayings: @escaping (String) -> Void
        ) {
            self.socket = socket
            self.slice = slice
            self.policyFolder = policyFolder
            self.enforcement = enforcement
            self.features = features
            self.report = report ?? { sayings($0.line) }
            self.sayings = sayings
        }
    }

    let configuration: Configuration
    let world: any World
    let records: RecordStore
    let boot: String
    let clock: () -> Instant
    var pool: SessionPool
    var policies: PolicySet
    /// Whether there was a policy folder when the policies were last read.
    var hadPolicyFolder: Bool
    var log = EventLog()
    var users = UserNames.ofThisMachine()
    var connections: [ClientID: ClientConnection] = [:]
    var poller: Poller
    let listener: LocalListener
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    var limits: ClientLimits
    var use = ClientUse()
    var calls = CallQueue()
    /// Connections whose call comes in pieces, and since when, the longest first.
    var timed: [(client: ClientID, since: Instant)] = []
    let closingThread: ClosingThread
    /// Until when no client is taken, for there is no descriptor for it.
    var acceptsAgainAt: Instant?
    var acceptFailures = Repetition()
    var cuts: [UInt32: Repetition] = [:]
    private var lastClient = Token.firstClient
    private var snapshot = MemorySnapshot()
    /// The moment for which everything is decided that one turn of the loop deals with; nil between turns.
    private var moment: Instant?
    package private(set) var isDone = false

    enum Token {
        static let listener: UInt64 = 1
        static let world: UInt64 = 2
        static let records: UInt64 = 3
        static let closing: UInt64 = 4
        /// Sources of the caller: signals, a child.
        static let outside: ClosedRange<UInt64> = 8...15
        static let firstClient: UInt64 = 16
    }

    package init(
        configuration: Configuration, pool: SessionPool, policies: PolicySet, world: any World, records: RecordStore,
        listener: consuming LocalListener, boot: String, clock: @escaping () -> Instant
    ) throws(Errno) {
        self.configuration = configuration
        self.pool = pool
        self.policies = policies
        hadPolicyFolder = configuration.policyFolder.map(PolicyFolder.exists) ?? false
        self.world = world
        self.records = records
        self.boot = boot
        self.clock = clock
        limits = ClientLimits(openFiles: openFilesLimit())
        closingThread = try ClosingThread()
        poller = try Poller(capacity: 256)
        try poller.add(listener.descriptor.number, token: Token.listener, for: .readable)
        try poller.add(world.wakeDescriptor, token: Token.world, for: .readable)
        try poller.add(records.wakeDescriptor, token: Token.records, for: .readable)
        try poller.add(closingThread.wakeDescriptor, token: Token.closing, for: .readable)
        self.listener = listener
    }

    /// Watches a descriptor of the caller.
    ///
    /// - Parameter index: 0 to 7; `turn` hands it back when the descriptor is readable.
    package func watch(_ number: Int32, as index: UInt64) throws(Errno) {
        try poller.add(number, token: Token.outside.lowerBound + index, for: .readable)
    }

    package func unwatch(_ number: Int32) {
        try? poller.remove(number)
    }

    /// Whether a shutdown was requested.
    package var isLeaving: Bool { pool.isShuttingDown }

    /// Waits for something to happen and deals with it.
    ///
    /// - Parameter patience: how long to wait at the most; nil for as long as it takes.
    /// - Returns: which of the watched descriptors are readable.
    package func turn(patience: Duration? = nil) throws(Errno) -> [UInt64] {
        var outside: [UInt64] = []
        let sources = try poller.wait(timeout: timeout(patience))
        let now = clock()
        defer { moment = nil }
        if let due = pool.nextDeadline, now >= due {
            moment = due.justBefore
            readLastReports()
        }
        moment = now
        resumeAccepting(at: now)
        for ready in sources {
            switch ready.token {
            case Token.listener: acceptClients()
            case Token.world: break
            case Token.records: break
            case Token.closing: closingThread.collect()
            case Token.outside: outside.append(ready.token - Token.outside.lowerBound)
            default: serve(ClientID(ready.token), ready.ready)
            }
        }
        cutOffSlowCalls(at: now)
        answerCalls()
        for event in records.takeWritten() { dispatch(event) }
        for event in world.takeEvents(at: now) { dispatch(event) }
        if let due = pool.nextDeadline, now >= due { dispatch(.timePassed) }
        return outside
    }

    /// A number for a client, never used before; its socket's token too.
    func nextClient() -> ClientID {
        lastClient += 1
        return ClientID(lastClient)
    }

    private func timeout(_ patience: Duration?) -> Duration? {
        guard calls.isEmpty else { return .zero }
        let now = clock()
        let deadlines = [
            pool.nextDeadline, world.nextDeadline, records.nextDeadline, acceptsAgainAt, nextFrameDeadline,
        ]
        let due = deadlines.compactMap { $0 }.min().map { $0.since(now) }
        return [due, patience].compactMap { $0 }.min()
    }

    /// Hands an event to the rules and performs what they answer, and so on until nothing is left to do.
    package func dispatch(_ event: Event) {
        var events = [event][...]
        while let event = events.popFirst() {
            for action in pool.handle(event, at: moment ?? clock()) { perform(action, &events) }
        }
    }

    private func perform(_ action: Action, _ events: inout ArraySlice<Event>) {
        switch action {
        case .create(let life, let limits): events.append(create(life, limits))
        case .grant(let client, let life):
            note(life)
            grant(life, to: client)
        case .queued(let client, let position): notify(client, .queued(position: position))
        case .refuse(let client, let refusal): close(client, .notAdmitted(refusal.description))
        case .closeInput(let life, let cause, let inputClosing): notify(life, .closeInput(cause, inputClosing))
        case .cancelTurn(let life, let turn, let cause): notify(life, .cancelTurn(cause, turn: turn))
        case .terminate(let life):
            attempt(.terminate, life, &events) { world throws(WorldError) in try world.terminate(life) }
            if world.isEmpty(life) { events.append(.emptied(life)) }
        case .kill(let life):
            attempt(.kill, life, &events) { world throws(WorldError) in try world.kill(life) }
            // The notification comes only where something changes, and at most every ten milliseconds.
            if world.isEmpty(life) { events.append(.emptied(life)) }
        case .collect(let life): world.collect(life)
        case .finish(let client, let outcome):
            onceKept(outcome.life.session, outcome.isSuspended) { $0.finish(client, outcome, $1) }
        case .release(let client, _): finishLease(of: client, .released)
        case .setLimits(let life, let limits): world.setLimits(life, limits)
        case .freeze(let life):
            attempt(.freeze, life, &events) { world throws(WorldError) in try world.freeze(life) }
        case .thaw(let life): attempt(.thaw, life, &events) { world throws(WorldError) in try world.thaw(life) }
        case .reclaim(let life): world.reclaim(life)
        case .read(let request):
            world.read(request, into: &snapshot)
            events.append(.snapshot(snapshot))
        case .save(let session): save(session)
        case .forget(let session): records.forget(session)
        case .log(let loggedEvent): log(loggedEvent)
        case .answer(let client, let session, let outcome):
            let isRelied = outcome == .done && connections[client]?.reliesOnRecord == true
            onceKept(session, isRelied) { $0.answer(client, $1.map { .refused(Self.unsaved(session, $0)) } ?? outcome) }
        case .shutdownComplete: isDone = true
        }
    }

    /// A client that is answered "suspended" or "done" may rely on it: the record is on disk by
    /// then, or the answer says that it is not. Other answers do not wait for a disk.
    private func onceKept(
        _ session: SessionID, _ isRelied: Bool, _ notify: @escaping (Controller, _ problem: String?) -> Void
    ) {
        guard isRelied else { return notify(self, nil) }
        records.afterSaving(session) { [unowned self] in notify(self, $0) }
    }

    private static func unsaved(_ session: SessionID, _ problem: String) -> String {
        "it is done for '\(session)', but not on disk: \(problem); the controller keeps it in memory and writes it again "
            + "until it is on disk; one that starts before knows the former record"
    }

    /// What the kernel refuses the rules must know: a session that was not killed lives.
    private func attempt(
        _ call: KernelCall, _ life: LifeID, _ events: inout ArraySlice<Event>,
        _ body: (any World) throws(WorldError) -> Void
    ) {
        do throws(WorldError) {
            try body(world)
        } catch {
            events.append(.callFailed(life, call, reason: error.description))
        }
    }

    private func create(_ life: LifeID, _ limits: SessionLimits) -> Event {
        do throws(WorldError) {
            return .created(life, try world.create(life, limits))
        } catch {
            return .creationFailed(life, reason: error.description)
        }
    }

    private func save(_ id: SessionID) {
        guard let record = record(of: id) else { return }
        records.save(id, record.json, isLasting: record.isLasting)
    }

    /// A record is on disk milliseconds later, and a controller that is killed before would leave a cgroup that no
    /// record knows: its successor would take a session that just began for a stray and kill it.
    private func note(_ life: LifeID) {
        guard var record = record(of: life.session) else { return }
        // It may be long, and is on disk since its own life.
        record.session.token = nil
        world.leave(JSON.object(record.json).serialized(), with: life)
    }

    func record(of id: SessionID) -> SessionRecord? {
        guard let session = pool.sessions[id] else { return nil }
        var life: SessionRecord.LifeRecord?
        if let current = session.life, let inode = world.inode(of: LifeID(session: id, number: current.number)) {
            life = SessionRecord.LifeRecord(
                inode: inode, processID: current.processID, placement: current.placement, keepsTree: current.keepsTree,
                parent: current.parent)
        }
        return SessionRecord(session: session, boot: boot, life: life)
    }

    package func log(_ loggedEvent: LoggedEvent) {
        let owner = loggedEvent.session.flatMap { pool.sessions[$0]?.owner }
        let entry = EventLog.Entry(time: WallClock.now(), loggedEvent: loggedEvent, owner: owner)
        log.append(entry)
        configuration.report(loggedEvent)
        // Written once, however many there are to read it.
        lazy var frame = Reply(["events": .array([entry.json])], continues: true).frame
        for connection in connections.values {
            if case .events? = connection.open, maySee(entry, connection) {
                send(frame, to: connection)
            }
        }
    }

    func maySee(_ entry: EventLog.Entry, _ connection: ClientConnection) -> Bool {
        isPrivileged(connection) || entry.owner == connection.user
    }

    /// Root and the controller's own user see and move every session.
    func isPrivileged(_ connection: ClientConnection) -> Bool {
        connection.peer.user == 0 || connection.peer.user == ownUser()
    }
}
