@testable import PinfoldCore

/// What must hold of turns and tokens, found out from events and actions without asking the rules.
struct TurnLedger {
    /// Why each life is being ended, for as long as that was not taken back.
    private var decisions: [LifeID: String] = [:]
    /// When a turn of each life was told to be cancelled, and which, for as long as it did not end.
    private var cancelled: [LifeID: (at: Instant, turn: UInt64?)] = [:]
    /// Since when each turn is in its state, by what was reported.
    private var clocks: [LifeID: [Turn: Instant]] = [:]

    private struct Turn: Hashable {
        let number: UInt64?
        let isWaiting: Bool
    }
    private var tokens: [SessionID: String] = [:]
    /// Lives that their owner ends for good.
    private var final: Set<LifeID> = []

    private static let yielding = ["pool_full", "reserve", "pressure", "idle_timeout"]

    mutating func violations(
        of actions: [Action], after event: Event, at moment: Instant, before: SessionPool, now: SessionPool
    ) -> [String] {
        reinstating(actions, event, before) + decisions(actions) + turns(actions, event, moment, before, now)
            + tokens(actions, event, before, now)
    }

    private func life(_ id: LifeID, in pool: SessionPool) -> Life? {
        pool.sessions[id.session]?.life.flatMap { $0.number == id.number ? $0 : nil }
    }

    /// A report during a refusable closing always takes it back, and nothing else ever does.
    private func reinstating(_ actions: [Action], _ event: Event, _ before: SessionPool) -> [String] {
        var due: [LifeID] = []
        if case .turn(let id, _) = event, life(id, in: before)?.state.isRefusable == true { due = [id] }
        let done = actions.logged(.reinstated).compactMap(\.subject)
        return done == due ? [] : ["reinstated were \(done) where \(due) should have been"]
    }

    /// Who ends for want of use, or for a hung turn, was chosen for it, and has not been reinstated since.
    private mutating func decisions(_ actions: [Action]) -> [String] {
        var violations: [String] = []
        for announcement in actions.announcements {
            guard let life = announcement.subject else { continue }
            switch announcement.name {
            case .stopping: decisions[life] = announcement.cause
            case .reinstated: decisions[life] = nil
            case .suspended, .ended:
                let cause = announcement.cause ?? ""
                if Self.yielding.contains(cause) || cause == "turn_timeout", decisions[life] != cause {
                    violations.append("\(life) ended by \(cause), which nobody had decided")
                }
            default: break
            }
        }
        return violations
    }

    /// A turn is cancelled at its limit, and its session ended when it does not end soon after; never otherwise.
    private mutating func turns(
        _ actions: [Action], _ event: Event, _ moment: Instant, _ before: SessionPool, _ now: SessionPool
    ) -> [String] {
        var violations: [String] = []
        if case .turn(let id, let report) = event, life(id, in: before) != nil { note(report, of: id, at: moment) }
        for action in actions {
            guard case .cancelTurn(let id, let number, _) = action else { continue }
            let policy = now.sessions[id.session]?.policy
            let isLate = [false, true].contains { isWaiting in
                let since = clocks[id]?[Turn(number: number, isWaiting: isWaiting)]
                let limit = isWaiting ? policy?.permissionTimeout : policy?.turnTimeout
                guard let since, let limit else { return false }
                return moment >= since + limit
            }
            if !isLate { violations.append("\(id) was told to cancel a turn in its time") }
            if cancelled.updateValue((moment, number), forKey: id) != nil {
                violations.append("\(id) was told so twice")
            }
        }
        for announcement in actions.logged(.stopping) where announcement.cause == "turn_timeout" {
            guard let id = announcement.subject else { continue }
            if cancelled[id].map({ moment.since($0.at) < SessionPool.cancelGrace }) ?? true {
                violations.append("\(id) was ended for a turn that had time left")
            }
        }
        for session in now.sessions.all {
            guard let life = session.life, life.state.isRunning, let due = session.turnDeadline else { continue }
            if due <= moment { violations.append("nothing was done about the turn of \(session.id)") }
        }
        return violations
    }

    private mutating func note(_ report: TurnReport, of id: LifeID, at moment: Instant) {
        var next: [Turn: Instant] = [:]
        if let turns = report.turns {
            for turn in turns {
                let key = Turn(number: turn.number, isWaiting: turn.isWaiting)
                let age = UInt64(turn.milliseconds) * 1_000_000
                next[key] = clocks[id]?[key] ?? Instant(nanoseconds: moment.nanoseconds - min(age, moment.nanoseconds))
            }
        } else if report.state != .none {
            let key = Turn(number: nil, isWaiting: report.state == .waiting)
            next[key] = clocks[id]?[key] ?? moment
        }
        clocks[id] = next
        guard let turn = cancelled[id] else { return }
        let isOver =
            turn.turn == nil || report.turns == nil
            ? report.state == .none : report.turns?.contains { $0.number == turn.turn } == false
        if isOver { cancelled[id] = nil }
    }

    /// The last token that was taken is kept, until its owner ends the session or it is forgotten as a whole.
    private mutating func tokens(
        _ actions: [Action], _ event: Event, _ before: SessionPool, _ now: SessionPool
    ) -> [String] {
        switch event {
        case .token(let id, let token) where life(id, in: before) != nil && !final.contains(id):
            tokens[id.session] = token
        case .ordered(let order):
            guard let session = before.sessions[order.session] else { break }
            if case .setToken(_, let token) = order.verb, actions.acceptedOrder { tokens[order.session] = token }
            if case .end = order.verb {
                tokens[order.session] = nil
                if let life = session.life { final.insert(LifeID(session: session.id, number: life.number)) }
            }
        default: break
        }
        var violations: [String] = []
        for session in now.sessions.all where session.token != tokens[session.id] {
            violations.append("\(session.id) has the token \(session.token ?? "none")")
        }
        for id in tokens.keys where now.sessions[id] == nil { tokens[id] = nil }
        return violations
    }
}

extension LoggedEvent {
    fileprivate var subject: LifeID? {
        guard let session, let life else { return nil }
        return LifeID(session: session, number: life)
    }

    fileprivate var cause: String? {
        for detail in details where detail.name == "cause" {
            if case .text(let kind) = detail.value { return kind }
        }
        return nil
    }
}

extension [Action] {
    fileprivate var acceptedOrder: Bool {
        contains { if case .answer(_, _, .done) = $0 { true } else { false } }
    }
}
