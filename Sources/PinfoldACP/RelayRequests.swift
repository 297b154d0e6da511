import PinfoldJSON

/// A request of our own that the agent has.
enum RelayRequest: Hashable, Sendable {
    case initialization
    /// Logging in again, to go on with what needed it.
    case authentication
    case resumption(ACPSessionID, ResumeMethod)
    case settingOption(ACPSessionID, ACPSession.Choice)
    case inputClosing(ACPSessionID)

    /// How a conversation is opened again.
    enum ResumeMethod: String, Hashable, Sendable {
        case resume = "session/resume"
        case load = "session/load"
        /// Nothing was said in it: another one is as good.
        case new = "session/new"
        /// It was a copy of another one: another copy is as good.
        case fork = "session/fork"
    }
}

extension ACPRelay {
    mutating func call(_ call: RelayRequest, _ method: String, params: [UInt8]) {
        let id = newID()
        relayRequests[id] = call
        toAgent(Wording.call(method, id: id, params: params))
    }

    mutating func receiveRelayResponse(_ call: RelayRequest, _ line: Line, _ message: Message, isError: Bool) {
        let response = AgentResponse(line, message, isError: isError)
        switch call {
        case .initialization: receiveInitializeResponse(response)
        case .authentication: receiveAuthenticateResponse(response)
        case .resumption(let id, let resumeMethod):
            if resumption?.session == id { receiveResumeResponse(response, resumeMethod) }
        case .settingOption(let id, let choice):
            if resumption?.session == id { receiveOptionResponse(choice, response) }
        case .inputClosing: finishClosing()
        }
    }

    /// An answer that will never be heard, for one reason or another.
    mutating func failRelayRequest(_ call: RelayRequest, _ why: String) {
        switch call {
        case .initialization: failInitialize(why)
        case .authentication: failAuthentication(nil)
        case .resumption: failResumption(.unknown(why, kind: RepeatedFailure.Kind.silence))
        case .settingOption(_, let choice): refuseChoice(choice, why)
        case .inputClosing: finishClosing()
        }
    }

    // MARK: Greeting

    /// The new agent is told what the client told the first one.
    mutating func sendInitialize() {
        guard let initialization else { return }
        agent = .initializing(until: now + options.responseTimeout)
        call(.initialization, "initialize", params: initialization.params)
    }

    private mutating func receiveInitializeResponse(_ response: AgentResponse) {
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

    /// An agent that cannot be greeted is of no use; the next message may find a better one.
    mutating func failInitialize(_ why: String) {
        log(why)
        failBuffered(why, kind: RepeatedFailure.Kind.initialize)
        abandonLife(why)
    }

    /// Gives the life up; nothing more goes to its agent.
    mutating func abandonLife(_ why: String) {
        resumption = nil
        relayRequests = [:]
        inputIsClosed = true
        agent = .stopping(AgentStop(reason: Reason(kind: "start_failed", message: why, json: [:]), until: now))
        actions.append(.failLife(why))
    }
}

/// What an agent answered us.
struct AgentResponse: Hashable, Sendable {
    let result: JSON?
    let error: AgentError?

    struct AgentError: Hashable, Sendable {
        let code: Int64
        let message: String
        let written: [UInt8]
    }

    init(_ line: Line, _ message: Message, isError: Bool) {
        let outcome = line.json(at: message.outcome)
        result = isError ? nil : outcome
        error =
            isError
            ? AgentError(
                code: outcome?["code"]?.int64 ?? 0, message: outcome?["message"]?.string ?? "no reason given",
                written: line.copy(message.outcome) ?? [])
            : nil
    }
}
