/// Whether the agent is in use, as the controller must know it.
extension Conversation {
    mutating func report() {
        guard isWorkStale, isRunning else { return }
        if case .leaving = agent { return }
        isWorkStale = false
        turns.update(openWork, at: now)
        let report = turns.report(at: now)
        guard !report.isSame(as: reported) else { return }
        reported = report
        reports += 1
        actions.append(.report(report))
    }

    /// All that is not yet answered, by whose it is.
    ///
    /// What the agent asks of its client, a file or a terminal, is no work of its own: it belongs to a turn, and where
    /// none is open an agent may wait for the end of a terminal for ever.
    private var openWork: [OpenTurns.Owner: OpenTurns.Work] {
        var work: [OpenTurns.Owner: OpenTurns.Work] = [:]
        // What is unknown counts as use: an agent that was not initialized yet, or that something is held for.
        if agent != .here || reopening != nil || !held.isEmpty { work[.opening] = .init() }
        let asked = fromAgent.all.filter(\.method.asksHuman)
        let waiting = Set(asked.map(\.conversation))
        for id in running { work[.conversation(id)] = .init(isWaiting: waiting.contains(id)) }
        for question in fromClient.all {
            let isWaiting = waiting.contains(question.conversation)
            if question.method == .prompt, let id = question.conversation {
                // With the answer of the first prompt the time of the next one begins.
                let isFirst = work[.conversation(id)] == nil
                if isFirst { work[.conversation(id)] = .init(isWaiting: isWaiting, prompt: question.id) }
            } else if question.method.isUse || !question.id.isNull {
                work[.request(question.id)] = .init(isWaiting: isWaiting, isUse: question.method.isUse)
            }
        }
        // A question outside of any turn has a time of its own.
        let owners = Set(running.map(Optional.some) + fromClient.all.map(\.conversation))
        for question in asked where !owners.contains(question.conversation) {
            work[.question(question.id)] = .init(isWaiting: true)
        }
        return work
    }

    /// A turn takes too long; the agent lives on if it obeys.
    ///
    /// - Parameter number: which, as it was reported; nil for all.
    mutating func cancelTurns(_ reason: Reason, _ number: UInt64?) {
        switch agent {
        case .greeted, .here: break
        case .away, .coming, .leaving, .finished: return
        }
        guard let number else {
            say(reason.message)
            cancelConversation(nil)
            return
        }
        // It may be over by now.
        guard let owner = turns.cancel(number) else { return }
        isWorkStale = true
        switch owner {
        case .conversation(let id):
            say("\(reason.message); cancelled in the conversation '\(id)'")
            cancelConversation(id)
        case .request(let id):
            say("\(reason.message); the request \(String(decoding: id.text, as: UTF8.self)) was cancelled")
            let params = Array(#"{"requestId":"#.utf8) + id.text + "}".utf8
            toAgent(Wording.call("$/cancel_request", id: nil, params: params))
        case .question(let id):
            say(reason.message)
            cancelQuestions { $0.id == id }
        case .opening:
            if case .greeted = agent {
                failGreeting(reason.message)
            } else {
                failReopening(.unknown(reason.message, kind: 0))
            }
        }
    }

    private mutating func cancelConversation(_ id: ConversationID?) {
        _ = cutTurns(of: id)
        // The agent's own answer stands: it says that the turn was cancelled, and it was.
        fromClient.uncut()
    }

    /// An agent may work on after the turn's end, and must not be evicted meanwhile. Once a second is enough.
    mutating func noteActivity(in id: ConversationID, _ kind: String?) {
        guard agent == .here, !hasTurn(id), lastActivity.map({ now - $0 >= .seconds(1) }) ?? true else { return }
        switch kind {
        // These tell of a state, and come by themselves.
        case "available_commands_update", "config_option_update", "session_info_update", "usage_update": return
        default: break
        }
        lastActivity = now
        actions.append(.reportActivity)
    }

    func hasTurn(_ id: ConversationID) -> Bool {
        running.contains(id) || fromClient.all.contains { $0.method == .prompt && $0.conversation == id }
    }

    var isVersion2: Bool { (greeting?.version ?? 1) >= 2 }
}

extension Method {
    /// Whether somebody uses the agent by it. A list, a health check or whatever else an extension asks is none.
    fileprivate var isUse: Bool {
        switch self {
        case .initialize, .authenticate, .newConversation, .fork, .load, .resume, .close, .prompt, .choose: true
        case .logout, .delete, .list, .cancel, .update, .ask, .cancelRequest, .other: false
        }
    }

    var asksHuman: Bool {
        if case .ask = self { true } else { false }
    }
}
