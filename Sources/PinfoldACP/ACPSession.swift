import PinfoldJSON

/// A conversation that an agent holds, and what it takes to open it again in another life.
struct ACPSession: Hashable, Sendable {
    /// The parameters it was opened with: directory, MCP servers, further directories and all other members.
    var params: [UInt8]
    /// Whether it is open in the agent's present life.
    var isOpen: Bool
    /// What the agent calls it, where that is not what the client calls it.
    var agentID: ACPSessionID?
    /// Whether a turn of it ended by itself or something of it was replayed, so that there must be something to replay.
    var hasHistory = false
    /// Whether an agent of another life had it: it was loaded, or opened again.
    var isSaved = false
    /// Whether a prompt was sent that a new session would not know.
    var wasPrompted = false
    /// The one it was forked from, as long as neither had a prompt since.
    var source: ACPSessionID?
    /// What was chosen for it, in the order of the choices.
    var choices: [Choice] = []
    /// Rises with each use.
    var lastUsed: UInt64 = 0
    /// A former launcher's, and not yet given to this one's client.
    var isInherited = false
    /// A notice for the client with the answer to the next prompt.
    var notice: JSON?
    /// Its history may yet be replayed, though the agent has answered that it is open: the client has it already.
    var awaitsReplay = false
    /// Values of options as the agent last sent them.
    var options: [String: JSON] = [:]
    var failures = RepeatedFailure()

    /// What the next launcher gets of it.
    var kept: ACPSession {
        var kept = self
        (kept.lastUsed, kept.isOpen, kept.isInherited, kept.notice, kept.awaitsReplay) = (0, false, false, nil, false)
        (kept.options, kept.failures) = ([:], RepeatedFailure())
        return kept
    }

    /// Whether a new session in its place would be equivalent.
    var isReplaceable: Bool { !hasHistory && !isSaved && source == nil }

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

    /// The parameters to begin another one like it.
    var paramsWithoutID: [UInt8] {
        guard case .object(var params)? = try? JSON.parse(params) else { return params }
        params["sessionId"] = nil
        return JSON.object(params).serialized()
    }

    /// The parameters to open it again.
    func resumeParams(_ id: ACPSessionID) -> [UInt8] {
        guard case .object(var params)? = try? JSON.parse(params) else { return params }
        params["sessionId"] = id.value
        // v2: the client asked for the history once, and has it.
        params["replayFrom"] = nil
        return JSON.object(params).serialized()
    }

    var directory: JSON? { (try? JSON.parse(params))?["cwd"] }
}
