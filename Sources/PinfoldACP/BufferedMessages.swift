/// What waits for the agent, and its way to it.
extension ACPRelay {
    /// Passes on what is held, for as long as nothing stands in the way.
    mutating func drain() {
        if agent == .absent { respondFromListCache() }
        if buffered.contains(where: \.wakes), agent.step(on: .messageBuffered) == .start {
            agent = .starting
            actions.append(.startAgent)
        }
        while agent == .ready, let line = buffered.first {
            if let session = firstClosed(in: line) {
                resumeSession(session)
            } else if let handOverCandidate = handOverCandidate(in: line) {
                resumeSession(handOverCandidate.session, for: handOverCandidate.request)
            } else {
                buffered.removeFirst()
                forward(line)
            }
        }
    }

    /// A session of the line that this life's agent has not open.
    private func firstClosed(in line: Line) -> ACPSessionID? {
        // Before the client has initialized the agent, no session can be resumed.
        guard initialization != nil else { return nil }
        for message in line.messages {
            guard let method = message.method, !method.opensItself, let id = line.session(message) else {
                continue
            }
            if sessions[id]?.isOpen == false { return id }
        }
        return nil
    }

    /// To the agent, who will answer.
    private mutating func forward(_ line: Line) {
        let dispositions = line.messages.map { message -> Line.Disposition in
            if case .request(_, .close) = message.kind, closeForgotten(line, message) { .drop } else { .forward }
        }
        guard let bytes = line.applying(dispositions) else { return }
        for (message, disposition) in zip(line.messages, dispositions) where disposition == .forward {
            guard case .request(let id, let method) = message.kind else { continue }
            var pending = PendingRequest(line, message, id: id, method: method)
            failures = RepeatedFailure()
            if method == .newSession { pending.notice = takeNotice() }
            if method == .initialize, initialization == nil { initializeUntil = now + firstResponseTimeout }
            if method != .list { listCache.forget() }
            if authentication != nil, authenticationState != .done, !line.isBatch, line.isWhole {
                pending.retry = withAgentNames(bytes)
            }
            fromClient.open(pending)
            guard let session = pending.session else { continue }
            if method == .prompt, isVersion2 { running.insert(session) }
            let use = nextUse()
            sessions[session]?.lastUsed = use
            if method == .prompt { recordPrompt(pending, in: session) }
        }
        actions.append(.toAgent(withAgentNames(bytes), endsLine: line.isWhole))
    }

    private mutating func recordPrompt(_ pending: PendingRequest, in id: ACPSessionID) {
        guard let session = sessions[id] else { return }
        if let notice = session.notice {
            fromClient.notice(pending.id, notice)
            sessions[id]?.notice = nil
        }
        sessions[id]?.awaitsReplay = false
        guard !pending.isCommand else { return }
        sessions[id]?.wasPrompted = true
        // Neither it nor a copy of it can be made again from the other one.
        sessions[id]?.source = nil
        for (copy, other) in sessions where other.source == id { sessions[copy]?.source = nil }
    }

    /// Takes messages out of what is held; the others of their batch stay.
    mutating func takeBuffered(where isWanted: (Line, Message) -> Bool) -> [(Line, Message)] {
        var taken: [(Line, Message)] = []
        var kept: [Line] = []
        for line in buffered {
            let dispositions = line.messages.map { isWanted(line, $0) ? Line.Disposition.drop : .forward }
            for (message, disposition) in zip(line.messages, dispositions) where disposition == .drop {
                taken.append((line, message))
            }
            if dispositions.allSatisfy({ $0 == .forward }) {
                kept.append(line)
            } else if let rest = line.applying(dispositions).flatMap({ Line($0, isWhole: line.isWhole) }) {
                kept.append(rest)
            }
        }
        buffered = kept
        return taken
    }

    /// Answers each buffered request with an error, so that no request stays open.
    ///
    /// - Parameter concerning: nil for all.
    mutating func respondToBuffered(
        concerning session: ACPSessionID? = nil, _ failure: (PendingRequest) -> Failure
    ) {
        let taken = takeBuffered { line, message in
            session == nil || message.method?.opensItself == false && line.session(message) == session
        }
        for (line, message) in taken {
            guard case .request(let id, let method) = message.kind else { continue }
            let pending = PendingRequest(line, message, id: id, method: method)
            toClient(failure(pending).response(to: pending.writtenID))
        }
    }
}

extension Line {
    func concerns(of session: ACPSessionID) -> Bool {
        messages.contains { self.session($0) == session }
    }

    /// Whether an agent is worth starting for it.
    var wakes: Bool {
        messages.contains { message in
            switch message.kind {
            case .request, .notification: true
            case .response, .other: false
            }
        }
    }
}
