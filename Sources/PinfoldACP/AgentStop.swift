import PinfoldJSON

/// An agent that is being ended.
struct AgentStop: Hashable, Sendable {
    let reason: Reason
    /// Its input is closed then at the latest.
    var until: Duration
    /// The controller that decided it is gone, and the next one does not know of it.
    var isForgotten = false
    /// v2: conversations whose turn was cut for it.
    var cut: Set<ACPSessionID> = []
    /// The one that was just being opened again: what is still replayed of it the client has.
    var sessionBeingResumed: ACPSessionID?
}

extension ACPRelay {
    /// The one that is being opened again, or was when the agent was asked to leave.
    var sessionBeingResumed: ACPSessionID? {
        if case .stopping(let stop) = agent { return stop.sessionBeingResumed }
        return resumption?.session
    }

    /// First stage of an ending: turns are cancelled, conversations closed, then the input.
    mutating func beginStop(_ reason: Reason, _ inputClosing: InputClosing) {
        // What we reported meanwhile takes the decision back at the other end too: both count the same reports.
        if inputClosing.isRefusable, inputClosing.reports != reports { return }
        guard agent.step(on: .stopRequested) == .stop else { return }
        var stop = AgentStop(reason: reason, until: now + inputClosing.grace / 2)
        stop.cut = cutTurns(of: nil)
        stop.sessionBeingResumed = resumption?.session
        agent = .stopping(stop)
        // What was being resumed has to wait for the next life.
        relayRequests = [:]
        if initialization?.capabilities.closes == true {
            for (id, session) in sessions where session.isOpen {
                let params: JSON = ["sessionId": id.value]
                call(.close(id), "session/close", params: params.serialized())
            }
        }
        finishClosing()
    }

    /// Once all are closed and every cut turn is over, the agent may go.
    mutating func finishClosing() {
        guard case .stopping(let stop) = agent else { return }
        let isClosing = relayRequests.values.contains { if case .close = $0 { true } else { false } }
        guard !isClosing, !fromClient.all.contains(where: \.isCut), stop.cut.isDisjoint(with: running) else {
            return
        }
        closeInput()
    }

    /// Cancels turns, and the questions to a human that belong to them.
    ///
    /// - Parameter only: whose; nil for all, and for questions that belong to none.
    /// - Returns: whose they were.
    mutating func cutTurns(of only: ACPSessionID?) -> Set<ACPSessionID> {
        var cut = running
        for pending in fromClient.all where pending.method == .prompt {
            if let id = pending.session { cut.insert(id) }
        }
        if let only { cut.formIntersection([only]) }
        for id in cut.sorted(by: { $0.description < $1.description }) {
            let params: JSON = ["sessionId": id.value]
            toAgent(Wording.call("session/cancel", params))
        }
        cancelAgentRequests { pending in
            pending.session.map { cut.contains($0) } ?? (only == nil)
        }
        fromClient.cut { pending in
            pending.method == .prompt && pending.session.map { cut.contains($0) } == true
        }
        return cut
    }

    /// Answers for the human whom the agent asked.
    mutating func cancelAgentRequests(where isMeant: (PendingRequest) -> Bool) {
        for pending in fromAgent.all where pending.method.asksHuman && isMeant(pending) {
            guard let taken = fromAgent.close(pending.id) else { continue }
            toAgent(
                Wording.response(
                    renamed.removeValue(forKey: taken.id) ?? taken.writtenID, result: Self.cancelledOutcome))
            withdraw(taken)
        }
    }

    /// The client need not answer any more; a late answer is dropped.
    private mutating func withdraw(_ pending: PendingRequest) {
        stale.append(pending.id)
        if pending.method == Self.terminalCreation { terminals.late[pending.id] = .some(pending.session) }
        let params = Array(#"{"requestId":"#.utf8) + pending.writtenID + "}".utf8
        toClient(Wording.call("$/cancel_request", id: nil, params: params))
    }

    /// The life is over: every question gets its answer.
    mutating func endLife(_ end: LifeEnd) {
        guard agent.isRunning else { return }
        let wasForgotten = if case .stopping(let stop) = agent { stop.isForgotten } else { false }
        let leftByItself = end.reason.kind == "exited" || end.reason.kind == "signaled"
        // A life that was to be suspended is, even if its controller is gone.
        let event: AgentEvent =
            if end.isSuspended || wasForgotten {
                .suspended
            } else if leftByItself || end.reason.kind == "start_failed" {
                .left
            } else {
                .ended
            }
        let step = agent.step(on: event)
        for pending in fromClient.closeAll() {
            let failure = leftByItself ? Self.abandoned(end.reason) : Self.cut(end.reason)
            toClient(failure.response(to: pending.writtenID))
        }
        for id in running.sorted(by: { $0.description < $1.description }) {
            toClient(Self.idleUpdate(id, meta: ["cause": end.reason.json]))
        }
        running = []
        for pending in fromAgent.closeAll() { withdraw(pending) }
        releaseTerminals()
        renamed = [:]
        relayRequests = [:]
        for id in sessions.keys {
            sessions[id]?.isOpen = false
            sessions[id]?.awaitsReplay = false
            // A name that was not saved may belong to another session in the next life.
            if sessions[id]?.isReplaceable == true { sessions[id]?.agentID = nil }
        }
        switch step {
        case .rest: agent = .absent
        case .fail:
            agent = .absent
            log("the agent left before the conversation could go on: \(end.reason.message)")
            failBuffered(end.reason.message, kind: RepeatedFailure.Kind.left)
        default:
            respondToBuffered { leftByItself ? Self.unknown(end.reason.message, for: $0) : Self.cut(end.reason) }
            finish(end.exitCode)
        }
    }
}
