import PinfoldJSON

/// What the client says.
extension Conversation {
    /// The agent gets what comes in order. Only answers and cancellations may overtake what is held: they are about what
    /// the agent already has.
    mutating func hearClient(_ bytes: [UInt8], isWhole: Bool) {
        guard let line = Line(bytes, isWhole: isWhole) else {
            passUnread(bytes, isWhole: isWhole)
            return
        }
        let fates = line.messages.map { overtake(line, $0) }
        guard fates.contains(where: { $0 == .waits }) else {
            if let bytes = line.passing(fates.map(\.fate)) { send(bytes, isWhole: isWhole) }
            return
        }
        // What overtakes goes first, by itself, where it shares a line with what must wait.
        if let early = line.passing(fates.map { $0 == .waits ? .stays : $0.fate }) { send(early, isWhole: true) }
        guard let rest = line.passing(fates.map { $0 == .waits ? .passes : .stays }) else { return }
        if let kept = Line(rest, isWhole: isWhole) { held.append(kept) }
    }

    private mutating func send(_ bytes: [UInt8], isWhole: Bool) {
        guard isRunning, !inputIsClosed else { return }
        actions.append(.toAgent(withAgentNames(bytes), endsLine: isWhole))
    }

    /// What is no message is passed on while that changes nothing; an agent that is away is not woken for it.
    private mutating func passUnread(_ bytes: [UInt8], isWhole: Bool) {
        let prefix = Prefix(bytes)
        if agent == .here, held.isEmpty, reopening == nil {
            if isWhole, let question = Question(prefix) { fromClient.open(question) }
            send(bytes, isWhole: isWhole)
        } else if prefix.isAnswer {
            return
        } else if bytes.contains(where: { $0 > 0x20 }) {
            toClient(
                Wording.failure(
                    (isWhole ? prefix.id : nil) ?? Array("null".utf8), .parseError,
                    "this line is no message of JSON-RPC", [:]))
        }
    }

    private enum Way: Hashable {
        case waits
        case overtakes(Line.Fate)

        var fate: Line.Fate {
            switch self {
            case .waits: .passes
            case .overtakes(let fate): fate
            }
        }
    }

    private mutating func overtake(_ line: Line, _ message: Message) -> Way {
        switch message.kind {
        case .answer(let id, _): return .overtakes(answer(line, message, id))
        case .notification(.cancel): return .overtakes(cancel(line, message))
        case .notification(.cancelRequest): return .overtakes(cancelRequest(line, message))
        case .request(_, .close):
            let isAwaited = line.conversation(message).map { id in held.contains { $0.speaks(of: id) } } ?? false
            return !isAwaited && closeForgotten(line, message) ? .overtakes(.stays) : .waits
        case .request, .notification, .other: return .waits
        }
    }

    /// An answer passes only where its question is open: the agent of another life never asked.
    private mutating func answer(_ line: Line, _ message: Message, _ id: RequestID) -> Line.Fate {
        if terminals.releasing.remove(id) != nil { return .stays }
        if let question = fromAgent.close(id) {
            if question.method == Self.terminalCreation { noteTerminal(line, message, in: question.conversation) }
            guard isRunning, !question.isCut else { return .stays }
            guard let written = renamed.removeValue(forKey: id), let edit = line.settingID(of: message, to: written)
            else { return .passes }
            return .changes([edit])
        }
        if id.isNull { return agent == .here ? .passes : .stays }
        if let index = stale.firstIndex(of: id) {
            stale.remove(at: index)
            if let conversation = terminals.late.removeValue(forKey: id) {
                noteTerminal(line, message, in: conversation)
                releaseTerminals()
            }
        } else {
            say("the client answered a question that is not open; the answer was dropped")
        }
        return .stays
    }

    /// The turn may be held still: then nobody but the client needs to hear of it.
    private mutating func cancel(_ line: Line, _ message: Message) -> Line.Fate {
        guard let conversation = line.conversation(message) else { return agent == .here ? .passes : .stays }
        let cut = takeHeld { line, message in
            message.method == .prompt && line.conversation(message) == conversation
        }
        for (line, message) in cut { answerCancelled(line, message, conversation) }
        switch agent {
        case .here:
            // Cancelling what is not running is harmless, but a conversation that is not open is an error.
            return hasTurn(conversation) || known[conversation]?.isOpen != false ? .passes : .stays
        case .leaving: return .stays
        case .away, .coming, .greeted, .finished: return .stays
        }
    }

    private mutating func answerCancelled(_ line: Line, _ message: Message, _ conversation: ConversationID) {
        guard let id = line.copy(message.id) else { return }
        if isVersion2 {
            toClient(Wording.answer(id, result: Array("{}".utf8)))
            toClient(Self.idleUpdate(conversation, meta: nil))
        } else {
            toClient(Wording.answer(id, result: Array(#"{"stopReason":"cancelled"}"#.utf8)))
        }
    }

    private mutating func cancelRequest(_ line: Line, _ message: Message) -> Line.Fate {
        guard let slice = line.member("requestId", at: message.params), let json = line.json(at: slice.range),
            let id = RequestID(json)
        else { return agent == .here ? .passes : .stays }
        let cut = takeHeld { _, message in
            if case .request(id, _) = message.kind { true } else { false }
        }
        for (line, message) in cut {
            guard let written = line.copy(message.id) else { continue }
            toClient(Wording.failure(written, .cancelled, "cancelled by the client", [:]))
        }
        guard cut.isEmpty, agent == .here else { return .stays }
        return fromClient.contains(id) || held.isEmpty ? .passes : .stays
    }

    /// Nobody needs to be woken to close what no agent has open.
    mutating func closeForgotten(_ line: Line, _ message: Message) -> Bool {
        guard let conversation = line.conversation(message), known[conversation]?.isOpen == false,
            reopening?.conversation != conversation, let id = line.copy(message.id)
        else { return false }
        known[conversation] = nil
        toClient(Wording.answer(id, result: Array("{}".utf8)))
        return true
    }

    /// A line that was too long to keep. Its request must not wait for an answer for ever.
    mutating func refuseOverlong(_ prefix: Prefix) {
        say("the client sent a line that is longer than the cap; it was dropped")
        guard !prefix.isAnswer else { return }
        toClient(
            Wording.failure(
                prefix.id ?? Array("null".utf8), .invalidRequest,
                "the message is longer than the \(prefix.cap) that pinfold passes on; raise it with --line-cap", [:]))
    }
}
