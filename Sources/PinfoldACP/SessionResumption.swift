import PinfoldJSON

/// A conversation that is being opened again in a new life.
struct SessionResumption: Hashable, Sendable {
    let session: ACPSessionID
    /// Ways not yet tried, the best first.
    var resumeMethods: [RelayRequest.ResumeMethod]
    /// Parts of its history that were swallowed since.
    var replayed = 0
    var until: Duration
    /// It is open, and whatever is replayed late is swallowed until then.
    var quietUntil: Duration?
    /// However slowly it comes, it ends then.
    var replayEnds: Duration?
    /// The client asked for a new conversation, and gets this one.
    var request: RequestID?
    /// A copy of it that is to be made again once it is open.
    var copy: ACPSessionID?
    var awaitsAuthentication = false
    /// The agent's answer when it had opened it.
    var result: JSON?
    /// What is to be chosen again, one after the other: a choice may depend on the one before.
    var choices: [ACPSession.Choice] = []
    /// What the agent would not take.
    var refused: (choice: ACPSession.Choice, why: String)?

    static func == (left: SessionResumption, right: SessionResumption) -> Bool {
        left.session == right.session && left.resumeMethods == right.resumeMethods && left.until == right.until
    }

    func hash(into hasher: inout Hasher) { hasher.combine(session) }
}

enum ResumptionFailure {
    /// Nobody can continue it any more.
    case gone(String)
    /// It may still be there.
    ///
    /// - kind: see ``RepeatedFailure/add(_:)``.
    case unknown(String, kind: Int64)
    /// The client must act first; the agent's error says how.
    case refused([UInt8])
}

extension ACPRelay {
    /// An agent may replay after its answer. How long the replay is awaited, and each next part.
    private static let lateReplay = Duration.seconds(1)
    private static let betweenParts = Duration.milliseconds(300)

    /// Begins to open a conversation again. What is held waits for it.
    mutating func resumeSession(_ id: ACPSessionID, for request: RequestID? = nil) {
        guard let capabilities = initialization?.capabilities else { return }
        var resumeMethods: [RelayRequest.ResumeMethod] = []
        // By its name the agent would open one that it has begun in this life.
        if !isNameTaken(of: id) {
            if capabilities.resumes { resumeMethods.append(.resume) }
            if capabilities.loads { resumeMethods.append(.load) }
        }
        resumption = SessionResumption(
            session: id, resumeMethods: resumeMethods, until: now + options.responseTimeout, request: request)
        if let request, let params = bufferedParams(of: request) { sessions[id]?.params = params }
        guard resumeMethods.isEmpty else { return tryNextResumeMethod(because: "") }
        replace("the agent offers neither session/resume nor session/load")
    }

    mutating func tryNextResumeMethod(because why: String) {
        guard let resumption else { return }
        guard let session = sessions[resumption.session] else { return abandonResumption() }
        guard let resumeMethod = resumption.resumeMethods.first else {
            return failResumption(.unknown(why, kind: -32601))
        }
        call(
            .resumption(resumption.session, resumeMethod), resumeMethod.rawValue,
            params: params(for: resumeMethod, session))
    }

    private func params(for resumeMethod: RelayRequest.ResumeMethod, _ session: ACPSession) -> [UInt8] {
        switch resumeMethod {
        case .resume, .load: session.resumeParams(resumption?.session ?? ACPSessionID(""))
        case .new: session.paramsWithoutID
        case .fork: session.resumeParams(session.source ?? ACPSessionID(""))
        }
    }

    mutating func receiveResumeResponse(_ response: AgentResponse, _ resumeMethod: RelayRequest.ResumeMethod) {
        guard let error = response.error else {
            acceptResumption(response.result ?? nil, resumeMethod)
            return
        }
        let why = "the agent answered \(resumeMethod.rawValue) with \"\(error.message)\" (\(error.code))"
        if error.code == -32000 {
            guard authenticateAgain() else { return failResumption(.refused(error.written)) }
            resumption?.awaitsAuthentication = true
            return
        }
        switch resumeMethod {
        case .resume, .load:
            if error.code == -32002 || saysNotFound(error) { return replace(why) }
            guard error.code == -32601 || error.code == -32602 else { break }
            resumption?.resumeMethods.removeFirst()
            return tryNextResumeMethod(because: why)
        case .new: break
        case .fork: return failResumption(.gone(why))
        }
        failResumption(.unknown(why, kind: error.code))
    }

    /// Agents have many codes for a conversation that they do not have: -32602, -32600, -32603.
    private func saysNotFound(_ error: AgentResponse.AgentError) -> Bool {
        let text = String(decoding: error.written, as: UTF8.self).lowercased()
        // An MCP server may be missing as well.
        let isMeant = ["session", "conversation", "thread"].contains { text.contains($0) }
        return isMeant && error.code != -32601
            && ["not found", "no such", "unknown session", "does not exist", "doesn't exist", "no session"]
                .contains { text.contains($0) }
    }

    /// The agent does not have it. If it has no history, a new one takes its place without notice to the client.
    private mutating func replace(_ why: String) {
        guard let id = resumption?.session, let session = sessions[id] else { return abandonResumption() }
        if session.isReplaceable {
            resumption?.resumeMethods = [.new]
            // What was begun and cancelled is lost all the same.
            if session.wasPrompted {
                sessions[id]?.notice = ["resumed": false, "outcome": "gone", "message": .string(why)]
            }
            tryNextResumeMethod(because: why)
        } else if let source = session.source, !session.isSaved, let original = sessions[source] {
            guard !original.isOpen else {
                resumption?.resumeMethods = [.fork]
                return tryNextResumeMethod(because: why)
            }
            resumeSession(source)
            resumption?.copy = id
        } else {
            failResumption(.gone(why))
        }
    }

