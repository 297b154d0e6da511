import PinfoldJSON

/// What the agent says.
extension Conversation {
    mutating func hearAgent(_ bytes: [UInt8], isWhole: Bool) {
        guard isRunning else { return }
        putOffDeadline()
        guard let line = Line(bytes) else {
            passUnread(bytes, isWhole: isWhole)
            return
        }
        let fates = line.messages.map { message -> Line.Fate in
            switch message.kind {
            case .answer(let id, let isError): hearAnswer(line, message, id, isError: isError)
            case .request(let id, let method): hearQuestion(line, message, id, method)
            case .notification(.update): hearUpdate(line, message)
            case .notification, .other: .passes
            }
        }
        if let bytes = line.passing(fates) { actions.append(.toClient(bytes, endsLine: isWhole)) }
    }

    /// What is no message is passed on, unless it answers what nobody asked.
    private mutating func passUnread(_ bytes: [UInt8], isWhole: Bool) {
        let prefix = Prefix(bytes)
        if prefix.isAnswer, let id = prefix.requestID {
            if let call = own.removeValue(forKey: id) { return failOwn(call, "the agent's answer is not JSON") }
            guard fromClient.close(id) != nil else { return }
        } else if let question = Question(prefix), !question.id.isNull {
            fromAgent.open(question)
        } else if agent != .here || reopening != nil {
            // Noise while we greet it ourselves is nothing the client asked for.
            return
        }
        actions.append(.toClient(bytes, endsLine: isWhole))
    }

    /// A slow agent that still says something is not hung.
    private mutating func putOffDeadline() {
        let until = now + options.patience
        switch agent {
        case .greeted: agent = .greeted(until: until)
        case .here:
            reopening?.until = until
            if initializeUntil != nil { initializeUntil = now + firstPatience }
        case .away, .coming, .leaving, .finished: break
        }
    }

    // MARK: Answers

    private mutating func hearAnswer(
        _ line: Line, _ message: Message, _ id: RequestID, isError: Bool
    ) -> Line.Fate {
        if let call = own.removeValue(forKey: id) {
            hearOwn(call, line, message, isError: isError)
            return .stays
        }
        guard let question = fromClient.close(id) else {
            // An error without an id is about a line that could not be read, and whose it was nobody knows.
            if line.copy(message.id).map({ $0 == Array("null".utf8) }) == true { return .passes }
            say("the agent answered a question that is not open; the answer was dropped")
            return .stays
        }
        if question.isCut, case .leaving(let leaving) = agent {
            finishClosing()
            if isError || wasCancelled(line, message) {
                // The client cancelled nothing: what it is told is why the turn ended.
                toClient(Self.cut(leaving.reason).answer(to: question.writtenID))
                return .stays
            }
        }
        learn(from: question, line, message, isError: isError)
        guard let remark = question.remark, !isError, let outcome = message.outcome,
            let edit = addingMeta(remark, to: outcome, in: line)
        else { return .passes }
        return .changes([edit])
    }

    private func wasCancelled(_ line: Line, _ message: Message) -> Bool {
        line.text("stopReason", at: message.outcome) == "cancelled"
    }

    /// What the next life must know.
    private mutating func learn(from question: Question, _ line: Line, _ message: Message, isError: Bool) {
        if question.method != .list { lists.forget() }
        guard !isError else {
            if question.method == .prompt, let id = question.conversation { running.remove(id) }
            return
        }
        switch question.method {
        case .initialize:
            guard let result = line.json(at: message.outcome) else { return }
            let abilities = Abilities(result)
            greeting = Greeting(
                params: question.params ?? Array("{}".utf8), version: abilities.version, abilities: abilities)
        case .authenticate(let method): login = Login(method: method, params: question.params ?? Array("{}".utf8))
        case .logout: login = nil
        case .newConversation:
            guard let id = line.text("sessionId", at: message.outcome) else { return }
            note(ConversationID(id), openedWith: question.params)
        case .load, .resume:
            guard let id = question.conversation else { return }
            note(id, openedWith: question.params)
            known[id]?.hasHistory = true
        case .close, .delete:
            guard let id = question.conversation else { return }
            known[id] = nil
            running.remove(id)
        case .prompt:
            guard let id = question.conversation, known[id]?.hasHistory == false else { return }
            known[id]?.hasHistory = true
        case .choose(let method):
            guard let id = question.conversation, let params = question.params else { return }
            let key = (try? JSON.parse(params))?["configId"]?.string ?? ""
            known[id]?.choose(.init(method: method, key: key, params: params))
        case .list:
            if let result = line.copy(message.outcome) { lists.note(question.params ?? [], result) }
        case .cancel, .update, .ask, .cancelRequest, .other: break
        }
    }

