/// Whether the agent is in use, as the controller must know it.
extension Conversation {
    mutating func report() {
        guard isRunning else { return }
        if case .leaving = agent { return }
        let state = turnState
        guard state != reported else { return }
        reported = state
        reports += 1
        actions.append(.report(state))
    }

    /// What is unknown counts as work: an agent that was not greeted yet, or that something is held for.
    private var turnState: TurnState {
        guard agent == .here, greeting != nil, reopening == nil, held.isEmpty else { return .open }
        let asked = fromAgent.all.filter(\.method.asksHuman)
        // Lists, health checks and whatever else an extension asks are no use of the agent.
        var working = fromClient.all.filter(\.method.isWork).map(\.conversation)
        working += running.map { $0 }
        working += fromAgent.all.filter { !$0.method.asksHuman }.map(\.conversation)
        if working.isEmpty, asked.isEmpty { return .none }
        let waiting = Set(asked.map(\.conversation))
        return !asked.isEmpty && working.allSatisfy { waiting.contains($0) } ? .waiting : .open
    }

    func hasTurn(_ id: ConversationID) -> Bool {
        running.contains(id) || fromClient.all.contains { $0.method == .prompt && $0.conversation == id }
    }

    var isVersion2: Bool { (greeting?.version ?? 1) >= 2 }
}

extension Method {
    fileprivate var isWork: Bool {
        switch self {
        case .initialize, .authenticate, .newConversation, .load, .resume, .close, .prompt: true
        case .logout, .delete, .cancel, .choose, .update, .ask, .cancelRequest, .other: false
        }
    }

    var asksHuman: Bool {
        if case .ask = self { true } else { false }
    }
}
