/// The lease: a session lives while its launcher holds its connection.
extension SessionPool {
    /// After a new controller has taken over, launchers have this long to come back.
    static let leaseGrace = Duration.seconds(10)

    /// A connection is gone: whatever it waited for is dropped, whatever it held is lost.
    mutating func disconnect(_ client: ClientID, at now: Instant, _ actions: inout [Action]) {
        queue.removeAll { $0.request.client == client }
        for index in sessions.residents {
            sessions[index].life?.waiting.removeAll { $0 == client }
            sessions[index].life?.settingLimits.removeAll { $0 == client }
            guard let life = sessions[index].life, life.lease == client else { continue }
            loseLease(index, at: now, &actions)
        }
    }

    mutating func loseLease(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        guard let life = sessions[index].life else { return }
        sessions[index].life?.lease = nil
        sessions[index].life?.leaseDeadline = nil
        let id = LifeID(session: sessions[index].id, number: life.number)
        if life.state.isRunning { actions.append(.log(LoggedEvent(.leaseLost, id))) }
        let session = sessions[index]
        let isKept = life.keepsTree || session.policy.onLeaseLost != .stop
        let comesBack = life.state.isRunning && session.token != nil && session.policy.resume != .never
        apply(
            isKept ? .leaseLostKeeping : .leaseLost, to: index,
            ending: EndingReason(cause: .leaseLost, suspends: comesBack), at: now, &actions)
    }

    /// The launcher leaves, but in order: the command has its `TermSec=`, and what can come back is suspended. Unlike
    /// one whose launcher is lost, a session of `Resume=new` is too: somebody asked for its end in time.
    mutating func terminate(_ id: LifeID, at now: Instant, _ actions: inout [Action]) {
        guard let index = sessions.index(of: id) else { return }
        stop(
            index, because: .terminated, suspends: sessions[index].isResumable, from: .terminate, at: now, &actions)
    }

    /// A launcher is back after the controller was gone for a while. It is not activity.
    mutating func takeLease(_ id: LifeID, by client: ClientID, at now: Instant, _ actions: inout [Action]) {
        guard let index = sessions.index(of: id) else { return }
        sessions[index].life?.lease = client
        sessions[index].life?.leaseDeadline = nil
        // The launcher reports everything again over the new lease and counts its reports from zero.
        sessions[index].life?.turnReports = 0
        sessions[index].life?.launcherKeepsToken = false
        schedule(index, at: now)
        actions.append(.log(LoggedEvent(.leaseTaken, id)))
    }

    /// What a former controller left behind. The survivors keep running; their launchers are expected back.
    mutating func adopt(_ adoptions: [Adoption], at now: Instant, _ actions: inout [Action]) {
        for adoption in adoptions {
            var session = adoption.session
            guard sessions.index(of: session.id) == nil else { continue }
            if let adoptedLife = adoption.adoptedLife {
                var life = Life(
                    number: session.lives, startedAt: now, state: .running, facts: adoptedLife.facts,
                    keepsTree: adoptedLife.keepsTree)
                life.processID = adoptedLife.processID
                life.placement = adoptedLife.placement
                life.parent = adoptedLife.parent
                if adoptedLife.parent != nil { hasNested = true }
                life.leaseDeadline = adoptedLife.keepsTree ? nil : now + Self.leaseGrace
                // The former controller has usually logged it; a second event would be noise.
                life.loggedIdle = session.idleTime(at: now) >= session.policy.idleAfter
                session.life = life
            }
            if adoption.wasRunningAtReboot { endAtReboot(&session, at: now, &actions) }
            let index = sessions.append(session)
            schedule(index, at: now)
            if adoption.adoptedLife == nil {
                actions.append(.save(session.id))
            } else {
                // What is known of it has not changed by being read.
                actions.append(.log(LoggedEvent(.adopted, LifeID(session: session.id, number: session.lives))))
            }
        }
    }

    /// Neither the session nor its owner ended it, so it waits to come back, with a token or without, as after an
    /// eviction. See docs/decisions/0003.
    private func endAtReboot(_ session: inout Session, at now: Instant, _ actions: inout [Action]) {
        session.cause = .reboot
        session.isSuspended = session.policy.resume != .never
        session.endedAt = now
        let id = LifeID(session: session.id, number: session.lives)
        actions.append(
            .log(LoggedEvent(session.isSuspended ? .suspended : .ended, id, LoggedEvent.details(of: .reboot))))
    }
}
