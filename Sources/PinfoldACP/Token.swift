import PinfoldJSON

/// What is kept of a conversation between launchers: enough to open it again, and no word of what was said in it.
enum Token {
    /// The controller keeps no more than this, in bytes.
    static let longest = 256 << 10

    static func encode(_ known: [ConversationID: KnownConversation]) -> String {
        var kept = known.sorted { $0.value.lastUsed < $1.value.lastUsed }
        while true {
            let token: JSON = ["acp": 1, "conversations": .array(kept.map { encode($0.key, $0.value) })]
            let text = token.description
            if text.utf8.count <= longest || kept.isEmpty { return text }
            // The one that was used longest ago is the one least missed.
            kept.removeFirst()
        }
    }

    private static func encode(_ id: ConversationID, _ known: KnownConversation) -> JSON {
        let choices = known.choices.map { choice -> JSON in
            ["method": .string(choice.method), "key": .string(choice.key), "params": parsed(choice.params)]
        }
        return [
            "id": id.value, "params": parsed(known.params), "hasHistory": .bool(known.hasHistory),
            "choices": .array(choices),
        ]
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
