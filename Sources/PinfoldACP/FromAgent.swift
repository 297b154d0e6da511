import PinfoldJSON

/// What the agent says.
extension Conversation {
    mutating func hearAgent(_ bytes: [UInt8], isWhole: Bool) {
        guard isRunning else { return }
        putOffDeadline()
        guard let written = Line(bytes) else {
            passUnread(bytes, isWhole: isWhole)
            return
        }
        let line = withClientNames(written)
        let fates = line.messages.map { message -> Line.Fate in
            switch message.kind {
            case .answer(let id, let isError): hearAnswer(line, message, id, isError: isError)
            case .request(let id, let method): hearQuestion(line, message, id, method)
            case .notification(.update): hearUpdate(line, message)
            case .notification(.cancelRequest): hearCancelRequest(line, message)
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
        if isError, waitForLogin(question, line, message) { return .stays }
        if question.isCut, case .leaving(let leaving) = agent {
            finishClosing()
            if isError || wasCancelled(line, message) {
                // The client cancelled nothing: what it is told is why the turn ended.
                toClient(Self.cut(leaving.reason).answer(to: question.writtenID))
                return .stays
            }
        }
        let edits = learn(from: question, line, message, isError: isError)
        guard let remark = question.remark, !isError, let outcome = message.outcome,
            let edit = addingMeta(remark, to: outcome, in: line)
        else { return edits.isEmpty ? .passes : .changes(edits) }
        return .changes(edits + [edit])
    }

    private func wasCancelled(_ line: Line, _ message: Message) -> Bool {
        line.text("stopReason", at: message.outcome) == "cancelled"
    }

    /// What the next life must know.
    ///
    /// - Returns: what the client must be told otherwise.
    private mutating func learn(
        from question: Question, _ line: Line, _ message: Message, isError: Bool
    ) -> [JSONEdit] {
        if question.method != .list { lists.forget() }
        guard !isError else {
            if question.method == .prompt, let id = question.conversation { running.remove(id) }
            return []
        }
        switch question.method {
        case .initialize:
            guard let result = line.json(at: message.outcome) else { return [] }
            let abilities = Abilities(result)
            greeting = Greeting(
                params: question.params ?? Array("{}".utf8), version: abilities.version, abilities: abilities)
        case .authenticate(let method):
            login = Login(method: method, params: question.params ?? Array("{}".utf8))
            loginState = .done
        case .logout: login = nil
        case .newConversation, .fork:
            guard let written = line.text("sessionId", at: message.outcome) else { return [] }
            let name = ConversationID(written)
            let id = clientName(for: name)
            note(id, openedWith: question.params, line.json(at: message.outcome))
            if question.method == .fork { noteFork(id, of: question.conversation) }
            guard id != name else { return [] }
            known[id]?.agentID = name
            nameAgain()
            guard let outcome = message.outcome,
                let edit = line.setting("sessionId", to: id.value.serialized(), at: outcome)
            else { return [] }
            return [edit]
        case .load, .resume:
            guard let id = question.conversation else { return [] }
            let wasReplayed = replayed.remove(id) != nil
            let result = line.json(at: message.outcome)
            note(id, openedWith: question.params, result)
            noteMode(of: id, result?["modes"]?["currentModeId"]?.string)
            known[id]?.isSaved = true
            if wasReplayed { known[id]?.hasHistory = true }
        case .close, .delete:
            guard let id = question.conversation else { return [] }
            known[id] = nil
            told.forget(id)
            running.remove(id)
        case .prompt:
            guard let id = question.conversation, known[id]?.hasHistory == false, !question.isCommand,
                !wasCancelled(line, message)
            else { return [] }
            known[id]?.hasHistory = true
        case .choose(let method):
            guard let id = question.conversation, let params = question.params else { return [] }
            let key = (try? JSON.parse(params))?["configId"]?.string ?? ""
            known[id]?.choose(.init(method: method, key: key, params: params))
            noteOptions(of: id, line.json(at: member("configOptions", of: message, line)), isChoice: false)
        case .list:
            if let result = line.copy(message.outcome) { lists.note(question.params ?? [], result) }
        case .cancel, .update, .ask, .cancelRequest, .other: break
        }
        return []
    }

    private func member(_ name: String, of message: Message, _ line: Line) -> Range<Int>? {
        line.member(name, at: message.outcome)?.range
    }

    /// - Parameter result: what the agent said of it: that is how it is now, whatever was chosen before.
    private mutating func note(_ id: ConversationID, openedWith params: [UInt8]?, _ result: JSON?) {
        var conversation = known[id] ?? KnownConversation(params: [], isOpen: true)
        conversation.params = params ?? Array("{}".utf8)
        conversation.isOpen = true
        conversation.isOffered = false
        conversation.lastUsed = nextUse()
        conversation.choices = []
        known[id] = conversation
        noteOptions(of: id, result?["configOptions"], isChoice: false)
    }

    private mutating func noteFork(_ id: ConversationID, of source: ConversationID?) {
        guard let source, let original = known[source] else { return }
        let params = known[id]?.paramsWithoutID ?? []
        known[id]?.params = params
        known[id]?.source = source
        known[id]?.hasHistory = original.hasHistory
        known[id]?.wasPrompted = original.wasPrompted
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
        if method == .other("terminal/release") {
            terminals.forget(line.text("terminalId", at: message.params))
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

    /// The agent knows its request by the id that it gave it.
    private mutating func hearCancelRequest(_ line: Line, _ message: Message) -> Line.Fate {
        guard let slice = line.member("requestId", at: message.params), let written = line.copy(slice.range),
            let other = renamed.first(where: { $0.value == written })?.key
        else { return .passes }
        return .changes([JSONEdit(slice.range, with: other.text)])
    }

    static let cancelledOutcome = Array(#"{"outcome":{"outcome":"cancelled"}}"#.utf8)

    private mutating func hearUpdate(_ line: Line, _ message: Message) -> Line.Fate {
        guard let id = line.conversation(message) else { return .passes }
        if halfOpen == id {
            // The client has the history already, and what was chosen in its course is no choice of now.
            if reopening != nil { hearReplay(isHistory: line.isHistory(message)) }
            return told.isNews(line, message, of: id, isTransient: true) ? .passes : .stays
        }
        guard told.isNews(line, message, of: id) else { return .stays }
        if known[id]?.awaitsReplay == true, line.isHistory(message) { return .stays }
        if line.isHistory(message), fromClient.all.contains(where: { $0.method == .load && $0.conversation == id }) {
            replayed.insert(id)
        }
        if let update = line.member("update", at: message.params), update.kind == .object {
            switch line.text("sessionUpdate", at: update.range) {
            case "current_mode_update": noteMode(of: id, line.text("currentModeId", at: update.range))
            case "config_option_update":
                let options = line.json(at: line.member("configOptions", at: update.range)?.range)
                noteOptions(of: id, options, isChoice: true)
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
