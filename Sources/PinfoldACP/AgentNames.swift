import PinfoldJSON

/// A conversation that had to be begun anew has another id at the agent than at the client. Each side is only ever
/// shown its own.
extension ACPRelay {
    /// Done to every line for the agent.
    func withAgentNames(_ bytes: [UInt8]) -> [UInt8] {
        guard !clientNames.isEmpty, let line = Line(bytes) else { return bytes }
        return line.renamed { sessions[$0]?.agentID } ?? bytes
    }

    /// Done to every line of the agent.
    func withClientNames(_ line: Line) -> Line {
        guard !clientNames.isEmpty, let bytes = line.renamed({ clientNames[$0] }) else { return line }
        return Line(bytes, isWhole: line.isWhole) ?? line
    }

    /// What the agent calls a conversation.
    func agentName(of id: ACPSessionID) -> ACPSessionID { sessions[id]?.agentID ?? id }

    /// Whether this life's agent means another conversation by the name of this one.
    func isNameTaken(of id: ACPSessionID) -> Bool {
        let name = agentName(of: id)
        return sessions.contains { $0.key != id && $0.value.isOpen && ($0.value.agentID ?? $0.key) == name }
    }

    /// A name for a new conversation that the client does not know another one by. Agents that count from one give the
    /// same names in each life.
    func clientName(for name: ACPSessionID) -> ACPSessionID {
        guard let other = sessions[name], !other.isOpen || other.agentID != nil else { return name }
        var number = 2
        while sessions[ACPSessionID("\(name)-\(number)")] != nil { number += 1 }
        return ACPSessionID("\(name)-\(number)")
    }

    mutating func nameAgain() {
        clientNames = [:]
        for (id, session) in sessions {
            if let name = session.agentID { clientNames[name] = id }
        }
    }
}

extension Line {
    /// The line with other ids of conversations, in parameters and results; nil where none changes.
    fileprivate func renamed(_ name: (ACPSessionID) -> ACPSessionID?) -> [UInt8]? {
        var edits: [JSONEdit] = []
        for message in messages {
            guard let range = message.method == nil ? message.outcome : message.params else { continue }
            edits += renaming(at: range, name)
            guard message.method == nil, let list = json(at: member("sessions", at: range)?.range)?.array,
                let whole = member("sessions", at: range)?.range
            else { continue }
            let changed = list.map { entry -> JSON in
                guard var object = entry.object, let id = entry["sessionId"]?.string,
                    let other = name(ACPSessionID(id))
                else { return entry }
                object["sessionId"] = other.value
                return .object(object)
            }
            if changed != list { edits.append(JSONEdit(whole, with: JSON.array(changed).serialized())) }
        }
        return edits.isEmpty ? nil : JSONEdit.apply(edits, to: bytes.span)
    }

    private func renaming(at range: Range<Int>, _ name: (ACPSessionID) -> ACPSessionID?) -> [JSONEdit] {
        guard let slice = member("sessionId", at: range), let id = text("sessionId", at: range),
            let other = name(ACPSessionID(id))
        else { return [] }
        return [JSONEdit(slice.range, with: other.value.serialized())]
    }
}
