import TestSupport

@testable import PinfoldCore

/// A pool in a made-up world: commands that start late, ignore signals, die, or leave children behind; a host whose
/// memory comes and goes; users who come, go, order and hang up. Every step is checked against what must always hold.
struct RandomHistory {
    private var random: SeededGenerator
    private var pool: SessionPool
    private var now = Instant(nanoseconds: 5_000_000_000)
    /// What the world still has in store, by the moment at which it happens.
    private var agenda: [(at: Instant, order: Int, event: Event)] = []
    private var scheduled = 0
    private var lastClient: UInt64 = 0
    private var lastTurn: UInt64 = 0
    private var launchers: [LifeID: ClientID] = [:]
    private var available: UInt64 = 8 << 30
    private let names: [SessionID]

    private(set) var violations: [String] = []
    /// Everything that was done, in words, for comparing two runs; empty unless asked for.
    private(set) var trace: [String] = []
    private let isTraced: Bool
    private var undecided: Set<ClientID> = []
    private var unanswered: Set<ClientID> = []
    private var kills: Set<LifeID> = []
    private var collected: Set<LifeID> = []
    private var suspended: Set<SessionID> = []
    /// Ledgers of turns and tokens, kept by what was seen alone.
    private var ledger = TurnLedger()
    private(set) var evictions = 0
    private(set) var reinstatements = 0
    private(set) var hungTurns = 0
    private(set) var ends = 0

    init(seed: UInt64, isTraced: Bool = false) {
        self.isTraced = isTraced
        random = SeededGenerator(seed: seed)
        var policy = PoolPolicy()
        policy.maxSessions = Int.random(in: 1...4, using: &random)
        policy.memoryReserve = .bytes(1 << 30)
        policy.memoryReserveHard = .bytes(512 << 20)
        policy.evictBusy = random.chance(20) ? .hard : .no
        policy.admissionTimeout = .seconds(Int.random(in: 1...20, using: &random))
        pool = SessionPool(budget: PoolBudget(policy: policy, effectiveLimit: 8 << 30, taskLimit: 32_768))
        names = (0..<6).map { id("s\($0)") }
    }

    mutating func run(steps: Int) {
        for _ in 0..<steps {
            happen(nextEvent())
        }
        // The rest of the agenda, then quiet for as long as any stage may take: nobody may be left without an answer.
        for _ in 0..<2_000 where !agenda.isEmpty || pool.queue.count > 0 || !unanswered.isEmpty {
            happen(nextFromTheWorld() ?? .timePassed)
        }
        if !undecided.isEmpty { violations.append("requests without a decision: \(undecided.count)") }
        if !unanswered.isEmpty { violations.append("orders without an answer: \(unanswered.count)") }
    }

    // MARK: What happens

    private mutating func nextEvent() -> Event {
        if random.chance(45), let event = nextFromTheWorld() { return event }
        now = now + .milliseconds(Int.random(in: 0...4_000, using: &random))
        return nextFromAUser()
    }

    private mutating func nextFromTheWorld() -> Event? {
        let due = pool.nextDeadline
        guard
            let index = agenda.indices.min(by: { (agenda[$0].at, agenda[$0].order) < (agenda[$1].at, agenda[$1].order) }
            )
        else {
            guard let due else { return nil }
            now = max(now, due)
            return .timePassed
        }
        if let due, due < agenda[index].at {
            now = max(now, due)
            return .timePassed
        }
        now = max(now, agenda[index].at)
        return agenda.remove(at: index).event
    }

