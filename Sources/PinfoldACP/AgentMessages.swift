import PinfoldJSON

/// Messages of the agent.
extension ACPRelay {
    mutating func receiveFromAgent(_ bytes: [UInt8], isWhole: Bool) {
        guard agent.isRunning else { return }
        putOffDeadline()
        guard let written = Line(bytes) else {
            forwardUnparsed(bytes, isWhole: isWhole)
            return
        }
        let line = withClientNames(written)
        let dispositions = line.messages.map { message -> Line.Disposition in
            switch message.kind {
            case .response(let id, let isError): receiveResponse(line, message, id, isError: isError)
            case .request(let id, let method): receiveRequest(line, message, id, method)
            case .notification(.update): receiveUpdate(line, message)
            case .notification(.cancelRequest): receiveCancelRequest(line, message)
            case .notification, .other: .forward
            }
        }
        if let bytes = line.applying(dispositions) { actions.append(.toClient(bytes, endsLine: isWhole)) }
    }

    /// Lines that are no message are forwarded, unless they answer a request that is not open.
    private mutating func forwardUnparsed(_ bytes: [UInt8], isWhole: Bool) {
        let header = MessageHeader(bytes)
        if header.isResponse, let id = header.requestID {
            if let call = relayRequests.removeValue(forKey: id) {
                return failRelayRequest(call, "the agent's answer is not JSON")
            }
            guard fromClient.close(id) != nil else { return }
        } else if let pending = PendingRequest(header), !pending.id.isNull {
            fromAgent.open(pending)
        } else if agent != .ready {
            // Noise during a handshake of the relay is not the client's.
            return
        }
        actions.append(.toClient(bytes, endsLine: isWhole))
    }

    /// A slow agent that still sends something is not hung.
    private mutating func putOffDeadline() {
        let until = now + options.responseTimeout
        switch agent {
        case .initializing: agent = .initializing(until: until)
        case .ready, .resuming:
            resumption?.until = until
            if initializeUntil != nil { initializeUntil = now + firstResponseTimeout }
        case .absent, .starting, .stopping, .finished: break
        }
    }

    // MARK: Answers

    private mutating func receiveResponse(
        _ line: Line, _ message: Message, _ id: RequestID, isError: Bool
    ) -> Line.Disposition {
        if let call = relayRequests.removeValue(forKey: id) {
            receiveRelayResponse(call, line, message, isError: isError)
            return .drop
        }
        guard let pending = fromClient.close(id) else {
            // An error without an id is about a line that could not be read, and whose line it was is not known.
            if line.copy(message.id).map({ $0 == Array("null".utf8) }) == true { return .forward }
            log("the agent answered a question that is not open; the answer was dropped")
            return .drop
        }
        if isError, awaitAuthentication(pending, line, message) { return .drop }
        if pending.isCut, case .stopping(let stop) = agent {
            finishClosing()
            if isError || wasCancelled(line, message) {
                // The client did not cancel: it receives the cause of the end.
                toClient(Self.cut(stop.reason).response(to: pending.writtenID))
                return .drop
            }
        }
        let edits = recordResponse(from: pending, line, message, isError: isError)
        guard let notice = pending.notice, !isError, let outcome = message.outcome,
            let edit = addingMeta(notice, to: outcome, in: line)
        else { return edits.isEmpty ? .forward : .edit(edits) }
        return .edit(edits + [edit])
    }

    private func wasCancelled(_ line: Line, _ message: Message) -> Bool {
        line.text("stopReason", at: message.outcome) == "cancelled"
    }

    /// What the next life must know.
    ///
    /// - Returns: edits of the answer for the client.
    private mutating func recordResponse(
        from pending: PendingRequest, _ line: Line, _ message: Message, isError: Bool
    ) -> [JSONEdit] {
        if pending.method != .list { listCache.forget() }
        guard !isError else {
            if pending.method == .prompt, let id = pending.session { running.remove(id) }
            return []
        }
        switch pending.method {
        case .initialize:
            guard let result = line.json(at: message.outcome) else { return [] }
            let capabilities = AgentCapabilities(result)
            initialization = Initialization(
                params: pending.params ?? Array("{}".utf8), version: capabilities.version, capabilities: capabilities)
        case .authenticate(let method):
            authentication = Authentication(method: method, params: pending.params ?? Array("{}".utf8))
            authenticationState = .done
        case .logout: authentication = nil
        case .newSession, .fork:
            guard let written = line.text("sessionId", at: message.outcome) else { return [] }
            let name = ACPSessionID(written)
            let id = clientName(for: name)
            record(id, openedWith: pending.params, line.json(at: message.outcome))
            if pending.method == .fork { recordFork(id, of: pending.session) }
            guard id != name else { return [] }
            sessions[id]?.agentID = name
            nameAgain()
            guard let outcome = message.outcome,
                let edit = line.setting("sessionId", to: id.value.serialized(), at: outcome)
            else { return [] }
            return [edit]
        case .load, .resume:
            guard let id = pending.session else { return [] }
            let wasReplayed = replayed.remove(id) != nil
            let result = line.json(at: message.outcome)
            record(id, openedWith: pending.params, result)
            recordMode(of: id, result?["modes"]?["currentModeId"]?.string)
            sessions[id]?.isSaved = true
            if wasReplayed { sessions[id]?.hasHistory = true }
        case .close, .delete:
            guard let id = pending.session else { return [] }
            sessions[id] = nil
            forwardedUpdates.forget(id)
            running.remove(id)
        case .prompt:
            guard let id = pending.session, sessions[id]?.hasHistory == false, !pending.isCommand,
                !wasCancelled(line, message)
            else { return [] }
            sessions[id]?.hasHistory = true
        case .choose(let method):
            guard let id = pending.session, let params = pending.params else { return [] }
            let key = (try? JSON.parse(params))?["configId"]?.string ?? ""
            sessions[id]?.choose(.init(method: method, key: key, params: params))
            recordOptions(of: id, line.json(at: member("configOptions", of: message, line)), isChoice: false)
        case .list:
            if let result = line.copy(message.outcome) { listCache.record(pending.params ?? [], result) }
        case .cancel, .update, .askHuman, .cancelRequest, .other: break
        }
        return []
    }

