import PinfoldJSON

/// An agent that is being ended.
struct Leaving: Hashable, Sendable {
    let reason: Reason
    /// Its input is closed then at the latest.
    var until: Duration
    /// The controller that decided it is gone, and the next one does not know of it.
    var isForgotten = false
    /// v2: conversations whose turn was cut for it.
    var cut: Set<ConversationID> = []
    /// The one that was just being opened again: what is still replayed of it the client has.
    var halfOpen: ConversationID?
}

extension Conversation {
    /// The one that is being opened again, or was when the agent was asked to leave.
    var halfOpen: ConversationID? {
        if case .leaving(let leaving) = agent { return leaving.halfOpen }
        return reopening?.conversation
    }

    /// First stage of an ending: turns are cancelled, conversations closed, then the input.
    mutating func leave(_ reason: Reason, _ closing: Closing) {
        // What we reported meanwhile takes the decision back at the other end too: both count the same reports.
        if closing.isRefusable, closing.reports != reports { return }
        switch agent {
        case .greeted, .here: break
        case .away, .coming, .leaving, .finished: return
        }
        var leaving = Leaving(reason: reason, until: now + closing.grace / 2)
        leaving.cut = cutTurns(of: nil)
        leaving.halfOpen = reopening?.conversation
        agent = .leaving(leaving)
        dropReopening()
        if greeting?.abilities.closes == true {
            for (id, conversation) in known where conversation.isOpen {
                let params: JSON = ["sessionId": id.value]
                call(.closing(id), "session/close", params: params.serialized())
            }
        }
        finishClosing()
    }

    /// What was being opened again has to wait for the next life.
    private mutating func dropReopening() {
        reopening = nil
        own = [:]
    }

    /// Once all are closed and every cut turn is over, the agent may go.
    mutating func finishClosing() {
        guard case .leaving(let leaving) = agent else { return }
        let isClosing = own.values.contains { if case .closing = $0 { true } else { false } }
        guard !isClosing, !fromClient.all.contains(where: \.isCut), leaving.cut.isDisjoint(with: running) else {
            return
        }
        closeInput()
    }

    /// Cancels turns, and the questions to a human that belong to them.
    ///
    /// - Parameter only: whose; nil for all, and for questions that belong to none.
    /// - Returns: whose they were.
    mutating func cutTurns(of only: ConversationID?) -> Set<ConversationID> {
        var cut = running
        for question in fromClient.all where question.method == .prompt {
            if let id = question.conversation { cut.insert(id) }
        }
        if let only { cut.formIntersection([only]) }
        for id in cut.sorted(by: { $0.description < $1.description }) {
            let params: JSON = ["sessionId": id.value]
            toAgent(Wording.call("session/cancel", params))
        }
        cancelQuestions { question in
            question.conversation.map { cut.contains($0) } ?? (only == nil)
        }
        fromClient.cut { question in
            question.method == .prompt && question.conversation.map { cut.contains($0) } == true
        }
        return cut
    }

    /// Answers for the human whom the agent asked.
    mutating func cancelQuestions(where isMeant: (Question) -> Bool) {
        for question in fromAgent.all where question.method.asksHuman && isMeant(question) {
            guard let taken = fromAgent.close(question.id) else { continue }
            toAgent(
                Wording.answer(renamed.removeValue(forKey: taken.id) ?? taken.writtenID, result: Self.cancelledOutcome))
            withdraw(taken)
        }
    }

    /// The client need not answer any more; if it does, nobody hears it.
    private mutating func withdraw(_ question: Question) {
        stale.append(question.id)
        if question.method == Self.terminalCreation { terminals.late[question.id] = .some(question.conversation) }
        let params = Array(#"{"requestId":"#.utf8) + question.writtenID + "}".utf8
        toClient(Wording.call("$/cancel_request", id: nil, params: params))
    }

    /// The life is over: every question gets its answer.
    mutating func endLife(_ end: LifeEnd) {
        guard isRunning else { return }
        let wasReady = if case .greeted = agent { false } else { reopening == nil }
        let wasForgotten = if case .leaving(let leaving) = agent { leaving.isForgotten } else { false }
        let leftByItself = end.reason.kind == "exited" || end.reason.kind == "signaled"
        for question in fromClient.closeAll() {
            let failure = leftByItself ? Self.abandoned(end.reason) : Self.cut(end.reason)
            toClient(failure.answer(to: question.writtenID))
        }
        for id in running.sorted(by: { $0.description < $1.description }) {
            toClient(Self.idleUpdate(id, meta: ["cause": end.reason.json]))
        }
        running = []
        for question in fromAgent.closeAll() { withdraw(question) }
        releaseTerminals()
        renamed = [:]
        reopening = nil
        own = [:]
        for id in known.keys {
            known[id]?.isOpen = false
            known[id]?.awaitsReplay = false
            // A name that nobody kept may mean another one in the next life.
            if known[id]?.isReplaceable == true { known[id]?.agentID = nil }
        }
        // What was to be suspended is, whoever was left to see it.
        guard !end.isSuspended, !wasForgotten else {
            agent = .away
            return
        }
        if !wasReady, leftByItself || end.reason.kind == "start_failed" {
            agent = .away
            say("the agent left before the conversation could go on: \(end.reason.message)")
            // To try again at once could go on for ever.
            failHeld(end.reason.message, kind: RepeatedFailure.Kind.left)
            return
        }
        answerHeld { leftByItself ? Self.unknown(end.reason.message, for: $0) : Self.cut(end.reason) }
        finish(end.exitCode)
    }
}
