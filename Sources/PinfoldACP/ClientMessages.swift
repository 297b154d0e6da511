import PinfoldJSON

/// Messages of the client.
extension ACPRelay {
    /// The agent gets what comes in order. Only answers and cancellations may overtake what is held: they are about
    /// what the agent already has.
    mutating func receiveFromClient(_ bytes: [UInt8], isWhole: Bool) {
        guard let line = Line(bytes, isWhole: isWhole) else {
            forwardUnparsed(bytes, isWhole: isWhole)
            return
        }
        let dispositions = line.messages.map { overtake(line, $0) }
        guard dispositions.contains(where: { $0 == .waits }) else {
            if let bytes = line.applying(dispositions.map(\.disposition)) { send(bytes, isWhole: isWhole) }
            return
        }
        // What overtakes goes first, by itself, where it shares a line with what must wait.
        if let early = line.applying(dispositions.map { $0 == .waits ? .drop : $0.disposition }) {
            send(early, isWhole: true)
        }
        guard let rest = line.applying(dispositions.map { $0 == .waits ? .forward : .drop }) else { return }
        if let kept = Line(rest, isWhole: isWhole) { buffered.append(kept) }
    }

    private mutating func send(_ bytes: [UInt8], isWhole: Bool) {
        guard agent.isRunning, !inputIsClosed else { return }
        actions.append(.toAgent(withAgentNames(bytes), endsLine: isWhole))
    }

    /// What is no message is passed on while that changes nothing; an agent that is away is not woken for it.
    private mutating func forwardUnparsed(_ bytes: [UInt8], isWhole: Bool) {
        let header = MessageHeader(bytes)
        if agent == .ready, buffered.isEmpty {
            if isWhole, let pending = PendingRequest(header) { fromClient.open(pending) }
            send(bytes, isWhole: isWhole)
        } else if header.isResponse {
            return
        } else if bytes.contains(where: { $0 > 0x20 }) {
            toClient(
                Wording.failure(
                    (isWhole ? header.id : nil) ?? Array("null".utf8), .parseError,
                    "this line is no message of JSON-RPC", [:]))
        }
    }

    private enum Precedence: Hashable {
        case waits
        case overtakes(Line.Disposition)

        var disposition: Line.Disposition {
            switch self {
            case .waits: .forward
            case .overtakes(let disposition): disposition
            }
        }
    }

    private mutating func overtake(_ line: Line, _ message: Message) -> Precedence {
        switch message.kind {
        case .response(let id, _): return .overtakes(response(line, message, id))
        case .notification(.cancel): return .overtakes(cancel(line, message))
        case .notification(.cancelRequest): return .overtakes(cancelRequest(line, message))
        case .request(_, .close):
            let isAwaited = line.session(message).map { id in buffered.contains { $0.concerns(of: id) } } ?? false
            return !isAwaited && closeForgotten(line, message) ? .overtakes(.drop) : .waits
        case .request, .notification, .other: return .waits
        }
    }

    /// An answer passes only where its question is open: the agent of another life never asked.
    private mutating func response(_ line: Line, _ message: Message, _ id: RequestID) -> Line.Disposition {
        if terminals.releasing.remove(id) != nil { return .drop }
        if let pending = fromAgent.close(id) {
            if pending.method == Self.terminalCreation { recordTerminal(line, message, in: pending.session) }
            guard agent.isRunning, !pending.isCut else { return .drop }
            guard let written = renamed.removeValue(forKey: id), let edit = line.settingID(of: message, to: written)
            else { return .forward }
            return .edit([edit])
        }
        if id.isNull { return agent.isInitialized ? .forward : .drop }
        if let index = stale.firstIndex(of: id) {
            stale.remove(at: index)
            if let session = terminals.late.removeValue(forKey: id) {
                recordTerminal(line, message, in: session)
                releaseTerminals()
            }
        } else {
            log("the client answered a question that is not open; the answer was dropped")
        }
        return .drop
    }

    /// The prompt may still be buffered: then it is answered here.
    private mutating func cancel(_ line: Line, _ message: Message) -> Line.Disposition {
        guard let session = line.session(message) else { return agent.isInitialized ? .forward : .drop }
        let cut = takeBuffered { line, message in
            message.method == .prompt && line.session(message) == session
        }
        for (line, message) in cut { respondCancelled(line, message, session) }
        switch agent {
        case .ready, .resuming:
            // Cancelling what is not running is harmless, but a conversation that is not open is an error.
            return hasTurn(session) || sessions[session]?.isOpen != false ? .forward : .drop
        case .stopping: return .drop
        case .absent, .starting, .initializing, .finished: return .drop
        }
    }

    private mutating func respondCancelled(_ line: Line, _ message: Message, _ session: ACPSessionID) {
        guard let id = line.copy(message.id) else { return }
        if isVersion2 {
            toClient(Wording.response(id, result: Array("{}".utf8)))
            toClient(Self.idleUpdate(session, meta: nil))
        } else {
            toClient(Wording.response(id, result: Array(#"{"stopReason":"cancelled"}"#.utf8)))
        }
    }

    private mutating func cancelRequest(_ line: Line, _ message: Message) -> Line.Disposition {
        guard let slice = line.member("requestId", at: message.params), let json = line.json(at: slice.range),
            let id = RequestID(json)
        else { return agent.isInitialized ? .forward : .drop }
        let cut = takeBuffered { _, message in
            if case .request(id, _) = message.kind { true } else { false }
        }
        for (line, message) in cut {
            guard let written = line.copy(message.id) else { continue }
            toClient(Wording.failure(written, .cancelled, "cancelled by the client", [:]))
        }
        guard cut.isEmpty, agent.isInitialized else { return .drop }
        return fromClient.contains(id) || buffered.isEmpty ? .forward : .drop
    }

    /// Nobody needs to be woken to close what no agent has open.
    mutating func closeForgotten(_ line: Line, _ message: Message) -> Bool {
        guard let session = line.session(message), sessions[session]?.isOpen == false,
            resumption?.session != session, let id = line.copy(message.id)
        else { return false }
        sessions[session] = nil
        toClient(Wording.response(id, result: Array("{}".utf8)))
        return true
    }

    /// A line that was too long to keep. Its request must not wait for an answer for ever.
    mutating func refuseOverlong(_ header: MessageHeader) {
        log("the client sent a line that is longer than the cap; it was dropped")
        guard !header.isResponse else { return }
        toClient(
            Wording.failure(
                header.id ?? Array("null".utf8), .invalidRequest,
                "the message is longer than the \(header.cap) that pinfold passes on; raise it with --line-cap", [:]))
    }
}
