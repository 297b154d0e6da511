import PinfoldJSON

/// The state of each session that was last forwarded. An agent that resumes a session sends all of it again; a
/// client that does not know of the new process must not receive it twice.
struct ForwardedUpdates: Hashable, Sendable {
    private static let kinds: Set = [
        "available_commands_update", "usage_update", "session_info_update", "config_option_update",
        "current_mode_update",
    ]

    /// By their kind, as hashes: a list of commands may be long.
    private var last: [ACPSessionID: [String: Int]] = [:]
    /// Kinds that the agent has not sent again.
    private var expected: [ACPSessionID: Set<String>] = [:]

    mutating func forget(_ id: ACPSessionID) {
        last[id] = nil
        expected[id] = nil
    }

    mutating func expectRepetition(of id: ACPSessionID) {
        expected[id] = last[id].map { Set($0.keys) }
    }

    /// Whether an update is new to the client.
    ///
    /// - Parameter isTransient: whether the conversation is being opened. Then its mode and options are not yet as they
    ///   will be.
    mutating func isNew(
        _ line: Line, _ message: Message, of id: ACPSessionID, isTransient: Bool = false
    ) -> Bool {
        guard let update = line.member("update", at: message.params), update.kind == .object,
            let kind = line.text("sessionUpdate", at: update.range), Self.kinds.contains(kind)
        else { return !isTransient }
        if isTransient, kind == "config_option_update" || kind == "current_mode_update" { return false }
        let hash = line.bytes[update.range].hashValue
        let before = last[id, default: [:]].updateValue(hash, forKey: kind)
        let isRepetition = expected[id]?.remove(kind) != nil || isTransient
        return !(isRepetition && before == hash)
    }
}
