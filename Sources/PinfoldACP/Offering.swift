import PinfoldJSON

/// Giving a former launcher's conversation to the client that asks for a new one.
extension Conversation {
    /// The request in a held line that a former launcher's conversation answers, and which.
    ///
    /// Only one in the same directory does: another project is another conversation.
    func offer(in line: Line) -> (conversation: ConversationID, request: RequestID)? {
        guard !line.isBatch, case .request(let request, .newConversation)? = line.messages.first?.kind,
            let directory = line.json(at: line.messages.first?.params)?["cwd"], greeting?.abilities.reopens == true
        else { return nil }
        let best = known.filter { $0.value.isOffered && $0.value.directory == directory }
            .max { $0.value.lastUsed < $1.value.lastUsed }
        return best.map { ($0.key, request) }
    }

    func heldParams(of request: RequestID) -> [UInt8]? {
        for line in held {
            for message in line.messages {
                if case .request(request, _) = message.kind { return line.copy(message.params) }
            }
        }
        return nil
    }

    private mutating func takeRequest(_ request: RequestID) -> [UInt8]? {
        takeHeld { _, message in
            if case .request(request, _) = message.kind { true } else { false }
        }.first.flatMap { line, message in line.copy(message.id) }
    }

    /// The client's request is answered with the conversation it already had.
    mutating func handOver(_ reopening: Reopening, to request: RequestID) {
        let use = nextUse()
        known[reopening.conversation]?.isOffered = false
        known[reopening.conversation]?.lastUsed = use
        guard let id = takeRequest(request) else { return }
        var result = reopening.result?.object ?? JSONObject()
        result["sessionId"] = reopening.conversation.value
        var meta = result["_meta"]?.object ?? JSONObject()
        meta["pinfold"] = ["resumed": true]
        result["_meta"] = .object(meta)
        say("the conversation '\(reopening.conversation)' goes on")
        toClient(Wording.answer(id, result: JSON.object(result).serialized()))
    }

    /// It is not to be had. Where it is gone for good the client gets the new one that it asked for, and is told.
    mutating func declineOffer(_ id: ConversationID, _ request: RequestID, _ failure: ReopeningFailure) {
        // Another old one would be no better answer to this request.
        for other in known.keys { known[other]?.isOffered = false }
        switch failure {
        case .gone(let why):
            say("the conversation '\(id)' is gone: \(why); a new one was started")
            known[id] = nil
            remark = ["resumed": false, "outcome": "gone", "message": .string(why)]
        case .unknown(let why, _):
            say("the conversation '\(id)' could not be continued: \(why)")
            answerHeldRequest(request) { Self.unknown(why, for: $0) }
        case .refused(let error):
            answerHeldRequest(request) { _ in .agents(error) }
        }
    }

    private mutating func answerHeldRequest(_ request: RequestID, _ failure: (Question) -> Failure) {
        let taken = takeHeld { _, message in
            if case .request(request, _) = message.kind { true } else { false }
        }
        for (line, message) in taken {
            guard case .request(let id, let method) = message.kind else { continue }
            let question = Question(line, message, id: id, method: method)
            toClient(failure(question).answer(to: question.writtenID))
        }
    }

    /// What the client must be told with the new conversation it is getting.
    mutating func takeRemark() -> JSON? {
        defer { remark = nil }
        return remark
    }

    func addingMeta(_ remark: JSON, to outcome: Range<Int>, in line: Line) -> JSONEdit? {
        guard let result = line.json(at: outcome)?.object else { return nil }
        var meta = result["_meta"]?.object ?? JSONObject()
        meta["pinfold"] = remark
        return line.setting("_meta", to: JSON.object(meta).serialized(), at: outcome)
    }
}
