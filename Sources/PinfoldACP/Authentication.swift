import PinfoldJSON

/// How the client logged in.
struct Authentication: Hashable, Sendable {
    let method: String
    let params: [UInt8]
}

/// Whether the login of the client was repeated for this life's agent. It is, when an agent first asks for it and not
/// before: some open a browser.
enum AuthenticationState: Hashable, Sendable {
    case none, underway, done
}

extension ACPRelay {
    /// What ACP's agents answer where a login is needed.
    private static let authenticationRequired: Int64 = -32000

    /// Whether a login is under way by which the agent may yet accept what it has refused.
    mutating func authenticateAgain() -> Bool {
        guard let authentication, authenticationState != .done else { return false }
        if authenticationState == .none {
            authenticationState = .underway
            call(.authentication, authentication.method, params: authentication.params)
        }
        return true
    }

    /// A request of the client's is sent again once the client is logged in as it was with the former agent.
    mutating func awaitAuthentication(_ pending: PendingRequest, _ line: Line, _ message: Message) -> Bool {
        guard agent.isInitialized, pending.retry != nil,
            line.json(at: message.outcome)?["code"]?.int64 == Self.authenticationRequired, authenticateAgain()
        else { return false }
        var waiting = pending
        waiting.refusal = line.copy(message.outcome)
        fromClient.open(waiting)
        return true
    }

    mutating func receiveAuthenticateResponse(_ response: AgentResponse) {
        guard response.error == nil else { return failAuthentication(response.error?.written) }
        authenticationState = .done
        for pending in fromClient.takeRefused() {
            guard let retry = pending.retry else { continue }
            var again = pending
            (again.retry, again.refusal) = (nil, nil)
            fromClient.open(again)
            actions.append(.toAgent(retry, endsLine: true))
        }
        guard resumption?.awaitsAuthentication == true else { return }
        resumption?.awaitsAuthentication = false
        tryNextResumeMethod(because: "")
    }

    /// The client receives the agent's answer to its own request.
    mutating func failAuthentication(_ error: [UInt8]?) {
        authenticationState = .done
        for pending in fromClient.takeRefused() {
            guard let refusal = pending.refusal else { continue }
            toClient(Wording.failure(pending.writtenID, error: refusal))
        }
        guard resumption?.awaitsAuthentication == true else { return }
        guard let error else {
            return failResumption(
                .unknown("the agent's answer to the login is not JSON", kind: RepeatedFailure.Kind.silence))
        }
        failResumption(.refused(error))
    }
}
