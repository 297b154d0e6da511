import PinfoldJSON

@testable import PinfoldACP

/// A conversation with a hand at each end: says lines, hands time and the controller's word in, and collects what comes
/// out.
struct Talk {
    var conversation: Conversation
    var now = Duration.zero
    /// All that came out since it was last taken.
    private(set) var actions: [Action] = []

    /// - Parameter event: what becomes of the first start.
    init(starting event: Event) {
        conversation = Conversation(.init(resumes: true, patience: .seconds(60), nonce: "n"))
        actions = conversation.begin()
        tell(event)
    }

    init(resumes: Bool = true, token: String? = nil) {
        conversation = Conversation(.init(resumes: resumes, patience: .seconds(60), nonce: "n"))
        actions = conversation.begin()
        tell(.agentStarted(resume: token, followsEnd: false))
    }

    mutating func tell(_ event: Event) {
        actions += conversation.handle(event, at: now)
    }

    mutating func take() -> [Action] {
        defer { actions = [] }
        return actions
    }

    mutating func client(_ line: String) { tell(.client(Array(line.utf8), isWhole: true)) }
    mutating func agent(_ line: String) { tell(.agent(Array(line.utf8), isWhole: true)) }

    /// Lines for the client among what came out, and forgets it all.
    mutating func heardByClient() -> [String] {
        take().compactMap { if case .toClient(let line, _) = $0 { String(decoding: line, as: UTF8.self) } else { nil } }
    }

    /// What the controller was told of turns, and forgets all that came out.
    mutating func reports() -> [TurnReport] {
        take().compactMap { if case .report(let report) = $0 { report } else { nil } }
    }

    mutating func heardByAgent() -> [String] {
        take().compactMap { if case .toAgent(let line, _) = $0 { String(decoding: line, as: UTF8.self) } else { nil } }
    }

    // MARK: Whole scenes

    static let abilities =
        #"{"loadSession":true,"promptCapabilities":{"image":true},"sessionCapabilities":{"resume":{},"close":{}}}"#
    static let loadOnly = #"{"loadSession":true}"#

    /// Greeted, with one conversation `s1` in which something was said.
    static func begun(
        abilities: String = Talk.abilities, version: Int = 1, resumes: Bool = true, token: String? = nil
    ) -> Talk {
        var talk = Talk(resumes: resumes, token: token)
        talk.greet(abilities: abilities, version: version)
        talk.client(#"{"jsonrpc":"2.0","id":1,"method":"session/new","params":{"cwd":"/p","mcpServers":[]}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s1"}}"#)
        talk.prompt(2, "hello")
        if version == 2 {
            talk.agent(#"{"jsonrpc":"2.0","id":2,"result":{}}"#)
            talk.agent(Talk.idle("s1"))
        } else {
            talk.agent(#"{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}"#)
        }
        _ = talk.take()
        return talk
    }

    mutating func greet(abilities: String = Talk.abilities, version: Int = 1) {
        client(#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":\#(version)}}"#)
        agent(Talk.greeting(0, abilities: abilities, version: version))
    }

    static func greeting(_ id: Any, abilities: String = Talk.abilities, version: Int = 1) -> String {
        let key = version == 2 ? "capabilities" : "agentCapabilities"
        let id = id is String ? "\"\(id)\"" : "\(id)"
        return #"{"jsonrpc":"2.0","id":\#(id),"result":{"protocolVersion":\#(version),"\#(key)":\#(abilities)}}"#
    }

    static func idle(_ conversation: String) -> String {
        #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"\#(conversation)","update":"#
            + #"{"sessionUpdate":"state_update","state":"idle","stopReason":"end_turn"}}}"#
    }

    static func prompt(_ id: Int, _ text: String, in conversation: String = "s1") -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"session/prompt","params":{"sessionId":"\#(conversation)","prompt":"#
            + #"[{"type":"text","text":"\#(text)"}]}}"#
    }

    mutating func prompt(_ id: Int, _ text: String, in conversation: String = "s1") {
        client(Talk.prompt(id, text, in: conversation))
    }

    static let poolFull = Reason(
        kind: "pool_full", message: "gave its place", json: ["kind": "pool_full", "message": "gave its place"])

    /// The controller suspends the agent, which leaves.
    mutating func suspend(_ reason: Reason = Talk.poolFull) {
        tell(.closeInput(reason, Closing(grace: .seconds(1), reports: conversation.reports, isRefusable: true)))
        tell(.lifeEnded(LifeEnd(reason: reason, isSuspended: true, exitCode: 75)))
    }

    /// The next life's agent is there and has greeted back. Its first request to the agent had the id `n-FIRST`.
    mutating func returns(first: Int, abilities: String = Talk.abilities, version: Int = 1) {
        tell(.agentStarted(resume: nil, followsEnd: false))
        agent(Talk.greeting("pinfold-n-\(first)", abilities: abilities, version: version))
    }
}

extension [String] {
    /// The lines as JSON.
    var json: [JSON] { compactMap { try? JSON.parse($0) } }
}
