import PinfoldJSON

/// What was chosen for a conversation, by the client or by the agent: the last word counts.
extension Conversation {
    mutating func noteMode(of id: ConversationID, _ mode: String?) {
        guard let mode else { return }
        let params: JSON = ["sessionId": id.value, "modeId": .string(mode)]
        known[id]?.choose(.init(method: "session/set_mode", key: "", params: params.serialized()))
    }

    /// - Parameters:
    ///   - list: all options with their values, as the agent tells them.
    ///   - isChoice: whether a value that differs from the last one was chosen by the agent. Otherwise it follows from
    ///     what the client chose, and would again.
    mutating func noteOptions(of id: ConversationID, _ list: JSON?, isChoice: Bool) {
        for option in list?.array ?? [] {
            guard let key = option["id"]?.string, let value = option["currentValue"] else { continue }
            let before = known[id]?.options.updateValue(value, forKey: key)
            guard isChoice, before != value, known[id] != nil else { continue }
            var params: JSONObject = ["sessionId": id.value, "configId": .string(key), "value": value]
            if value.bool != nil { params["type"] = "boolean" }
            known[id]?.choose(
                .init(method: "session/set_config_option", key: key, params: JSON.object(params).serialized()))
        }
    }

    // MARK: Again in another life

    mutating func chooseNext() {
        guard let reopening else { return }
        guard let choice = reopening.choices.first else { return finishReopening() }
        self.reopening?.choices.removeFirst()
        call(.choosing(reopening.conversation, choice), choice.method, params: choice.params)
    }

    mutating func hearChoice(_ choice: KnownConversation.Choice, _ answer: OwnAnswer) {
        if let error = answer.error { return refuseChoice(choice, error.message) }
        // What the client is told of the conversation is how it is now.
        var result = reopening?.result?.object ?? JSONObject()
        if let options = answer.result?["configOptions"], options.array != nil { result["configOptions"] = options }
        if let mode = choice.mode, var modes = result["modes"]?.object {
            modes["currentModeId"] = .string(mode)
            result["modes"] = .object(modes)
        }
        reopening?.result = .object(result)
        chooseNext()
    }

    /// A message must not go out under another mode than the one its author sees.
    mutating func refuseChoice(_ choice: KnownConversation.Choice, _ why: String) {
        guard let id = reopening?.conversation else { return }
        say("the agent did not take back what was chosen for '\(id)' (\(choice.method)): \(why)")
        if reopening?.refused == nil { reopening?.refused = (choice, why) }
        // The client is told once; what it sends then it sends knowingly.
        known[id]?.choices.removeAll { $0 == choice }
        chooseNext()
    }

    static func modeUpdate(_ id: ConversationID, _ mode: String) -> [UInt8] {
        Wording.call(
            "session/update",
            [
                "sessionId": id.value,
                "update": ["sessionUpdate": "current_mode_update", "currentModeId": .string(mode)],
            ])
    }
}

extension KnownConversation.Choice {
    var mode: String? {
        guard method == "session/set_mode" else { return nil }
        return (try? JSON.parse(params))?["modeId"]?.string
    }

    /// Whether the agent says that it is so already.
    func isMade(in result: JSON?) -> Bool {
        guard let mode, let now = result?["modes"]?["currentModeId"]?.string else { return false }
        return mode == now
    }
}
