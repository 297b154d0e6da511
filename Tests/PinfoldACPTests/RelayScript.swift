import PinfoldJSON

@testable import PinfoldACP

/// A conversation with a hand at each end: says lines, hands time and the controller's word in, and collects what comes
/// out.
struct RelayScript {
    var relay: ACPRelay
    var now = Duration.zero
    /// All that came out since it was last taken.
    private(set) var actions: [Action] = []

    /// - Parameter event: what becomes of the first start.
    init(starting event: Event) {
        relay = ACPRelay(.init(resumes: true, responseTimeout: .seconds(60), nonce: "n"))
        actions = relay.begin()
        send(event)
    }

    init(resumes: Bool = true, token: String? = nil) {
        relay = ACPRelay(.init(resumes: resumes, responseTimeout: .seconds(60), nonce: "n"))
        actions = relay.begin()
        send(.agentStarted(resume: token, followsEnd: false))
    }

    mutating func send(_ event: Event) {
        actions += relay.handle(event, at: now)
    }

    mutating func take() -> [Action] {
        defer { actions = [] }
        return actions
    }

    mutating func client(_ line: String) { send(.client(Array(line.utf8), isWhole: true)) }
    mutating func agent(_ line: String) { send(.agent(Array(line.utf8), isWhole: true)) }

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

    static let capabilities =
        #"{"loadSession":true,"promptCapabilities":{"image":true},"sessionCapabilities":{"resume":{},"close":{}}}"#
    static let loadOnly = #"{"loadSession":true}"#

    /// Greeted, with one conversation `s1` in which something was said.
    static func begun(
        capabilities: String = RelayScript.capabilities, version: Int = 1, resumes: Bool = true, token: String? = nil
    ) -> RelayScript {
        var exchange = RelayScript(resumes: resumes, token: token)
        exchange.sendInitialize(capabilities: capabilities, version: version)
        exchange.client(#"{"jsonrpc":"2.0","id":1,"method":"session/new","params":{"cwd":"/p","mcpServers":[]}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s1"}}"#)
        exchange.prompt(2, "hello")
        if version == 2 {
            exchange.agent(#"{"jsonrpc":"2.0","id":2,"result":{}}"#)
            exchange.agent(RelayScript.idle("s1"))
        } else {
            exchange.agent(#"{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}"#)
        }
        _ = exchange.take()
        return exchange
    }

    mutating func sendInitialize(capabilities: String = RelayScript.capabilities, version: Int = 1) {
        client(#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":\#(version)}}"#)
        agent(RelayScript.initialization(0, capabilities: capabilities, version: version))
    }

    static func initialization(_ id: Any, capabilities: String = RelayScript.capabilities, version: Int = 1) -> String {
        let key = version == 2 ? "capabilities" : "agentCapabilities"
        let id = id is String ? "\"\(id)\"" : "\(id)"
        return #"{"jsonrpc":"2.0","id":\#(id),"result":{"protocolVersion":\#(version),"\#(key)":\#(capabilities)}}"#
    }

    static func idle(_ session: String) -> String {
        #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"\#(session)","update":"#
            + #"{"sessionUpdate":"state_update","state":"idle","stopReason":"end_turn"}}}"#
    }

    static func prompt(_ id: Int, _ text: String, in session: String = "s1") -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"session/prompt","params":{"sessionId":"\#(session)","prompt":"#
            + #"[{"type":"text","text":"\#(text)"}]}}"#
    }

    mutating func prompt(_ id: Int, _ text: String, in session: String = "s1") {
        client(RelayScript.prompt(id, text, in: session))
    }

    static let poolFull = Reason(
        kind: "pool_full", message: "evicted", json: ["kind": "pool_full", "message": "evicted"])

    /// The controller suspends the agent, which leaves.
    mutating func suspend(_ reason: Reason = RelayScript.poolFull) {
        send(.closeInput(reason, InputClosing(grace: .seconds(1), reports: relay.reports, isRefusable: true)))
        send(.lifeEnded(LifeEnd(reason: reason, isSuspended: true, exitCode: 75)))
    }

    /// The next life's agent is there and has greeted back. Its first request to the agent had the id `n-FIRST`.
    mutating func returns(first: Int, capabilities: String = RelayScript.capabilities, version: Int = 1) {
        send(.agentStarted(resume: nil, followsEnd: false))
        agent(RelayScript.initialization("pinfold-n-\(first)", capabilities: capabilities, version: version))
    }
}

extension [String] {
    /// The lines as JSON.
    var json: [JSON] { compactMap { try? JSON.parse($0) } }
}
