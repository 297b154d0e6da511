import PinfoldJSON

/// What is kept of a conversation between launchers: enough to open it again, and no word of what was said in it.
enum Token {
    /// The controller keeps no more than this, in bytes.
    static let longest = 256 << 10

    static func encode(_ known: [ConversationID: KnownConversation]) -> String {
        var writer = TokenWriter()
        _ = writer.update(known)
        return writer.token
    }

    fileprivate static func encode(_ id: ConversationID, _ known: KnownConversation) -> JSON {
        let choices = known.choices.map { choice -> JSON in
            ["method": .string(choice.method), "key": .string(choice.key), "params": parsed(choice.params)]
        }
        var entry: JSONObject = [
            "id": id.value, "params": parsed(known.params), "hasHistory": .bool(known.hasHistory),
            "isSaved": .bool(known.isSaved), "wasPrompted": .bool(known.wasPrompted), "choices": .array(choices),
        ]
        entry["source"] = known.source?.value
        entry["agentId"] = known.agentID?.value
        return .object(entry)
    }

    private static func parsed(_ bytes: [UInt8]) -> JSON { (try? JSON.parse(bytes)) ?? nil }

    /// Nothing where it is another program's token.
    static func decode(_ text: String) -> [ConversationID: KnownConversation] {
        guard let token = try? JSON.parse(text), token["acp"]?.int64 == 1,
            let list = token["conversations"]?.array
        else { return [:] }
        var known: [ConversationID: KnownConversation] = [:]
        for (index, entry) in list.enumerated() {
            guard let id = entry["id"]?.string, let params = entry["params"], params.object != nil else { continue }
            var conversation = KnownConversation(params: params.serialized(), isOpen: false)
            conversation.hasHistory = entry["hasHistory"]?.bool ?? false
            // A token of an earlier version says nothing of it: then nothing is to be replaced.
            conversation.isSaved = entry["isSaved"]?.bool ?? true
            conversation.wasPrompted = entry["wasPrompted"]?.bool ?? true
            conversation.source = entry["source"]?.string.map { ConversationID($0) }
            conversation.agentID = entry["agentId"]?.string.map { ConversationID($0) }
            conversation.lastUsed = UInt64(index)
            conversation.isOffered = true
            for choice in entry["choices"]?.array ?? [] {
                guard let method = choice["method"]?.string, let key = choice["key"]?.string,
                    let params = choice["params"]
                else { continue }
                conversation.choices.append(.init(method: method, key: key, params: params.serialized()))
            }
            known[ConversationID(id)] = conversation
        }
        return known
    }
}

/// Writes the token again and again, and encodes only what has changed: there may be hundreds of conversations, and each
/// prompt changes the order of their use.
struct TokenWriter: Sendable {
    private static let opening = #"{"acp":1,"conversations":["#
    private static let closing = "]}"

    private struct Entry {
        let known: KnownConversation
        let text: String
    }

    private var entries: [ConversationID: Entry] = [:]
    /// The one that was used longest ago first.
    private var order: [ConversationID] = []

    enum Change: Hashable {
        case nothing, order, contents
    }

    /// Takes in what is to be kept.
    mutating func update(_ known: [ConversationID: KnownConversation]) -> Change {
        var change = Change.nothing
        var next: [ConversationID: Entry] = [:]
        next.reserveCapacity(known.count)
        for (id, conversation) in known {
            let kept = conversation.kept
            if let entry = entries[id], entry.known == kept {
                next[id] = entry
            } else {
                next[id] = Entry(known: kept, text: Token.encode(id, kept).description)
                change = .contents
            }
        }
        if next.count != entries.count { change = .contents }
        entries = next
        let order = known.sorted { $0.value.lastUsed < $1.value.lastUsed }.map(\.key)
        if change == .nothing, order != self.order { change = .order }
        self.order = order
        return change
    }

    var token: String {
        var texts: [String] = []
        var room = Token.longest - Self.opening.utf8.count - Self.closing.utf8.count
        // What does not fit is the one that was used longest ago, which is least missed.
        for id in order.reversed() {
            guard let text = entries[id]?.text, text.utf8.count < room else { break }
            room -= text.utf8.count + 1
            texts.append(text)
        }
        return Self.opening + texts.reversed().joined(separator: ",") + Self.closing
    }
}
