import PinfoldJSON

/// How the client logged in.
struct Login: Hashable, Sendable {
    let method: String
    let params: [UInt8]
}

/// Whether the login of the client was repeated for this life's agent. It is, when an agent first asks for it and not
/// before: some open a browser.
enum LoginState: Hashable, Sendable {
    case none, underway, done
}

extension Conversation {
    /// What ACP's agents answer where a login is needed.
    private static let authenticationRequired: Int64 = -32000

    /// Whether a login is under way by which the agent may yet accept what it has refused.
    mutating func logInAgain() -> Bool {
        guard let login, loginState != .done else { return false }
        if loginState == .none {
            loginState = .underway
            call(.login, login.method, params: login.params)
        }
        return true
    }

    /// A request of the client's is sent again once the client is logged in as it was with the former agent.
    mutating func waitForLogin(_ question: Question, _ line: Line, _ message: Message) -> Bool {
        guard agent == .here, question.retry != nil,
            line.json(at: message.outcome)?["code"]?.int64 == Self.authenticationRequired, logInAgain()
        else { return false }
        var waiting = question
        waiting.refusal = line.copy(message.outcome)
        fromClient.open(waiting)
        return true
    }

    mutating func hearLogin(_ answer: OwnAnswer) {
        guard answer.error == nil else { return failLogin(answer.error?.written) }
        loginState = .done
        for question in fromClient.takeRefused() {
            guard let retry = question.retry else { continue }
            var again = question
            (again.retry, again.refusal) = (nil, nil)
            fromClient.open(again)
            actions.append(.toAgent(retry, endsLine: true))
        }
        guard reopening?.awaitsLogin == true else { return }
        reopening?.awaitsLogin = false
        tryNextWay(because: "")
    }

    /// The client is told what the agent said to its own request.
    mutating func failLogin(_ error: [UInt8]?) {
        loginState = .done
        for question in fromClient.takeRefused() {
            guard let refusal = question.refusal else { continue }
            toClient(Wording.failure(question.writtenID, error: refusal))
        }
        guard reopening?.awaitsLogin == true else { return }
        guard let error else {
            return failReopening(
                .unknown("the agent's answer to the login is not JSON", kind: RepeatedFailure.Kind.silence))
        }
        failReopening(.refused(error))
    }
}
