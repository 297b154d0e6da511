/// What waits for the agent, and its way to it.
extension Conversation {
    /// Passes on what is held, for as long as nothing stands in the way.
    mutating func drain() {
        if agent == .away { answerLists() }
        if agent == .away, held.contains(where: \.wakes) {
            agent = .coming
            actions.append(.startAgent)
        }
        while agent == .here, reopening == nil, let line = held.first {
            if let conversation = firstClosed(in: line) {
                reopen(conversation)
            } else if let offer = offer(in: line) {
                reopen(offer.conversation, for: offer.request)
            } else {
                held.removeFirst()
                pass(line)
            }
        }
    }

    /// A conversation that the line speaks of and that this life's agent has not open.
    private func firstClosed(in line: Line) -> ConversationID? {
        // Before the client has greeted this agent, what it says of conversations is its own affair.
        guard greeting != nil else { return nil }
        for message in line.messages {
            guard let method = message.method, !method.opensItself, let id = line.conversation(message) else {
                continue
            }
            if known[id]?.isOpen == false { return id }
        }
        return nil
    }

    /// To the agent, who will answer.
    private mutating func pass(_ line: Line) {
        let fates = line.messages.map { message -> Line.Fate in
            if case .request(_, .close) = message.kind, closeForgotten(line, message) { .stays } else { .passes }
        }
        guard let bytes = line.passing(fates) else { return }
        for (message, fate) in zip(line.messages, fates) where fate == .passes {
            guard case .request(let id, let method) = message.kind else { continue }
            var question = Question(line, message, id: id, method: method)
            failures = RepeatedFailure()
            if method == .newConversation { question.remark = takeRemark() }
            if method == .initialize, greeting == nil { initializeUntil = now + firstPatience }
            if method != .list { lists.forget() }
            if login != nil, loginState != .done, !line.isBatch, line.isWhole { question.retry = withAgentNames(bytes) }
            fromClient.open(question)
            guard let conversation = question.conversation else { continue }
            if method == .prompt, isVersion2 { running.insert(conversation) }
            let use = nextUse()
            known[conversation]?.lastUsed = use
            if method == .prompt { notePrompt(question, in: conversation) }
        }
        actions.append(.toAgent(withAgentNames(bytes), endsLine: line.isWhole))
    }

    private mutating func notePrompt(_ question: Question, in id: ConversationID) {
        guard let conversation = known[id] else { return }
        if let remark = conversation.remark {
            fromClient.remark(question.id, remark)
            known[id]?.remark = nil
        }
        known[id]?.awaitsReplay = false
        guard !question.isCommand else { return }
        known[id]?.wasPrompted = true
        // Neither it nor a copy of it can be made again from the other one.
        known[id]?.source = nil
        for (copy, other) in known where other.source == id { known[copy]?.source = nil }
    }

    /// Takes messages out of what is held; the others of their batch stay.
    mutating func takeHeld(where isWanted: (Line, Message) -> Bool) -> [(Line, Message)] {
        var taken: [(Line, Message)] = []
        var kept: [Line] = []
        for line in held {
            let fates = line.messages.map { isWanted(line, $0) ? Line.Fate.stays : .passes }
            for (message, fate) in zip(line.messages, fates) where fate == .stays { taken.append((line, message)) }
            if fates.allSatisfy({ $0 == .passes }) {
                kept.append(line)
            } else if let rest = line.passing(fates).flatMap({ Line($0, isWhole: line.isWhole) }) {
                kept.append(rest)
            }
        }
        held = kept
        return taken
    }

    /// Answers what is held, each request with an error, so that nobody waits for ever.
    ///
    /// - Parameter concerning: nil for all.
    mutating func answerHeld(
        concerning conversation: ConversationID? = nil, _ failure: (Question) -> Failure
    ) {
        let taken = takeHeld { line, message in
            conversation == nil || message.method?.opensItself == false && line.conversation(message) == conversation
        }
        for (line, message) in taken {
            guard case .request(let id, let method) = message.kind else { continue }
            let question = Question(line, message, id: id, method: method)
            toClient(failure(question).answer(to: question.writtenID))
        }
    }
}

extension Line {
    func speaks(of conversation: ConversationID) -> Bool {
        messages.contains { self.conversation($0) == conversation }
    }

    /// Whether an agent is worth starting for it.
    var wakes: Bool {
        messages.contains { message in
            switch message.kind {
            case .request, .notification: true
            case .answer, .other: false
            }
        }
    }
}