    private func member(_ name: String, of message: Message, _ line: Line) -> Range<Int>? {
        line.member(name, at: message.outcome)?.range
    }

    /// - Parameter result: the agent's answer: it is the present state, whatever was chosen before.
    private mutating func record(_ id: ACPSessionID, openedWith params: [UInt8]?, _ result: JSON?) {
        var session = sessions[id] ?? ACPSession(params: [], isOpen: true)
        session.params = params ?? Array("{}".utf8)
        session.isOpen = true
        session.isInherited = false
        session.lastUsed = nextUse()
        session.choices = []
        sessions[id] = session
        recordOptions(of: id, result?["configOptions"], isChoice: false)
    }

    private mutating func recordFork(_ id: ACPSessionID, of source: ACPSessionID?) {
        guard let source, let original = sessions[source] else { return }
        let params = sessions[id]?.paramsWithoutID ?? []
        sessions[id]?.params = params
        sessions[id]?.source = source
        sessions[id]?.hasHistory = original.hasHistory
        sessions[id]?.wasPrompted = original.wasPrompted
    }

    // MARK: Requests and updates

    private mutating func receiveRequest(
        _ line: Line, _ message: Message, _ id: RequestID, _ method: Method
    ) -> Line.Disposition {
        if agent.isStopping, case .askHuman = method {
            // Whoever is being ended needs no human's answer any more.
            toAgent(Wording.response(line.copy(message.id) ?? id.text, result: Self.cancelledOutcome))
            return .drop
        }
        if method == .other("terminal/release") {
            terminals.forget(line.text("terminalId", at: message.params))
        }
        // Some agents write a notification so. Where it is a request, its answer passes by the same id.
        guard !id.isNull else { return .forward }
        let pending = PendingRequest(line, message, id: id, method: method)
        guard stale.contains(id) || fromAgent.contains(id) && renamed[id] != nil else {
            fromAgent.open(pending)
            return .forward
        }
        // The client still has a question by this id, of an agent that is gone: its answer must not become this one's.
        let other = newID(like: id)
        guard let edit = line.settingID(of: message, to: other.text) else { return .forward }
        renamed[other] = pending.writtenID
        fromAgent.open(PendingRequest(renaming: pending, to: other))
        return .edit([edit])
    }

    /// The agent knows its request by the id that it gave it.
    private mutating func receiveCancelRequest(_ line: Line, _ message: Message) -> Line.Disposition {
        guard let slice = line.member("requestId", at: message.params), let written = line.copy(slice.range),
            let other = renamed.first(where: { $0.value == written })?.key
        else { return .forward }
        return .edit([JSONEdit(slice.range, with: other.text)])
    }

    static let cancelledOutcome = Array(#"{"outcome":{"outcome":"cancelled"}}"#.utf8)

    private mutating func receiveUpdate(_ line: Line, _ message: Message) -> Line.Disposition {
        guard let id = line.session(message) else { return .forward }
        if sessionBeingResumed == id {
            // The client has the history already, and what was chosen in its course is no choice of now.
            if resumption != nil { receiveReplay(isHistory: line.isHistory(message)) }
            return forwardedUpdates.isNew(line, message, of: id, isTransient: true) ? .forward : .drop
        }
        guard forwardedUpdates.isNew(line, message, of: id) else { return .drop }
        if sessions[id]?.awaitsReplay == true, line.isHistory(message) { return .drop }
        if line.isHistory(message), fromClient.all.contains(where: { $0.method == .load && $0.session == id }) {
            replayed.insert(id)
        }
        if let update = line.member("update", at: message.params), update.kind == .object {
            switch line.text("sessionUpdate", at: update.range) {
            case "current_mode_update": recordMode(of: id, line.text("currentModeId", at: update.range))
            case "config_option_update":
                let options = line.json(at: line.member("configOptions", at: update.range)?.range)
                recordOptions(of: id, options, isChoice: true)
            case "state_update":
                let state = line.text("state", at: update.range)
                if state == "running", isVersion2, agent.isInitialized, sessions[id] != nil { running.insert(id) }
                if state == "idle" {
                    running.remove(id)
                    if sessions[id]?.hasHistory == false { sessions[id]?.hasHistory = true }
                    if case .stopping(let stop) = agent, stop.cut.contains(id) {
                        finishClosing()
                        toClient(Self.idleUpdate(id, meta: ["cause": stop.reason.json]))
                        return .drop
                    }
                }
            case "session_info_update": listCache.forget()
            case let kind: recordActivity(in: id, kind)
            }
        }
        return .forward
    }

    mutating func dropOverlong(_ header: MessageHeader) {
        guard agent.isRunning else { return }
        log("the agent sent a line that is longer than the cap; it was dropped")
        let message = "the message is longer than the \(header.cap) that pinfold passes on; raise it with --line-cap"
        guard let written = header.id, let id = header.requestID else { return }
        if header.isResponse {
            if let call = relayRequests.removeValue(forKey: id) {
                failRelayRequest(call, message)
            } else if let pending = fromClient.close(id) {
                toClient(Wording.failure(pending.writtenID, .internalError, message, [:]))
            }
        } else {
            toAgent(Wording.failure(written, .invalidRequest, message, [:]))
        }
    }
}
