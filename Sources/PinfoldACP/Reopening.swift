import PinfoldJSON

/// A conversation that is being opened again in a new life.
struct Reopening: Hashable, Sendable {
    let conversation: ConversationID
    /// Ways not yet tried, the best first.
    var ways: [OwnCall.Way]
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
    var copy: ConversationID?
    var awaitsLogin = false
    /// What the agent said when it had opened it.
    var result: JSON?
    /// What is to be chosen again, one after the other: a choice may depend on the one before.
    var choices: [KnownConversation.Choice] = []
    /// What the agent would not take.
    var refused: (choice: KnownConversation.Choice, why: String)?

    static func == (left: Reopening, right: Reopening) -> Bool {
        left.conversation == right.conversation && left.ways == right.ways && left.until == right.until
    }

    func hash(into hasher: inout Hasher) { hasher.combine(conversation) }
}

enum ReopeningFailure {
    /// Nobody can continue it any more.
    case gone(String)
    /// It may still be there.
    ///
    /// - kind: see ``RepeatedFailure/add(_:)``.
    case unknown(String, kind: Int64)
    /// The client must do something first; the agent said what.
    case refused([UInt8])
}

extension Conversation {
    /// An agent may replay after it has said that it is done. How long it is waited for, and for each next part.
    private static let lateReplay = Duration.seconds(1)
    private static let betweenParts = Duration.milliseconds(300)

    /// Begins to open a conversation again. What is held waits for it.
    mutating func reopen(_ id: ConversationID, for request: RequestID? = nil) {
        guard let abilities = greeting?.abilities else { return }
        var ways: [OwnCall.Way] = []
        // By its name the agent would open one that it has begun in this life.
        if !isNameTaken(of: id) {
            if abilities.resumes { ways.append(.resume) }
            if abilities.loads { ways.append(.load) }
        }
        reopening = Reopening(conversation: id, ways: ways, until: now + options.patience, request: request)
        if let request, let params = heldParams(of: request) { known[id]?.params = params }
        guard ways.isEmpty else { return tryNextWay(because: "") }
        replace("the agent offers neither session/resume nor session/load")
    }

    mutating func tryNextWay(because why: String) {
        guard let reopening else { return }
        guard let known = known[reopening.conversation] else { return forgetReopening() }
        guard let way = reopening.ways.first else {
            return failReopening(.unknown(why, kind: -32601))
        }
        call(.reopening(reopening.conversation, way), way.rawValue, params: params(for: way, known))
    }

    private func params(for way: OwnCall.Way, _ conversation: KnownConversation) -> [UInt8] {
        switch way {
        case .resume, .load: conversation.reopeningParams(reopening?.conversation ?? ConversationID(""))
        case .new: conversation.paramsWithoutID
        case .fork: conversation.reopeningParams(conversation.source ?? ConversationID(""))
        }
    }

    mutating func hearReopening(_ answer: OwnAnswer, _ way: OwnCall.Way) {
        guard let error = answer.error else {
            acceptReopening(answer.result ?? nil, way)
            return
        }
        let why = "the agent answered \(way.rawValue) with \"\(error.message)\" (\(error.code))"
        if error.code == -32000 {
            guard logInAgain() else { return failReopening(.refused(error.written)) }
            reopening?.awaitsLogin = true
            return
        }
        switch way {
        case .resume, .load:
            if error.code == -32002 || saysNotFound(error) { return replace(why) }
            guard error.code == -32601 || error.code == -32602 else { break }
            reopening?.ways.removeFirst()
            return tryNextWay(because: why)
        case .new: break
        case .fork: return failReopening(.gone(why))
        }
        failReopening(.unknown(why, kind: error.code))
    }

    /// Agents have many codes for a conversation that they do not have: -32602, -32600, -32603.
    private func saysNotFound(_ error: OwnAnswer.AgentError) -> Bool {
        let text = String(decoding: error.written, as: UTF8.self).lowercased()
        // An MCP server may be missing as well.
        let isMeant = ["session", "conversation", "thread"].contains { text.contains($0) }
        return isMeant && error.code != -32601
            && ["not found", "no such", "unknown session", "does not exist", "doesn't exist", "no session"]
                .contains { text.contains($0) }
    }

    /// The agent does not have it. Where nobody lost a word another one takes its place, and the client need not know.
    private mutating func replace(_ why: String) {
        guard let id = reopening?.conversation, let conversation = known[id] else { return forgetReopening() }
        if conversation.isReplaceable {
            reopening?.ways = [.new]
            // What was begun and cancelled is lost all the same.
            if conversation.wasPrompted {
                known[id]?.remark = ["resumed": false, "outcome": "gone", "message": .string(why)]
            }
            tryNextWay(because: why)
        } else if let source = conversation.source, !conversation.isSaved, let original = known[source] {
            guard !original.isOpen else {
                reopening?.ways = [.fork]
                return tryNextWay(because: why)
            }
            reopen(source)
            reopening?.copy = id
        } else {
            failReopening(.gone(why))
        }
    }

