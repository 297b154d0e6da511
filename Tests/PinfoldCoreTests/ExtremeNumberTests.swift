import TestSupport
import Testing

@testable import PinfoldCore

/// The rules with numbers that no reader lets through. A bound that is missing one day must cost a decision, not the
/// controller: that no history stops the program is what is tested.
@Suite struct ExtremeNumberTests {
    private static let numbers: [UInt64] = {
        var found: [UInt64] = [0, 1, 2, 1_000, 1 << 20, 1 << 30, 1 << 53, .max - 1, .max]
        for power: UInt64 in [31, 32, 62, 63] {
            let value: UInt64 = 1 << power
            found += [value - 1, value, value + 1]
        }
        return found
    }()

    @Test(arguments: 0..<20)
    func anyNumbersInAnyEventAreSurvived(batch: Int) {
        for seed in 0..<10 {
            var history = ExtremeHistory(seed: UInt64(batch * 1_000 + seed), numbers: Self.numbers)
            history.run(steps: 150)
            #expect(history.decided > 0)
        }
    }
}

private struct ExtremeHistory {
    private var random: SeededGenerator
    private let numbers: [UInt64]
    private var pool: SessionPool
    private var now = Instant(nanoseconds: 0)
    private var lastClient: UInt64 = 0
    private(set) var decided = 0

    init(seed: UInt64, numbers: [UInt64]) {
        random = SeededGenerator(seed: seed)
        self.numbers = numbers
        pool = SessionPool(budget: PoolBudget(policy: PoolPolicy(), effectiveLimit: 8 << 30, taskLimit: 32_768))
        pool = SessionPool(budget: budget())
    }

    mutating func run(steps: Int) {
        for _ in 0..<steps {
            // Mostly a little later, seldom at the end of time.
            now = now + (random.chance(95) ? .milliseconds(Int.random(in: 0...20_000, using: &random)) : span())
            var todo = [event()][...]
            var left = 1_000
            while let next = todo.popFirst(), left > 0 {
                left -= 1
                for action in pool.handle(next, at: now) { answer(action, &todo) }
            }
            _ = pool.nextDeadline
            _ = pool.explain(at: now)
            for session in pool.sessions.all {
                _ = (session.state(at: now), session.isResumable, session.life?.inputClosing(at: now))
            }
        }
    }

    private mutating func answer(_ action: Action, _ todo: inout ArraySlice<Event>) {
        switch action {
        case .create(let life, _):
            decided += 1
            todo.append(
                random.chance(90)
                    ? .created(life, CreationFacts(enforcement: .kernel, unenforced: []))
                    : .creationFailed(life, reason: "no"))
        case .read where todo.count < 50: todo.append(.snapshot(snapshot()))
        case .kill(let life): todo.append(.emptied(life))
        case .collect(let life): todo.append(.removed(life, totals()))
        case .refuse(_, let refusal):
            decided += 1
            _ = refusal.description
        case .closeInput(_, let cause, _): _ = cause.message
        default: break
        }
    }

    private mutating func event() -> Event {
        let lives = pool.sessions.all.compactMap { session in
            session.life.map { LifeID(session: session.id, number: $0.number) }
        }
        guard let life = lives.randomElement(using: &random), random.chance(80) else {
            switch Int.random(in: 0..<8, using: &random) {
            case 0: return .adopted([adoption()])
            case 1: return .budgetChanged(budget())
            case 2: return .snapshot(snapshot())
            case 3: return .timePassed
            default: return .requested(request())
            }
        }
        switch Int.random(in: 0..<12, using: &random) {
        case 0, 1, 2: return .commandStarted(life, processID: Int32(truncatingIfNeeded: number()), placement: .into)
        case 3: return .commandExited(life, status())
        case 4: return .startFailed(life, reason: "", exit: Int32(truncatingIfNeeded: number()))
        case 5: return .activity(life, .touch)
        case 6, 7: return .turn(life, turn())
        case 8: return .ordered(order(life.session))
        case 9: return .emptied(life)
        case 10: return .removed(life, totals())
        default: return .snapshot(snapshot())
        }
    }

    // MARK: Values

