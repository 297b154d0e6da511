import PinfoldJSON

/// The mode and options of a session, set by the client or by the agent: the last value counts.
extension ACPRelay {
    mutating func recordMode(of id: ACPSessionID, _ mode: String?) {
        guard let mode else { return }
        let params: JSON = ["sessionId": id.value, "modeId": .string(mode)]
        sessions[id]?.choose(.init(method: "session/set_mode", key: "", params: params.serialized()))
    }

    /// - Parameters:
    ///   - list: all options with their values, as sent by the agent.
    ///   - isChoice: whether a value that differs from the last one was chosen by the agent. Otherwise it follows from
    ///     what the client chose, and would again.
    mutating func recordOptions(of id: ACPSessionID, _ list: JSON?, isChoice: Bool) {
        for option in list?.array ?? [] {
            guard let key = option["id"]?.string, let value = option["currentValue"] else { continue }
            let before = sessions[id]?.options.updateValue(value, forKey: key)
            guard isChoice, before != value, sessions[id] != nil else { continue }
            var params: JSONObject = ["sessionId": id.value, "configId": .string(key), "value": value]
            if value.bool != nil { params["type"] = "boolean" }
            sessions[id]?.choose(
                .init(method: "session/set_config_option", key: key, params: JSON.object(params).serialized()))
        }
    }

    // MARK: Again in another life

    mutating func chooseNext() {
        guard let resumption else { return }
        guard let choice = resumption.choices.first else { return finishResumption() }
        self.resumption?.choices.removeFirst()
        call(.settingOption(resumption.session, choice), choice.method, params: choice.params)
    }

    mutating func receiveOptionResponse(_ choice: ACPSession.Choice, _ response: AgentResponse) {
        if let error = response.error { return refuseChoice(choice, error.message) }
        // The client receives the present state.
        var result = resumption?.result?.object ?? JSONObject()
        if let options = response.result?["configOptions"], options.array != nil { result["configOptions"] = options }
        if let mode = choice.mode, var modes = result["modes"]?.object {
            modes["currentModeId"] = .string(mode)
            result["modes"] = .object(modes)
        }
        resumption?.result = .object(result)
        chooseNext()
    }

    /// A message must not go out under another mode than the one its author sees.
    mutating func refuseChoice(_ choice: ACPSession.Choice, _ why: String) {
        guard let id = resumption?.session else { return }
        log("the agent did not take back what was chosen for '\(id)' (\(choice.method)): \(why)")
        if resumption?.refused == nil { resumption?.refused = (choice, why) }
        // The client receives the error once; further prompts are delivered.
        sessions[id]?.choices.removeAll { $0 == choice }
        chooseNext()
    }

    static func modeUpdate(_ id: ACPSessionID, _ mode: String) -> [UInt8] {
        Wording.call(
            "session/update",
            [
                "sessionId": id.value,
                "update": ["sessionUpdate": "current_mode_update", "currentModeId": .string(mode)],
            ])
    }
}

extension ACPSession.Choice {
    var mode: String? {
        guard method == "session/set_mode" else { return nil }
        return (try? JSON.parse(params))?["modeId"]?.string
    }

    /// Whether the agent has this value already.
    func isMade(in result: JSON?) -> Bool {
        guard let mode, let now = result?["modes"]?["currentModeId"]?.string else { return false }
        return mode == now
    }
}