    private mutating func acceptReopening(_ result: JSON?, _ way: OwnCall.Way) {
        guard let reopening else { return }
        guard let conversation = known[reopening.conversation] else { return forgetReopening() }
        self.reopening?.result = result
        self.reopening?.choices = conversation.choices.filter { !$0.isMade(in: result) }
        let name = result?["sessionId"]?.string.map { ConversationID($0) }
        switch way {
        case .resume, .load:
            if let name, name != reopening.conversation {
                failReopening(.gone("the agent opened another one in its place, '\(name)'"))
                return
            }
            known[reopening.conversation]?.isSaved = true
            // By the protocol all of it is replayed before the answer.
            if way == .load, reopening.replayed == 0, conversation.hasHistory {
                let quietUntil = now + Self.lateReplay
                let replayEnds = now + options.patience
                self.reopening?.quietUntil = quietUntil
                self.reopening?.replayEnds = replayEnds
                return
            }
        case .new, .fork:
            guard let name else {
                failReopening(
                    .unknown("the agent answered \(way.rawValue) without an id", kind: RepeatedFailure.Kind.silence))
                return
            }
            known[reopening.conversation]?.agentID = name == reopening.conversation ? nil : name
            nameAgain()
        }
        chooseNext()
    }

    /// - Parameter isHistory: whether it is a part of what was said.
    mutating func hearReplay(isHistory: Bool) {
        guard isHistory, let reopening else { return }
        self.reopening?.replayed += 1
        if let replayEnds = reopening.replayEnds {
            let quietUntil = min(now + Self.betweenParts, replayEnds)
            self.reopening?.quietUntil = quietUntil
        }
    }

    /// Nothing more is replayed.
    mutating func finishReplay() {
        guard let reopening else { return }
        self.reopening?.quietUntil = nil
        if reopening.replayed == 0 {
            // It may be that it never replays, and knows all the same.
            known[reopening.conversation]?.awaitsReplay = true
            known[reopening.conversation]?.remark = [
                "resumed": true, "outcome": "unconfirmed",
                "message": "the agent says that it has loaded the conversation, but has replayed nothing of it",
            ]
        }
        chooseNext()
    }

    /// All that was chosen is chosen again: the conversation is as it was.
    mutating func finishReopening() {
        guard let reopening else { return }
        let id = reopening.conversation
        known[id]?.isOpen = true
        known[id]?.failures = RepeatedFailure()
        told.expectRepetition(of: id)
        self.reopening = nil
        if let request = reopening.request { return handOver(reopening, to: request) }
        if let refused = reopening.refused {
            if let mode = reopening.result?["modes"]?["currentModeId"]?.string {
                toClient(Self.modeUpdate(id, mode))
            }
            answerHeld(concerning: id) { _ in Self.changed(refused.choice, refused.why, id) }
        }
        if let copy = reopening.copy, known[copy] != nil {
            self.reopening = Reopening(conversation: copy, ways: [.fork], until: now + options.patience)
            tryNextWay(because: "")
        }
    }

    /// The client has closed or deleted it meanwhile: what it says of it now is the agent's to answer.
    private mutating func forgetReopening() {
        reopening = nil
    }

    mutating func failReopening(_ failure: ReopeningFailure) {
        guard let reopening else { return }
        self.reopening = nil
        // The copy is what somebody waits for.
        let id = reopening.copy ?? reopening.conversation
        if let request = reopening.request {
            declineOffer(id, request, failure)
            return
        }
        switch failure {
        case .gone(let why):
            say("the conversation '\(id)' is gone: \(why)")
            answerHeld(concerning: id) { _ in Self.gone(why, id) }
            known[id] = nil
        case .unknown(let why, let kind):
            say("the conversation '\(id)' could not be continued: \(why)")
            known[id]?.failures.add(kind)
            let isEndless = known[id]?.failures.isEndless == true
            answerHeld(concerning: id) { isEndless ? Self.givenUp(why, for: $0) : Self.unknown(why, for: $0) }
        case .refused(let error):
            answerHeld(concerning: id) { _ in .agents(error) }
        }
    }

    /// The agent has said nothing for too long.
    mutating func loseReopening() {
        guard let reopening else { return }
        let why = "the agent has not answered for \(Self.text(options.patience))"
        failReopening(.unknown(why, kind: RepeatedFailure.Kind.silence))
        // Where it serves nobody else, a fresh one may do better.
        guard !known.values.contains(where: \.isOpen), fromClient.isEmpty else {
            own = own.filter { if case .reopening(reopening.conversation, _) = $0.value { false } else { true } }
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
