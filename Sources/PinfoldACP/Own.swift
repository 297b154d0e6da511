import PinfoldJSON

/// A request of our own that the agent has.
enum OwnCall: Hashable, Sendable {
    case greeting
    /// Logging in again, to go on with what needed it.
    case login
    case reopening(ConversationID, Way)
    case choosing(ConversationID, KnownConversation.Choice)
    case closing(ConversationID)

    /// How a conversation is opened again.
    enum Way: String, Hashable, Sendable {
        case resume = "session/resume"
        case load = "session/load"
        /// Nothing was said in it: another one is as good.
        case new = "session/new"
        /// It was a copy of another one: another copy is as good.
        case fork = "session/fork"
    }
}

extension Conversation {
    mutating func call(_ call: OwnCall, _ method: String, params: [UInt8]) {
        let id = newID()
        own[id] = call
        toAgent(Wording.call(method, id: id, params: params))
    }

    mutating func hearOwn(_ call: OwnCall, _ line: Line, _ message: Message, isError: Bool) {
        let answer = OwnAnswer(line, message, isError: isError)
        switch call {
        case .greeting: hearGreeting(answer)
        case .login: hearLogin(answer)
        case .reopening(let id, let way):
            if reopening?.conversation == id { hearReopening(answer, way) }
        case .choosing(let id, let choice):
            if reopening?.conversation == id { hearChoice(choice, answer) }
        case .closing: finishClosing()
        }
    }

    /// An answer that will never be heard, for one reason or another.
    mutating func failOwn(_ call: OwnCall, _ why: String) {
        switch call {
        case .greeting: failGreeting(why)
        case .login: failLogin(nil)
        case .reopening: failReopening(.unknown(why, kind: RepeatedFailure.Kind.silence))
        case .choosing(_, let choice): refuseChoice(choice, why)
        case .closing: finishClosing()
        }
    }

    // MARK: Greeting

    /// The new agent is told what the client told the first one.
    mutating func greet() {
        guard let greeting else { return }
        agent = .greeted(until: now + options.patience)
        call(.greeting, "initialize", params: greeting.params)
    }

    private mutating func hearGreeting(_ answer: OwnAnswer) {
        guard case .greeted = agent, let greeting else { return }
        if let error = answer.error {
            failGreeting("the agent refused initialize: \(error.message)")
            return
        }
        let abilities = Abilities(answer.result ?? [:])
        if abilities.version != greeting.version {
            failGreeting(
                "the agent now speaks version \(abilities.version) of the protocol, and the conversation is in version "
                    + "\(greeting.version)")
        } else if let missing = greeting.abilities.firstMissing(in: abilities) {
            failGreeting("the agent no longer offers what it offered the client: \(missing)")
        } else {
            self.greeting = Greeting(params: greeting.params, version: greeting.version, abilities: abilities)
            agent = .here
        }
    }

    /// An agent that cannot be greeted is of no use; the next message may find a better one.
    mutating func failGreeting(_ why: String) {
        say(why)
        failHeld(why, kind: RepeatedFailure.Kind.initialize)
        abandonLife(why)
    }

    /// Gives the life up; nothing more goes to its agent.
    mutating func abandonLife(_ why: String) {
        reopening = nil
        own = [:]
        inputIsClosed = true
        agent = .leaving(Leaving(reason: Reason(kind: "start_failed", message: why, json: [:]), until: now))
        actions.append(.failLife(why))
    }
}

/// What an agent answered us.
struct OwnAnswer: Hashable, Sendable {
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
