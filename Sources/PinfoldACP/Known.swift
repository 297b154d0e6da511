import PinfoldJSON

/// A conversation that an agent holds, and what it takes to open it again in another life.
struct KnownConversation: Hashable, Sendable {
    /// The parameters it was opened with: directory, MCP servers, further directories and whatever else the client said.
    var params: [UInt8]
    /// Whether it is open in the agent's present life.
    var isOpen: Bool
    /// Whether a prompt was ever answered in it, so that there must be something to replay.
    var hasHistory = false
    /// What was chosen for it, in the order of the choices.
    var choices: [Choice] = []
    /// Rises with each use.
    var lastUsed: UInt64 = 0
    /// A former launcher's, and not yet given to this one's client.
    var isOffered = false

    struct Choice: Hashable, Sendable {
        let method: String
        /// What was chosen, of the things of which one can be chosen.
        let key: String
        let params: [UInt8]
    }

    mutating func choose(_ choice: Choice) {
        choices.removeAll { $0.method == choice.method && $0.key == choice.key }
        choices.append(choice)
    }

    /// The parameters to open it again.
    func reopeningParams(_ id: ConversationID) -> [UInt8] {
        guard case .object(var params)? = try? JSON.parse(params) else { return params }
        params["sessionId"] = id.value
        // v2: the client asked for the history once, and has it.
        params["replayFrom"] = nil
        return JSON.object(params).serialized()
    }

    var directory: JSON? { (try? JSON.parse(params))?["cwd"] }
}

/// What the client's first exchange with an agent settled, to be repeated with each new life.
struct Greeting: Hashable, Sendable {
    let params: [UInt8]
    let version: Int64
    let abilities: Abilities
}

/// What an agent said it can do.
struct Abilities: Hashable, Sendable {
    private let all: JSON
    let version: Int64

    init(_ result: JSON) {
        version = result["protocolVersion"]?.int64 ?? 1
        all = (version >= 2 ? result["capabilities"] : result["agentCapabilities"]) ?? [:]
    }

    var resumes: Bool { version >= 2 || has("sessionCapabilities", "resume") }
    var loads: Bool { version < 2 && all["loadSession"]?.bool == true }
    var closes: Bool { version >= 2 || has("sessionCapabilities", "close") }

    /// There and not null; `{}` means supported.
    private func has(_ group: String, _ name: String) -> Bool {
        switch all[group]?[name] {
        case nil, .null?, .bool(false)?: false
        default: true
        }
    }

    var reopens: Bool { resumes || loads }

    /// The first thing that was promised then and is not now, by its path. By which of two ways a conversation is opened
    /// again does not matter to anybody.
    func firstMissing(in other: Abilities) -> String? {
        if reopens, !other.reopens { return "loadSession" }
        return Self.missing(all, other.all, path: "")
    }

    private static let ways: Set = ["loadSession", "sessionCapabilities.resume", "sessionCapabilities.close"]

    private static func missing(_ old: JSON, _ new: JSON?, path: String) -> String? {
        switch old {
        case .bool(true): return new?.bool == true ? nil : path
        case .object(let members):
            guard case .object? = new else { return path.isEmpty && members.isEmpty ? nil : path }
            for (key, value) in members {
                let inner = path.isEmpty ? key : path + "." + key
                if key == "_meta" || ways.contains(inner) { continue }
                if let found = missing(value, new?[key], path: inner) { return found }
            }
            return nil
        default: return nil
        }
    }
}
