import PinfoldJSON

/// What the client's first exchange with an agent settled, to be repeated with each new life.
struct Initialization: Hashable, Sendable {
    let params: [UInt8]
    let version: Int64
    let capabilities: AgentCapabilities
}

/// The capabilities that an agent announced.
struct AgentCapabilities: Hashable, Sendable {
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

    var canResume: Bool { resumes || loads }

    /// The first thing that was promised then and is not now, by its path. By which of two ways a conversation is
    /// opened again does not matter.
    func firstMissing(in other: AgentCapabilities) -> String? {
        if canResume, !other.canResume { return "loadSession" }
        return Self.missing(all, other.all, path: "")
    }

    private static let resumeMethods: Set = ["loadSession", "sessionCapabilities.resume", "sessionCapabilities.close"]

    private static func missing(_ old: JSON, _ new: JSON?, path: String) -> String? {
        switch old {
        case .bool(true): return new?.bool == true ? nil : path
        case .object(let members):
            guard case .object? = new else { return path.isEmpty && members.isEmpty ? nil : path }
            for (key, value) in members {
                let inner = path.isEmpty ? key : path + "." + key
                if key == "_meta" || resumeMethods.contains(inner) { continue }
                if let found = missing(value, new?[key], path: inner) { return found }
            }
            return nil
        default: return nil
        }
    }
}

/// The `initialize` handshake with each new agent.
extension ACPRelay {
    /// Repeats the client's `initialize` to the new agent.
    mutating func sendInitialize() {
        guard let initialization else { return }
        agent = .initializing(until: now + options.responseTimeout)
        call(.initialization, "initialize", params: initialization.params)
    }

    mutating func receiveInitializeResponse(_ response: AgentResponse) {
        guard case .initializing = agent, let initialization else { return }
        if let error = response.error {
            failInitialize("the agent refused initialize: \(error.message)")
            return
        }
        let capabilities = AgentCapabilities(response.result ?? [:])
        if capabilities.version != initialization.version {
            failInitialize(
                "the agent now speaks version \(capabilities.version) of the protocol, and the conversation is in version "
                    + "\(initialization.version)")
        } else if let missing = initialization.capabilities.firstMissing(in: capabilities) {
            failInitialize("the agent no longer offers what it offered the client: \(missing)")
        } else {
            self.initialization = Initialization(
                params: initialization.params, version: initialization.version, capabilities: capabilities)
            agent = .ready
        }
    }

    /// An agent that cannot be initialized is ended; the next message starts another one.
    mutating func failInitialize(_ why: String) {
        log(why)
        failBuffered(why, kind: RepeatedFailure.Kind.initialize)
        abandonLife(why)
    }

    /// Gives the life up; nothing more goes to its agent.
    mutating func abandonLife(_ why: String) {
        guard agent.step(on: .lifeFailed) == .abandon else { return }
        relayRequests = [:]
        inputIsClosed = true
        agent = .stopping(AgentStop(reason: Reason(kind: "start_failed", message: why, json: [:]), until: now))
        actions.append(.failLife(why))
    }
}