    private mutating func number() -> UInt64 { numbers.randomElement(using: &random) ?? 0 }
    private mutating func maybe() -> UInt64? { random.chance(80) ? number() : nil }
    private mutating func span() -> Duration {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: .seconds(Int64(clamping: number()))
        case 1: .nanoseconds(Int64(clamping: number()))
        case 2: .seconds(Int.random(in: 0...100, using: &random))
        default: .seconds(-Int64(clamping: number()))
        }
    }
    private mutating func maybeSpan() -> Duration? { random.chance(70) ? span() : nil }
    private mutating func amount() -> MemoryAmount {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: .share(UInt32(truncatingIfNeeded: number()))
        case 1: .infinity
        default: .bytes(number())
        }
    }
    private mutating func client() -> ClientID {
        lastClient += 1
        return ClientID(lastClient)
    }
    private mutating func status() -> CommandStatus {
        let number = Int32(truncatingIfNeeded: number())
        return random.chance(50) ? .exited(number) : .signaled(number)
    }

    private mutating func budget() -> PoolBudget {
        var policy = PoolPolicy()
        (policy.memoryMax, policy.memorySwapMax) = (amount(), amount())
        (policy.memoryReserve, policy.memoryReserveHard) = (amount(), amount())
        policy.maxSessions = random.chance(80) ? 3 : Int(clamping: number())
        policy.pressureLimit = UInt32(truncatingIfNeeded: number())
        (policy.pressureDuration, policy.admissionTimeout, policy.evictQuiet) = (span(), span(), span())
        policy.evictBusy = random.chance(50) ? .hard : .no
        return PoolBudget(policy: policy, effectiveLimit: number(), taskLimit: number())
    }

    private mutating func policy() -> SessionPolicy {
        var policy = SessionPolicy()
        (policy.memoryMax, policy.memoryHigh, policy.memoryLow) = (amount(), amount(), amount())
        (policy.memorySwapMax, policy.tasksMax) = (amount(), .share(UInt32(truncatingIfNeeded: number())))
        (policy.cpuQuota, policy.ioWeight, policy.idleCPU) = (number(), number(), number())
        (policy.idleTimeout, policy.lifetime, policy.turnTimeout) = (maybeSpan(), maybeSpan(), maybeSpan())
        (policy.permissionTimeout, policy.stdinClose, policy.term) = (maybeSpan(), span(), span())
        (policy.idleAfter, policy.reclaimIdle, policy.freezeIdle) = (span(), maybeSpan(), maybeSpan())
        return policy
    }

    private mutating func name() -> SessionID { id("s\(Int.random(in: 0..<5, using: &random))") }

    private mutating func request() -> SessionRequest {
        SessionRequest(
            client: client(), session: name(), owner: UserID(1), isPrivileged: random.chance(50), policyName: "p",
            policy: policy(), settings: [], patience: maybeSpan(), keepsTree: random.chance(20))
    }

    private mutating func order(_ session: SessionID) -> Order {
        let verbs: [Order.Verb] = [
            .touch, .suspend, .end, .kill, .set(policy(), settings: []), .setToken(life: number(), token: "t"),
        ]
        return Order(
            client: client(), session: session, verb: verbs.randomElement(using: &random) ?? .touch, by: UserID(1))
    }

    private mutating func turn() -> TurnReport {
        let turns = (0..<2).map { _ in
            TurnReport.Entry(number: number(), isWaiting: random.chance(50), milliseconds: number())
        }
        return TurnReport(random.chance(50) ? .open : .waiting, turns: random.chance(70) ? turns : nil)
    }

    private mutating func counts() -> MemoryEventCounts {
        var counts = MemoryEventCounts()
        (counts.high, counts.max, counts.outOfMemory) = (number(), number(), number())
        (counts.kills, counts.groupKills) = (number(), number())
        return counts
    }

    private mutating func totals() -> LifeTotals {
        var totals = LifeTotals()
        totals.events = counts()
        (totals.poolOutOfMemory, totals.memoryMax, totals.memoryPeak) = (number(), maybe(), maybe())
        totals.cpuMicroseconds = maybe()
        return totals
    }

    private mutating func snapshot() -> MemorySnapshot {
        var snapshot = MemorySnapshot()
        (snapshot.available, snapshot.poolWorkingSet, snapshot.poolOutOfMemory) = (maybe(), maybe(), number())
        snapshot.pressure = UInt32(truncatingIfNeeded: number())
        for session in pool.sessions.all {
            guard let life = session.life else { continue }
            var part = LifeSnapshot(life: LifeID(session: session.id, number: life.number))
            (part.current, part.workingSet, part.anonymous) = (maybe(), maybe(), maybe())
            (part.peak, part.tasks, part.cpuMicroseconds) = (maybe(), maybe(), maybe())
            part.events = random.chance(70) ? counts() : nil
            snapshot.lives.append(part)
        }
        return snapshot
    }

    private mutating func adoption() -> Adoption {
        var session = Session(
            id: name(), owner: UserID(UInt32(truncatingIfNeeded: number())), policyName: "p", policy: policy(),
            settings: [], lastActivity: Instant(nanoseconds: number()))
        session.lives = number()
        (session.lastMemory, session.lastPeak) = (maybe(), maybe())
        session.endedAt = maybe().map { Instant(nanoseconds: $0) }
        session.cause = Cause(
            kind: .startFailed, message: "", numbers: [Cause.Number("exit", Int64(truncatingIfNeeded: number()))])
        let adoptedLife = Adoption.AdoptedLife(
            facts: CreationFacts(enforcement: .kernel, unenforced: []), processID: Int32(truncatingIfNeeded: number()),
            placement: nil, keepsTree: random.chance(50))
        return Adoption(session: session, adoptedLife: random.chance(50) ? adoptedLife : nil)
    }
}
