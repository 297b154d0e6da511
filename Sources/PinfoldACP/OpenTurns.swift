/// When each thing began that the agent works on, each with a clock of its own: who runs several conversations must not
/// lose one for the time that the others took.
struct OpenTurns: Hashable, Sendable {
    enum Owner: Hashable, Sendable {
        case session(ACPSessionID)
        /// A request of the client that is no prompt.
        case request(RequestID)
        /// A request of the agent's outside of a turn.
        case agentRequest(RequestID)
        /// The agent, while it is made ready.
        case opening
    }

    struct Work: Hashable, Sendable {
        /// A human is asked for an answer.
        var isWaiting = false
        /// Whether it counts as use of the agent.
        var isUse = true
        /// The request that it belongs to, where one follows another.
        var prompt: RequestID?
    }

    fileprivate struct Clock: Hashable, Sendable {
        let number: UInt64
        var since: Duration
        var work: Work
        var isCancelled = false
    }

    private var clocks: [Owner: Clock] = [:]
    private var lastNumber: UInt64 = 0

    mutating func update(_ work: [Owner: Work], at now: Duration) {
        var next: [Owner: Clock] = [:]
        next.reserveCapacity(work.count)
        for (owner, work) in work {
            guard var clock = clocks[owner], clock.work.prompt == work.prompt else {
                lastNumber += 1
                next[owner] = Clock(number: lastNumber, since: now, work: work)
                continue
            }
            // What a human took is no time of the turn, and the other way round.
            if clock.work.isWaiting != work.isWaiting { clock.since = now }
            clock.work = work
            next[owner] = clock
        }
        clocks = next
    }

    /// A new life begins. Numbers go on.
    mutating func reset() { clocks = [:] }

    /// - Returns: whose it is; nil where it is over, or was cancelled before.
    mutating func cancel(_ number: UInt64) -> Owner? {
        guard let owner = clocks.first(where: { $0.value.number == number })?.key, clocks[owner]?.isCancelled == false
        else { return nil }
        clocks[owner]?.isCancelled = true
        return owner
    }

    func report(at now: Duration) -> TurnReport {
        // What is no use of the agent and was cancelled is waited for no longer: it must not end the others.
        let counted = clocks.values.filter { !$0.isCancelled || $0.work.isUse }
        let state: TurnState =
            counted.isEmpty ? .none : counted.allSatisfy(\.work.isWaiting) ? .waiting : .open
        var turns: [TurnReport.Entry] = []
        // A request that is no use has a limit as well, or an agent that never answers it would stay for ever.
        for isWaiting in [false, true] {
            let oldest = counted.filter { $0.work.isWaiting == isWaiting && !$0.isCancelled }
                .min { ($0.since, $0.number) < ($1.since, $1.number) }
            if let oldest { turns.append(oldest.entry(at: now)) }
        }
        for clock in counted.sorted(by: { $0.number < $1.number }) where clock.isCancelled {
            turns.append(clock.entry(at: now))
        }
        return TurnReport(state, turns: turns, isUse: counted.isEmpty || counted.contains(where: \.work.isUse))
    }
}

extension OpenTurns.Clock {
    fileprivate func entry(at now: Duration) -> TurnReport.Entry {
        TurnReport.Entry(number: number, isWaiting: work.isWaiting, age: now - since)
    }
}
