import PinfoldJSON

/// Terminals that an agent had its client open. Whoever opened one must release it, and an agent that is ended cannot.
struct Terminals: Hashable, Sendable {
    struct Terminal: Hashable, Sendable {
        let session: ACPSessionID?
        let id: String
    }

    private(set) var open: [Terminal] = []
    /// Requests for one whose agent is gone: the client may open it yet.
    var late: [RequestID: ACPSessionID?] = [:]
    /// Our own requests that the client has.
    var releasing: Set<RequestID> = []

    mutating func record(_ terminal: Terminal) { open.append(terminal) }

    mutating func forget(_ id: String?) { open.removeAll { $0.id == id } }

    mutating func takeAll() -> [Terminal] {
        defer { open = [] }
        return open
    }
}

extension ACPRelay {
    static let terminalCreation = Method.other("terminal/create")

    /// The client's answer to a request for a terminal.
    mutating func recordTerminal(_ line: Line, _ message: Message, in session: ACPSessionID?) {
        guard let id = line.text("terminalId", at: message.outcome) else { return }
        terminals.record(.init(session: session, id: id))
    }

    /// The agent is gone: its client lets go of what it holds for it.
    mutating func releaseTerminals() {
        for terminal in terminals.takeAll() {
            let id = newID(like: RequestID(0))
            terminals.releasing.insert(id)
            let params: JSON = ["sessionId": terminal.session?.value ?? nil, "terminalId": .string(terminal.id)]
            toClient(Wording.call("terminal/release", id: id, params: params.serialized()))
        }
    }
}
