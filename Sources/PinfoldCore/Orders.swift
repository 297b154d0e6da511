/// Orders of users: touch, pin, suspend, end, kill, set.
extension SessionPool {
    mutating func execute(_ order: Order, at now: Instant, _ actions: inout [Action]) {
        if executeOnQueue(order, &actions) { return }
        guard let index = sessions.index(of: order.session) else {
            actions.append(.answer(order.client, order.session, .unknownSession))
            return
        }
        switch order.verb {
        case .touch: touch(index, order, at: now, &actions)
        case .pin: pin(index, true, order, at: now, &actions)
        case .unpin: pin(index, false, order, at: now, &actions)
        case .suspend: suspend(index, order, at: now, &actions)
        case .end:
            archive(index, &actions)
            end(index, order, cause: .ended(by: order.by), from: .closeInput, at: now, &actions)
        case .kill: end(index, order, cause: .killed(by: order.by), from: .kill, at: now, &actions)
        case .set(let policy, let settings): set(index, policy, settings, order, at: now, &actions)
        case .setToken(let life, let token): setToken(index, life, token, order, at: now, &actions)
        }
    }

    private mutating func touch(_ index: Int, _ order: Order, at now: Instant, _ actions: inout [Action]) {
        let session = sessions[index]
        let outcome: OrderOutcome
        if session.life == nil {
            let state = session.state(at: now).rawValue
            outcome = .refused("the session '\(session.id)' is \(state); only a running one can be touched")
        } else if !session.policy.activity.contains(.touch) {
            outcome = .refused("the policy '\(session.policyName)' does not count touch as activity; see Activity=")
        } else {
            refresh(index, at: now, &actions)
            outcome = .done
        }
        actions.append(.answer(order.client, order.session, outcome))
    }

    private mutating func pin(
        _ index: Int, _ isPinned: Bool, _ order: Order, at now: Instant, _ actions: inout [Action]
    ) {
        if sessions[index].isPinned != isPinned {
            sessions[index].isPinned = isPinned
            schedule(index, at: now)
            actions.append(.save(order.session))
            actions.append(.log(LoggedEvent(isPinned ? .pinned : .unpinned, order.session)))
        }
        actions.append(.answer(order.client, order.session, .done))
    }

    private mutating func suspend(_ index: Int, _ order: Order, at now: Instant, _ actions: inout [Action]) {
        let session = sessions[index]
        guard session.policy.resume != .never else {
            let reason = "its policy '\(session.policyName)' says Resume=never; use end"
            actions.append(
                .answer(order.client, order.session, .refused("'\(session.id)' would not come back: \(reason)")))
            return
        }
        guard session.life != nil else {
            let ended = "the session '\(session.id)' has ended; there is nothing to suspend"
            let outcome: OrderOutcome = session.isSuspended ? .done : .refused(ended)
            actions.append(.answer(order.client, order.session, outcome))
            return
        }
        if let problem = recordProblem(of: session.id) {
            let refusal =
                "'\(session.id)' goes on: a suspended session is known by its record, and that cannot be kept: \(problem); "
                + "make room for it on the disk and try again, or use end"
            actions.append(.answer(order.client, order.session, .refused(refusal)))
            return
        }
        sessions[index].life?.waiting.append(order.client)
        stop(index, because: .suspended(by: order.by), suspends: true, from: .closeInput, at: now, &actions)
    }

    /// Ends a session, a suspended one too, and one that is just being suspended: it does not wait to come back.
    private mutating func end(
        _ index: Int, _ order: Order, cause: Cause, from step: EndingStep, at now: Instant, _ actions: inout [Action]
    ) {
        guard let life = sessions[index].life else {
            if sessions[index].isSuspended {
                sessions[index].isSuspended = false
                sessions[index].cause = cause
                sessions[index].endedAt = now
                actions.append(.save(order.session))
                actions.append(.log(LoggedEvent(.ended, order.session, LoggedEvent.details(of: cause))))
                removeOldestRecords(&actions)
            }
            actions.append(.answer(order.client, order.session, .done))
            return
        }
        sessions[index].life?.waiting.append(order.client)
        if life.ending?.cause != nil, life.status == nil {
            sessions[index].life?.ending?.cause = cause
            sessions[index].life?.ending?.suspends = false
        }
        stop(index, because: cause, suspends: false, from: step, at: now, &actions)
        if case .end = order.verb { sessions[index].life?.ending?.isFinal = true }
    }

    /// Its owner wants nothing of the session any more: what a next life would have needed goes.
    private mutating func archive(_ index: Int, _ actions: inout [Action]) {
        guard sessions[index].token != nil else { return }
        sessions[index].token = nil
        actions.append(.save(sessions[index].id))
    }

    private mutating func set(
        _ index: Int, _ policy: SessionPolicy, _ settings: [String], _ order: Order, at now: Instant,
        _ actions: inout [Action]
    ) {
        let before = SessionLimits(sessions[index].policy, within: budget)
        sessions[index].policy = policy
        sessions[index].settings = settings
        schedule(index, at: now)
        actions.append(.save(order.session))
        actions.append(
            .log(
                LoggedEvent(
                    .limitChanged, order.session, life: sessions[index].life?.number,
                    [("settings", .text(settings.joined(separator: " ")))])))
        let after = SessionLimits(policy, within: budget)
        guard let life = sessions[index].life, before != after else {
            actions.append(.answer(order.client, order.session, .done))
            return
        }
        sessions[index].life?.settingLimits.append(order.client)
        actions.append(.setLimits(LifeID(session: order.session, number: life.number), after))
    }

    mutating func handleLimits(_ id: LifeID, _ facts: CreationFacts, _ actions: inout [Action]) {
        guard let index = sessions.index(of: id), let life = sessions[index].life else { return }
        sessions[index].life?.enforcement = facts.enforcement
        sessions[index].life?.unenforced = facts.unenforced
        sessions[index].life?.settingLimits = []
        for client in life.settingLimits { actions.append(.answer(client, id.session, .done)) }
    }
}