    private mutating func acceptResumption(_ result: JSON?, _ resumeMethod: RelayRequest.ResumeMethod) {
        guard let resumption else { return }
        guard let session = sessions[resumption.session] else { return abandonResumption() }
        self.resumption?.result = result
        self.resumption?.choices = session.choices.filter { !$0.isMade(in: result) }
        let name = result?["sessionId"]?.string.map { ACPSessionID($0) }
        switch resumeMethod {
        case .resume, .load:
            if let name, name != resumption.session {
                failResumption(.gone("the agent opened another one in its place, '\(name)'"))
                return
            }
            sessions[resumption.session]?.isSaved = true
            // By the protocol all of it is replayed before the answer.
            if resumeMethod == .load, resumption.replayed == 0, session.hasHistory {
                let quietUntil = now + Self.lateReplay
                let replayEnds = now + options.responseTimeout
                self.resumption?.quietUntil = quietUntil
                self.resumption?.replayEnds = replayEnds
                return
            }
        case .new, .fork:
            guard let name else {
                failResumption(
                    .unknown(
                        "the agent answered \(resumeMethod.rawValue) without an id", kind: RepeatedFailure.Kind.silence)
                )
                return
            }
            sessions[resumption.session]?.agentID = name == resumption.session ? nil : name
            nameAgain()
        }
        chooseNext()
    }

    /// - Parameter isHistory: whether it is a part of what was said.
    mutating func receiveReplay(isHistory: Bool) {
        guard isHistory, let resumption else { return }
        self.resumption?.replayed += 1
        if let replayEnds = resumption.replayEnds {
            let quietUntil = min(now + Self.betweenParts, replayEnds)
            self.resumption?.quietUntil = quietUntil
        }
    }

    /// Nothing more is replayed.
    mutating func finishReplay() {
        guard let resumption else { return }
        self.resumption?.quietUntil = nil
        if resumption.replayed == 0 {
            // It may be that it never replays, and knows all the same.
            sessions[resumption.session]?.awaitsReplay = true
            sessions[resumption.session]?.notice = [
                "resumed": true, "outcome": "unconfirmed",
                "message": "the agent says that it has loaded the conversation, but has replayed nothing of it",
            ]
        }
        chooseNext()
    }

    /// All that was chosen is chosen again: the conversation is as it was.
    mutating func finishResumption() {
        guard let resumption else { return }
        let id = resumption.session
        sessions[id]?.isOpen = true
        sessions[id]?.failures = RepeatedFailure()
        forwardedUpdates.expectRepetition(of: id)
        self.resumption = nil
        if let request = resumption.request { return handOver(resumption, to: request) }
        if let refused = resumption.refused {
            if let mode = resumption.result?["modes"]?["currentModeId"]?.string {
                toClient(Self.modeUpdate(id, mode))
            }
            respondToBuffered(concerning: id) { _ in Self.changed(refused.choice, refused.why, id) }
        }
        if let copy = resumption.copy, sessions[copy] != nil {
            self.resumption = SessionResumption(
                session: copy, resumeMethods: [.fork], until: now + options.responseTimeout)
            tryNextResumeMethod(because: "")
        }
    }

    /// The client has closed or deleted it meanwhile: the agent answers further requests for it.
    private mutating func abandonResumption() {
        resumption = nil
    }

    mutating func failResumption(_ failure: ResumptionFailure) {
        guard let resumption else { return }
        self.resumption = nil
        // A request waits for the copy.
        let id = resumption.copy ?? resumption.session
        if let request = resumption.request {
            declineHandOver(id, request, failure)
            return
        }
        switch failure {
        case .gone(let why):
            log("the conversation '\(id)' is gone: \(why)")
            respondToBuffered(concerning: id) { _ in Self.gone(why, id) }
            sessions[id] = nil
        case .unknown(let why, let kind):
            log("the conversation '\(id)' could not be continued: \(why)")
            sessions[id]?.failures.add(kind)
            let isEndless = sessions[id]?.failures.isEndless == true
            respondToBuffered(concerning: id) { isEndless ? Self.givenUp(why, for: $0) : Self.unknown(why, for: $0) }
        case .refused(let error):
            respondToBuffered(concerning: id) { _ in .agents(error) }
        }
    }

    /// The agent has sent nothing for too long.
    mutating func timeOutResumption() {
        guard let resumption else { return }
        let why = "the agent has not answered for \(Self.text(options.responseTimeout))"
        failResumption(.unknown(why, kind: RepeatedFailure.Kind.silence))
        // If it serves no other session, a new process may work.
        guard !sessions.values.contains(where: \.isOpen), fromClient.isEmpty else {
            relayRequests = relayRequests.filter {
                if case .resumption(resumption.session, _) = $0.value { false } else { true }
            }
            return
        }
        abandonLife(why)
    }
}

extension Line {
    /// Whether an update is a part of what was said and done in the conversation.
    func isHistory(_ message: Message) -> Bool {
        guard let update = member("update", at: message.params), update.kind == .object else { return false }
        switch text("sessionUpdate", at: update.range) {
        case "user_message_chunk", "agent_message_chunk", "agent_thought_chunk", "tool_call", "tool_call_update",
            "plan":
            return true
        default: return false
        }
    }
}
