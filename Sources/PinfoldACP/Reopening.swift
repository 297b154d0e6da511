import PinfoldJSON

/// A conversation that is being opened again in a new life.
struct Reopening: Hashable, Sendable {
    let conversation: ConversationID
    /// Ways not yet tried, the best first.
    var ways: [OwnCall.Way]
    /// Updates that were swallowed since.
    var replayed = 0
    var until: Duration
    /// The client asked for a new conversation, and gets this one.
    var request: RequestID?
    var isLoggedInAgain = false
    /// What the agent said when it had opened it.
    var result: JSON?
}

enum ReopeningFailure {
    /// Nobody can continue it any more.
    case gone(String)
    /// It may still be there.
    case unknown(String)
    /// The client must do something first; the agent said what.
    case refused([UInt8])
}

extension Conversation {
    /// Begins to open a conversation again. What is held waits for it.
    mutating func reopen(_ id: ConversationID, for request: RequestID? = nil) {
        guard let abilities = greeting?.abilities else { return }
        var ways: [OwnCall.Way] = []
        if abilities.resumes { ways.append(.resume) }
        if abilities.loads { ways.append(.load) }
        reopening = Reopening(conversation: id, ways: ways, until: now + options.patience, request: request)
        if let request, let params = heldParams(of: request) { known[id]?.params = params }
        tryNextWay(because: "the agent offers neither session/resume nor session/load")
    }

    private mutating func tryNextWay(because why: String) {
        guard let reopening else { return }
        guard let known = known[reopening.conversation] else { return forgetReopening() }
        guard let way = reopening.ways.first else {
            failReopening(greeting?.abilities.reopens == true ? .unknown(why) : .gone(why))
            return
        }
        call(
            .reopening(reopening.conversation, way), way.rawValue, params: known.reopeningParams(reopening.conversation)
        )
    }

    mutating func hearReopening(_ answer: OwnAnswer, _ way: OwnCall.Way) {
        guard let error = answer.error else {
            acceptReopening(answer.result ?? nil, way)
            return
        }
        let why = "the agent answered \(way.rawValue) with \"\(error.message)\" (\(error.code))"
        switch error.code {
        case -32002: failReopening(.gone(why))
        case -32602 where Self.saysNotFound(error.message): failReopening(.gone(why))
        case -32601, -32602:
            reopening?.ways.removeFirst()
            tryNextWay(because: why)
        case -32000: logInAgain(or: error.written)
        default: failReopening(.unknown(why))
        }
    }

    /// Some agents say "invalid parameters" for a conversation they do not have.
    private static func saysNotFound(_ message: String) -> Bool {
        let message = message.lowercased()
        return ["not found", "no such", "unknown session", "does not exist", "doesn't exist"]
            .contains { message.contains($0) }
    }

    private mutating func acceptReopening(_ result: JSON?, _ way: OwnCall.Way) {
        guard let reopening else { return }
        guard let conversation = known[reopening.conversation] else { return forgetReopening() }
        if let other = result?["sessionId"]?.string, ConversationID(other) != reopening.conversation {
            failReopening(.gone("the agent opened another one in its place, '\(other)'"))
            return
        }
        // By the protocol all of it is replayed before the answer. An agent that knows nothing of it says yes as well.
        if way == .load, reopening.replayed == 0, conversation.hasHistory {
            failReopening(.unknown("the agent says that it has loaded it, but has replayed nothing of it"))
            return
        }
        self.reopening?.result = result
        for choice in conversation.choices {
            call(.choosing(reopening.conversation, choice.method), choice.method, params: choice.params)
        }
        finishChoosing()
    }

    /// Once all that was chosen is chosen again, the conversation is as it was.
    mutating func finishChoosing() {
        guard let reopening else { return }
        let isChoosing = own.values.contains {
            if case .choosing(reopening.conversation, _) = $0 { true } else { false }
        }
        guard !isChoosing else { return }
        known[reopening.conversation]?.isOpen = true
        self.reopening = nil
        if let request = reopening.request { handOver(reopening, to: request) }
    }

    /// The client has closed or deleted it meanwhile: what it says of it now is the agent's to answer.
    private mutating func forgetReopening() {
        reopening = nil
    }

    private mutating func logInAgain(or error: [UInt8]) {
        guard let login, reopening?.isLoggedInAgain == false else {
            failReopening(.refused(error))
            return
        }
        reopening?.isLoggedInAgain = true
        call(.login, login.method, params: login.params)
    }

    mutating func hearLogin(_ answer: OwnAnswer) {
        guard reopening != nil else { return }
        if let error = answer.error {
            failReopening(.refused(error.written))
        } else {
            tryNextWay(because: "")
        }
    }

    mutating func failReopening(_ failure: ReopeningFailure) {
        guard let reopening else { return }
        self.reopening = nil
        let id = reopening.conversation
        if let request = reopening.request {
            declineOffer(id, request, failure)
            return
        }
        switch failure {
        case .gone(let why):
            say("the conversation '\(id)' is gone: \(why)")
            answerHeld(concerning: id) { _ in Self.gone(why, id) }
            known[id] = nil
        case .unknown(let why):
            say("the conversation '\(id)' could not be continued: \(why)")
            answerHeld(concerning: id) { Self.unknown(why, for: $0) }
        case .refused(let error):
            answerHeld(concerning: id) { _ in .agents(error) }
        }
    }

    /// The agent has said nothing for too long.
    mutating func loseReopening() {
        guard let reopening else { return }
        let why = "the agent has not answered for \(Self.text(options.patience))"
        failReopening(.unknown(why))
        // Where it serves nobody else, a fresh one may do better.
        guard !known.values.contains(where: \.isOpen), fromClient.isEmpty else {
            own = own.filter { if case .reopening(reopening.conversation, _) = $0.value { false } else { true } }
            return
        }
        abandonLife(why)
    }
}
