import PinfoldJSON

/// Terminals that an agent had its client open. Whoever opened one must release it, and an agent that is ended cannot.
struct Terminals: Hashable, Sendable {
    struct Terminal: Hashable, Sendable {
        let conversation: ConversationID?
        let id: String
    }

    private(set) var open: [Terminal] = []
    /// Requests for one whose agent is gone: the client may open it yet.
    var late: [RequestID: ConversationID?] = [:]
    /// Our own requests that the client has.
    var releasing: Set<RequestID> = []

    mutating func note(_ terminal: Terminal) { open.append(terminal) }

    mutating func forget(_ id: String?) { open.removeAll { $0.id == id } }

    mutating func takeAll() -> [Terminal] {
        defer { open = [] }
        return open
    }
}

extension Conversation {
    static let terminalCreation = Method.other("terminal/create")

    /// The client's answer to a request for a terminal.
    mutating func noteTerminal(_ line: Line, _ message: Message, in conversation: ConversationID?) {
        guard let id = line.text("terminalId", at: message.outcome) else { return }
        terminals.note(.init(conversation: conversation, id: id))
    }

    /// The agent is gone: its client lets go of what it holds for it.
    mutating func releaseTerminals() {
        for terminal in terminals.takeAll() {
            let id = newID(like: RequestID(0))
            terminals.releasing.insert(id)
            let params: JSON = ["sessionId": terminal.conversation?.value ?? nil, "terminalId": .string(terminal.id)]
            toClient(Wording.call("terminal/release", id: id, params: params.serialized()))
        }
    }
}