    private mutating func nextFromAUser() -> Event {
        let name = names[Int.random(in: 0..<names.count, using: &random)]
        let life = pool.sessions[name].flatMap { session in
            session.life.map { LifeID(session: name, number: $0.number) }
        }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<25: return .requested(request(name))
        case 25..<45:
            guard let life else { return .timePassed }
            return .activity(life, [.stdin, .cpu, .touch].randomElement(using: &random) ?? .stdin)
        case 45..<60:
            guard let life else { return .timePassed }
            return .turn(life, turnReport(life))
        case 60..<75:
            available = UInt64.random(in: 0...(8 << 30), using: &random)
            return .memoryEvent
        case 75..<78:
            guard let life else { return .timePassed }
            return .token(life, random.chance(50) ? "token" : nil)
        case 78..<82:
            guard let life, let client = launchers[life] else { return .timePassed }
            undecided.remove(client)
            return .disconnected(client)
        case 82..<84:
            guard let life else { return .timePassed }
            return .commandExited(life, .exited(Int32.random(in: 0...2, using: &random)))
        default: return .ordered(order(name))
        }
    }

    /// What a launcher says of up to three conversations, or, where it knows of one alone, of that.
    private mutating func turnReport(_ life: LifeID) -> TurnReport {
        if random.chance(25) { return TurnReport(TurnState.allCases.randomElement(using: &random) ?? .none) }
        var kept = turns(of: life).filter { _ in random.chance(60) }
        while kept.count < Int.random(in: 0...3, using: &random) {
            lastTurn += 1
            kept.append(.init(number: lastTurn, isWaiting: random.chance(30), milliseconds: 0))
        }
        return report(of: kept)
    }

    private mutating func report(of turns: [TurnReport.Entry]) -> TurnReport {
        let state: TurnState = turns.isEmpty ? .none : turns.allSatisfy(\.isWaiting) ? .waiting : .open
        return TurnReport(state, turns: turns, isUse: random.chance(80))
    }

    /// Those that were reported last, grown older.
    private func turns(of life: LifeID) -> [TurnReport.Entry] {
        guard let known = pool.sessions[life.session]?.life, known.number == life.number else { return [] }
        return known.turnClocks.compactMap { clock in
            clock.number.map {
                TurnReport.Entry(
                    number: $0, isWaiting: clock.isWaiting,
                    milliseconds: UInt64(clamping: now.since(clock.since).wholeMilliseconds))
            }
        }
    }

    private mutating func request(_ name: SessionID) -> SessionRequest {
        var policy = SessionPolicy()
        policy.idleAfter = .milliseconds(Int.random(in: 0...5_000, using: &random))
        policy.idleTimeout = random.chance(30) ? .seconds(Int.random(in: 5...30, using: &random)) : nil
        policy.lifetime = random.chance(10) ? .seconds(20) : nil
        policy.evict = [.yes, .yes, .avoid, .resumable, .never].randomElement(using: &random) ?? .yes
        policy.resume = ResumeRule.allCases.randomElement(using: &random) ?? .load
        policy.onLeaseLost = random.chance(20) ? .keep : .stop
        policy.stdinClose = random.chance(20) ? .zero : .seconds(1)
        policy.turnTimeout = random.chance(50) ? .seconds(Int.random(in: 2...10, using: &random)) : nil
        policy.permissionTimeout = random.chance(50) ? .seconds(Int.random(in: 2...20, using: &random)) : nil
        let client = nextClient()
        undecided.insert(client)
        return SessionRequest(
            client: client, session: name, owner: UserID(random.chance(5) ? 7 : 1), isPrivileged: false,
            policyName: "p", policy: policy, settings: [], patience: nil, keepsTree: random.chance(10),
            parent: random.chance(5) ? someLife() : nil)
    }

    /// A life that somebody may be in, now and then one that is over.
    private mutating func someLife() -> LifeID? {
        let lives = pool.sessions.all.filter { $0.lives > 0 }.map { LifeID(session: $0.id, number: $0.lives) }
        return lives.randomElement(using: &random)
    }

    private mutating func order(_ name: SessionID) -> Order {
        let client = nextClient()
        unanswered.insert(client)
        let verbs: [Order.Verb] = [
            .touch, .pin, .unpin, .unpin, .suspend, .end, .kill, .set(SessionPolicy(), settings: []),
            .setToken(life: random.chance(50) ? UInt64.random(in: 1...4, using: &random) : nil, token: "set"),
        ]
        return Order(
            client: client, session: name, verb: verbs.randomElement(using: &random) ?? .touch, by: UserID(1))
    }

    private mutating func nextClient() -> ClientID {
        lastClient += 1
        return ClientID(lastClient)
    }

    // MARK: What the world does with it

    private mutating func happen(_ event: Event) {
        var events = [event][...]
        while let event = events.popFirst() {
            let before = pool
            let actions = pool.handle(event, at: now)
            check(actions, after: event, before: before)
            for action in actions { perform(action, &events) }
        }
    }

    private mutating func perform(_ action: Action, _ events: inout ArraySlice<Event>) {
        switch action {
        case .create(let life, _):
            events.append(
                random.chance(5)
                    ? .creationFailed(life, reason: "made up")
                    : .created(life, CreationFacts(enforcement: .kernel, unenforced: [])))
        case .read: events.append(.snapshot(snapshot()))
        case .grant(let client, let life):
            launchers[life] = client
            let start: Event =
                random.chance(10)
                ? .startFailed(life, reason: "made up", exit: 127)
                : .commandStarted(life, processID: 2, placement: .into)
            plan(start, within: 200)
            if random.chance(15) { planDeath(life, within: 30_000) }
        case .closeInput(let life, _, let inputClosing):
            if inputClosing.isRefusable, random.chance(50) {
                // A prompt crossed with it: the launcher does nothing.
                plan(.turn(life, turnReport(life)), within: 1_500)
            } else if random.chance(50) {
                planDeath(life, within: 2_000)
            }
        case .cancelTurn(let life, let number, _):
            guard random.chance(60) else { break }
            // Other turns may be open, and go on.
            let others = number == nil ? [] : turns(of: life).filter { $0.number != number }
            plan(.turn(life, report(of: others)), within: 12_000)
        case .terminate(let life): if random.chance(60) { planDeath(life, within: 4_000) }
        case .kill(let life): planDeath(life, within: 100)
        case .collect(let life): plan(.removed(life, totals()), within: 50)
        case .setLimits(let life, _):
            plan(.limitsSet(life, CreationFacts(enforcement: .kernel, unenforced: [])), within: 50)
        default: break
        }
    }

    private mutating func planDeath(_ life: LifeID, within milliseconds: Int) {
        if random.chance(80) { plan(.commandExited(life, .signaled(15)), within: milliseconds) }
        plan(.emptied(life), within: milliseconds)
    }

    private mutating func plan(_ event: Event, within milliseconds: Int) {
        scheduled += 1
        let delay = Duration.milliseconds(Int.random(in: 0...milliseconds, using: &random))
        agenda.append((now + delay, scheduled, event))
    }

    /// Of a life that now and then died of its own limit.
    private mutating func totals() -> LifeTotals {
        var totals = LifeTotals()
        totals.memoryPeak = UInt64.random(in: 0...(600 << 20), using: &random)
        guard Int.random(in: 0..<8, using: &random) == 0 else { return totals }
        var events = MemoryEventCounts()
        (events.outOfMemory, events.kills) = (1, 2)
        totals.events = events
        return totals
    }

    private mutating func snapshot() -> MemorySnapshot {
        var snapshot = MemorySnapshot()
        snapshot.available = available
        snapshot.poolWorkingSet = 0
        for session in pool.sessions.all where session.life != nil {
            var part = LifeSnapshot(life: LifeID(session: session.id, number: session.lives))
            part.current = UInt64.random(in: 0...(600 << 20), using: &random)
            part.anonymous = part.current
            snapshot.lives.append(part)
        }
        return snapshot
    }

    // MARK: What must hold

    private mutating func check(_ actions: [Action], after event: Event, before: SessionPool) {
        if isTraced { trace += actions.words }
        if pool.residentCount > pool.budget.policy.maxSessions {
            violations.append("\(pool.residentCount) sessions where \(pool.budget.policy.maxSessions) may be")
        }
        for action in actions { check(action) }
        violations += ledger.violations(of: actions, after: event, at: now, before: before, now: pool)
        reinstatements += actions.logged(.reinstated).count
        hungTurns += actions.logged(.turnCancelled).count
        checkVictims(actions.logged(.victimChosen), after: event, before: before)
        let nowSuspended = Set(pool.sessions.all.filter { $0.isSuspended && $0.life == nil }.map(\.id))
        let known = Set(pool.sessions.all.map(\.id))
        if !suspended.subtracting(known).isEmpty { violations.append("a suspended session was lost") }
        suspended = nowSuspended
        if pool.sessions.residents != pool.sessions.indices.filter({ pool.sessions[$0].life != nil }) {
            violations.append("the table has lost count of its residents")
        }
        violations += nestedViolations()
        for session in pool.sessions.all where session.life == nil && session.cause == nil {
            violations.append("\(session.id) ended without a cause")
        }
    }

    /// What was opened from within a session ends with it.
    private func nestedViolations() -> [String] {
        pool.sessions.all.compactMap { session in
            guard let life = session.life, let parent = life.parent else { return nil }
            guard let outer = pool.sessions.index(of: parent), let outerLife = pool.sessions[outer].life else {
                return !life.state.isEnding ? "\(session.id) goes on without \(parent)" : nil
            }
            guard outerLife.state.isKilling else { return nil }
            return life.state.isBeyondGrace ? nil : "\(session.id) is not killed with \(parent)"
        }
    }

    /// Whether something within a session was in use at the last look.
    private func isUsedFromWithin(_ name: SessionID) -> Bool {
        pool.sessions[name]?.life?.nestedUseUntil.map { now < $0 } ?? false
    }

    private mutating func check(_ action: Action) {
        switch action {
        case .grant(let client, _), .refuse(let client, _):
            if undecided.remove(client) == nil { violations.append("a request was decided twice") }
        case .answer(let client, _, _):
            if unanswered.remove(client) == nil { violations.append("an order was answered twice") }
        case .kill(let life):
            if !kills.insert(life).inserted { violations.append("\(life) was killed twice") }
        case .collect(let life):
            if !collected.insert(life).inserted { violations.append("\(life) was collected twice") }
            ends += 1
        case .log(let announcement):
            // What did not help may be written again.
            if announcement.name == .stuck, let session = announcement.session, let number = announcement.life {
                kills.remove(LifeID(session: session, number: number))
            }
            let names = announcement.details.map(\.name)
            if Set(names).count < names.count { violations.append("\(announcement.name) says \(names)") }
        default: break
        }
    }

    /// The victim was idle, free to go, and among those the one unused longest: found here by a plain search.
    private mutating func checkVictims(_ chosen: [LoggedEvent], after event: Event, before: SessionPool) {
        var gone: Set<SessionID> = []
        for announcement in chosen {
            guard let name = announcement.session, let victim = before.sessions[name], let life = victim.life else {
                violations.append("a victim that did not live")
                continue
            }
            evictions += 1
            let isEmergency = announcement.details.contains { $0.name == "hard" && $0.value == .number(1) }
            let mayBeBusy = isEmergency && before.budget.policy.evictBusy == .hard
            if isUsedFromWithin(name), !mayBeBusy {
                violations.append("\(name) was chosen though something within it is in use")
            }
            if isAbout(name, event) { continue }
            if !mayGo(victim, life, mayBeBusy: mayBeBusy) { violations.append("\(name) was chosen but may not go") }
            let bytes = announcement.details.contains { $0.name == "reserveBytes" || $0.name == "neededBytes" }
            for other in before.sessions.all
            where !gone.contains(other.id) && other.id != name && !isAbout(other.id, event)
                && !isUsedFromWithin(other.id)
            {
                guard let otherLife = other.life, mayGo(other, otherLife, mayBeBusy: false), !bytes else { continue }
                if (other.isResumable && !victim.isResumable && other.policy.evict == victim.policy.evict)
                    || (other.policy.evict == .yes && victim.policy.evict == .avoid)
                    || (other.isResumable == victim.isResumable && other.policy.evict == victim.policy.evict
                        && other.lastActivity < victim.lastActivity)
                {
                    violations.append("\(name) was chosen before \(other.id)")
                }
            }
            gone.insert(name)
        }
    }

    private func mayGo(_ session: Session, _ life: Life, mayBeBusy: Bool) -> Bool {
        guard life.state.isRunning, !session.isPinned, session.policy.evict != .never else { return false }
        if session.policy.evict == .resumable, !session.isResumable { return false }
        if case .waiting = life.turn { return false }
        return mayBeBusy || (life.turn == .none && now.since(session.lastActivity) >= session.policy.idleAfter)
    }

    /// Whether the event itself may have changed what the session looked like before it.
    private func isAbout(_ name: SessionID, _ event: Event) -> Bool {
        switch event {
        case .activity(let life, _), .turn(let life, _), .token(let life, _), .commandStarted(let life, _, _),
            .commandExited(let life, _),
            .emptied(let life), .limitsSet(let life, _):
            life.session == name
        case .ordered(let order): order.session == name
        default: false
        }
    }
}
