import PinfoldJSON

/// What is kept of a conversation between launchers: enough to resume it, and nothing of its contents.
enum SessionListToken {
    /// The controller keeps no more than this, in bytes.
    static let longest = 256 << 10

    static func encode(_ sessions: [ACPSessionID: ACPSession]) -> String {
        var writer = TokenWriter()
        _ = writer.update(sessions)
        return writer.token
    }

    fileprivate static func encode(_ id: ACPSessionID, _ sessions: ACPSession) -> JSON {
        let choices = sessions.choices.map { choice -> JSON in
            ["method": .string(choice.method), "key": .string(choice.key), "params": parsed(choice.params)]
        }
        var entry: JSONObject = [
            "id": id.value, "params": parsed(sessions.params), "hasHistory": .bool(sessions.hasHistory),
            "isSaved": .bool(sessions.isSaved), "wasPrompted": .bool(sessions.wasPrompted), "choices": .array(choices),
        ]
        entry["source"] = sessions.source?.value
        entry["agentId"] = sessions.agentID?.value
        return .object(entry)
    }

    private static func parsed(_ bytes: [UInt8]) -> JSON { (try? JSON.parse(bytes)) ?? nil }

    /// Nothing where it is another program's token.
    static func decode(_ text: String) -> [ACPSessionID: ACPSession] {
        guard let token = try? JSON.parse(text), token["acp"]?.int64 == 1,
            let list = token["conversations"]?.array
        else { return [:] }
        var sessions: [ACPSessionID: ACPSession] = [:]
        for (index, entry) in list.enumerated() {
            guard let id = entry["id"]?.string, let params = entry["params"], params.object != nil else { continue }
            var session = ACPSession(params: params.serialized(), isOpen: false)
            session.hasHistory = entry["hasHistory"]?.bool ?? false
            // A token of an earlier version does not have it: then no session may be replaced.
            session.isSaved = entry["isSaved"]?.bool ?? true
            session.wasPrompted = entry["wasPrompted"]?.bool ?? true
            session.source = entry["source"]?.string.map { ACPSessionID($0) }
            session.agentID = entry["agentId"]?.string.map { ACPSessionID($0) }
            session.lastUsed = UInt64(index)
            session.isInherited = true
            for choice in entry["choices"]?.array ?? [] {
                guard let method = choice["method"]?.string, let key = choice["key"]?.string,
                    let params = choice["params"]
                else { continue }
                session.choices.append(.init(method: method, key: key, params: params.serialized()))
            }
            sessions[ACPSessionID(id)] = session
        }
        return sessions
    }
}

/// Writes the token again and again, and encodes only what has changed: there may be hundreds of conversations, and
/// each prompt changes the order of their use.
struct TokenWriter: Sendable {
    private static let opening = #"{"acp":1,"conversations":["#
    private static let inputClosing = "]}"

    private struct Entry {
        let sessions: ACPSession
        let text: String
    }

    private var entries: [ACPSessionID: Entry] = [:]
    /// The one that was used longest ago first.
    private var order: [ACPSessionID] = []

    enum Change: Hashable {
        case nothing, order, contents
    }

    /// Takes in what is to be kept.
    mutating func update(_ sessions: [ACPSessionID: ACPSession]) -> Change {
        var change = Change.nothing
        var next: [ACPSessionID: Entry] = [:]
        next.reserveCapacity(sessions.count)
        for (id, session) in sessions {
            let kept = session.kept
            if let entry = entries[id], entry.sessions == kept {
                next[id] = entry
            } else {
                next[id] = Entry(sessions: kept, text: SessionListToken.encode(id, kept).description)
                change = .contents
            }
        }
        if next.count != entries.count { change = .contents }
        entries = next
        let order = sessions.sorted { $0.value.lastUsed < $1.value.lastUsed }.map(\.key)
        if change == .nothing, order != self.order { change = .order }
        self.order = order
        return change
    }

    var token: String {
        var texts: [String] = []
        var room = SessionListToken.longest - Self.opening.utf8.count - Self.inputClosing.utf8.count
        // What does not fit is the one that was used longest ago, which is least missed.
        for id in order.reversed() {
            guard let text = entries[id]?.text, text.utf8.count < room else { break }
            room -= text.utf8.count + 1
            texts.append(text)
        }
        return Self.opening + texts.reversed().joined(separator: ",") + Self.inputClosing
    }
}