    private mutating func note(_ id: ConversationID, openedWith params: [UInt8]?) {
        var conversation = known[id] ?? KnownConversation(params: [], isOpen: true)
        conversation.params = params ?? Array("{}".utf8)
        conversation.isOpen = true
        conversation.isOffered = false
        conversation.lastUsed = nextUse()
        known[id] = conversation
    }

    // MARK: Questions and news

    private mutating func hearQuestion(
        _ line: Line, _ message: Message, _ id: RequestID, _ method: Method
    ) -> Line.Fate {
        if case .leaving = agent, case .ask = method {
            // Whoever is being ended needs no human's answer any more.
            toAgent(Wording.answer(line.copy(message.id) ?? id.text, result: Self.cancelledOutcome))
            return .stays
        }
        // Some agents write a notification so. Where it is a request, its answer passes by the same id.
        guard !id.isNull else { return .passes }
        let question = Question(line, message, id: id, method: method)
        guard stale.contains(id) || fromAgent.contains(id) && renamed[id] != nil else {
            fromAgent.open(question)
            return .passes
        }
        // The client still has a question by this id, of an agent that is gone: its answer must not become this one's.
        let other = newID(like: id)
        guard let edit = line.settingID(of: message, to: other.text) else { return .passes }
        renamed[other] = question.writtenID
        fromAgent.open(Question(renaming: question, to: other))
        return .changes([edit])
    }

    static let cancelledOutcome = Array(#"{"outcome":{"outcome":"cancelled"}}"#.utf8)

    private mutating func hearUpdate(_ line: Line, _ message: Message) -> Line.Fate {
        guard let id = line.conversation(message) else { return .passes }
        if reopening?.conversation == id {
            // The client has the history already, and what was chosen in its course is no choice of now.
            reopening?.replayed += 1
            return .stays
        }
        if let update = line.member("update", at: message.params), update.kind == .object {
            switch line.text("sessionUpdate", at: update.range) {
            case "current_mode_update":
                if let mode = line.text("currentModeId", at: update.range) {
                    let params: JSON = ["sessionId": id.value, "modeId": .string(mode)]
                    known[id]?.choose(.init(method: "session/set_mode", key: "", params: params.serialized()))
                }
            case "state_update":
                let state = line.text("state", at: update.range)
                if state == "running", isVersion2, agent == .here, known[id] != nil { running.insert(id) }
                if state == "idle" {
                    running.remove(id)
                    if known[id]?.hasHistory == false { known[id]?.hasHistory = true }
                    if case .leaving(let leaving) = agent, leaving.cut.contains(id) {
                        finishClosing()
                        toClient(Self.idleUpdate(id, meta: ["cause": leaving.reason.json]))
                        return .stays
                    }
                }
            case "session_info_update": lists.forget()
            case let kind: noteActivity(in: id, kind)
            }
        }
        return .passes
    }

    mutating func dropOverlong(_ prefix: Prefix) {
        guard isRunning else { return }
        say("the agent sent a line that is longer than the cap; it was dropped")
        let message = "the message is longer than the \(prefix.cap) that pinfold passes on; raise it with --line-cap"
        guard let written = prefix.id, let id = prefix.requestID else { return }
        if prefix.isAnswer {
            if let call = own.removeValue(forKey: id) {
                failOwn(call, message)
            } else if let question = fromClient.close(id) {
                toClient(Wording.failure(question.writtenID, .internalError, message, [:]))
            }
        } else {
            toAgent(Wording.failure(written, .invalidRequest, message, [:]))
        }
    }
}
