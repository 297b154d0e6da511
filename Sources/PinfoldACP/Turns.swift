/// Whether the agent is in use, as the controller must know it.
extension ACPRelay {
    mutating func report() {
        guard isWorkStale, agent.isRunning, !agent.isStopping else { return }
        isWorkStale = false
        turns.update(openWork, at: now)
        let report = turns.report(at: now)
        guard !report.isSame(as: reported) else { return }
        reported = report
        reports += 1
        actions.append(.report(report))
    }

    /// All that is not yet answered, by whose it is.
    ///
    /// What the agent asks of its client, a file or a terminal, is no work of its own: it belongs to a turn, and where
    /// none is open an agent may wait for the end of a terminal for ever.
    private var openWork: [OpenTurns.Owner: OpenTurns.Work] {
        var work: [OpenTurns.Owner: OpenTurns.Work] = [:]
        // What is unknown counts as use: an agent that was not initialized yet, or that something is held for.
        if agent != .ready || !buffered.isEmpty { work[.opening] = .init() }
        let asked = fromAgent.all.filter(\.method.asksHuman)
        let waiting = Set(asked.map(\.session))
        for id in running { work[.session(id)] = .init(isWaiting: waiting.contains(id)) }
        for pending in fromClient.all {
            let isWaiting = waiting.contains(pending.session)
            if pending.method == .prompt, let id = pending.session {
                // With the answer of the first prompt the time of the next one begins.
                let isFirst = work[.session(id)] == nil
                if isFirst { work[.session(id)] = .init(isWaiting: isWaiting, prompt: pending.id) }
            } else if pending.method.isUse || !pending.id.isNull {
                work[.request(pending.id)] = .init(isWaiting: isWaiting, isUse: pending.method.isUse)
            }
        }
        // A question outside of any turn has a time of its own.
        let owners = Set(running.map(Optional.some) + fromClient.all.map(\.session))
        for pending in asked where !owners.contains(pending.session) {
            work[.agentRequest(pending.id)] = .init(isWaiting: true)
        }
        return work
    }

    /// A turn takes too long; the agent lives on if it obeys.
    ///
    /// - Parameter number: which, as it was reported; nil for all.
    mutating func cancelTurns(_ reason: Reason, _ number: UInt64?) {
        // As at its end, there has to be an agent that takes messages.
        guard agent.step(on: .stopRequested) == .stop else { return }
        guard let number else {
            log(reason.message)
            cancelTurnsOfSession(nil)
            return
        }
        // It may be over by now.
        guard let owner = turns.cancel(number) else { return }
        isWorkStale = true
        switch owner {
        case .session(let id):
            log("\(reason.message); cancelled in the conversation '\(id)'")
            cancelTurnsOfSession(id)
        case .request(let id):
            log("\(reason.message); the request \(String(decoding: id.text, as: UTF8.self)) was cancelled")
            let params = Array(#"{"requestId":"#.utf8) + id.text + "}".utf8
            toAgent(Wording.call("$/cancel_request", id: nil, params: params))
        case .agentRequest(let id):
            log(reason.message)
            cancelAgentRequests { $0.id == id }
        case .opening:
            if case .initializing = agent {
                failInitialize(reason.message)
            } else {
                failResumption(.unknown(reason.message, kind: 0))
            }
        }
    }

    private mutating func cancelTurnsOfSession(_ id: ACPSessionID?) {
        _ = cutTurns(of: id)
        // The agent's own answer is forwarded: the turn was cancelled.
        fromClient.uncut()
    }

    /// An agent may work on after the turn's end, and must not be evicted meanwhile. Once a second is enough.
    mutating func recordActivity(in id: ACPSessionID, _ kind: String?) {
        guard agent.isInitialized, !hasTurn(id), lastActivity.map({ now - $0 >= .seconds(1) }) ?? true else { return }
        switch kind {
        // These describe a state, and come without use.
        case "available_commands_update", "config_option_update", "session_info_update", "usage_update": return
        default: break
        }
        lastActivity = now
        actions.append(.reportActivity)
    }

    func hasTurn(_ id: ACPSessionID) -> Bool {
        running.contains(id) || fromClient.all.contains { $0.method == .prompt && $0.session == id }
    }

    var isVersion2: Bool { (initialization?.version ?? 1) >= 2 }
}

extension Method {
    /// Whether it counts as use of the agent. A list, a health check or whatever else an extension asks is none.
    fileprivate var isUse: Bool {
        switch self {
        case .initialize, .authenticate, .newSession, .fork, .load, .resume, .close, .prompt, .choose: true
        case .logout, .delete, .list, .cancel, .update, .askHuman, .cancelRequest, .other: false
        }
    }

    var asksHuman: Bool {
        if case .askHuman = self { true } else { false }
    }
}
