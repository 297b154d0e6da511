import PinfoldJSON

/// A request of our own that the agent has.
enum RelayRequest: Hashable, Sendable {
    case initialization
    /// Logging in again, to go on with what needed it.
    case authentication
    case resumption(ACPSessionID, ResumeMethod)
    case settingOption(ACPSessionID, ACPSession.Choice)
    case close(ACPSessionID)

    /// How a conversation is opened again.
    enum ResumeMethod: String, Hashable, Sendable {
        case resume = "session/resume"
        case load = "session/load"
        /// It has no history: a new one is equivalent.
        case new = "session/new"
        /// It was forked from another one without a prompt since: a new fork is equivalent.
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
        case .close: finishClosing()
        }
    }

    /// A request of the relay that gets no usable answer.
    mutating func failRelayRequest(_ call: RelayRequest, _ why: String) {
        switch call {
        case .initialization: failInitialize(why)
        case .authentication: failAuthentication(nil)
        case .resumption: failResumption(.unknown(why, kind: RepeatedFailure.Kind.silence))
        case .settingOption(_, let choice): refuseChoice(choice, why)
        case .close: finishClosing()
        }
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
