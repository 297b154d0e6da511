import PinfoldJSON
import Testing

@testable import PinfoldACP

/// What a new launcher makes of what a former one left behind.
@Suite struct OfferTests {
    /// What a first launcher had the controller keep.
    private static let token: String = {
        var exchange = RelayScript()
        exchange.sendInitialize()
        exchange.client(#"{"jsonrpc":"2.0","id":1,"method":"session/new","params":{"cwd":"/p","mcpServers":[]}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s1"}}"#)
        exchange.prompt(2, "hello")
        exchange.agent(#"{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}"#)
        let tokens = exchange.take().compactMap { if case .saveToken(let token) = $0 { token } else { nil } }
        return tokens.last ?? ""
    }()

    private let request =
        #"{"jsonrpc":"2.0","id":1,"method":"session/new","params":{"cwd":"/p","mcpServers":[{"name":"new"}]}}"#

    private func asked(cwd: String = "/p", resumes: Bool = true) -> RelayScript {
        var exchange = RelayScript(resumes: resumes, token: Self.token)
        exchange.sendInitialize()
        _ = exchange.take()
        exchange.client(request.replacing("/p", with: cwd))
        return exchange
    }

    @Test func newConversationInTheSameDirectoryIsTheOldOneAndIsMarkedSo() {
        var exchange = asked()
        let sent = exchange.heardByAgent().json
        #expect(sent.map { $0["method"]?.string } == ["session/resume"])
        // With what this client said, not with what the former one did.
        #expect(sent[0]["params"]?["mcpServers"] == [["name": "new"]])
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-1","result":{"modes":{"currentModeId":"ask"}}}"#)
        let response = exchange.heardByClient().json
        #expect(response.map { $0["id"] } == [1])
        #expect(response[0]["result"]?["sessionId"] == "s1")
        #expect(response[0]["result"]?["modes"] == ["currentModeId": "ask"])
        #expect(response[0]["result"]?["_meta"] == ["pinfold": ["resumed": true]])
    }

    @Test func itIsGivenOnce() {
        var exchange = asked()
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-1","result":{}}"#)
        _ = exchange.take()
        exchange.client(request.replacing("\"id\":1", with: "\"id\":2"))
        #expect(exchange.heardByAgent().json.map { $0["method"]?.string } == ["session/new"])
    }

    @Test func anotherDirectoryIsAnotherConversation() {
        var exchange = asked(cwd: "/q")
        #expect(exchange.heardByAgent().json.map { $0["method"]?.string } == ["session/new"])
    }

    @Test func whoDoesNotWantTheOldOneGetsANewOne() {
        var exchange = asked(resumes: false)
        #expect(exchange.heardByAgent().json.map { $0["method"]?.string } == ["session/new"])
    }

    @Test func goneConversationIsReplacedAndTheClientIsNotified() {
        var exchange = asked()
        _ = exchange.take()
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-1","error":{"code":-32002,"message":"gone"}}"#)
        #expect(exchange.heardByAgent() == [request])
        exchange.agent(#"{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s9"}}"#)
        let meta = exchange.heardByClient().json.last?["result"]?["_meta"]?["pinfold"]
        #expect(meta?["resumed"] == false)
        #expect(meta?["outcome"] == "gone")
    }

    @Test func conversationThatMayBeThereIsNotReplaced() {
        var exchange = asked()
        _ = exchange.take()
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-1","error":{"code":-32603,"message":"later"}}"#)
        let actions = exchange.take()
        #expect(!actions.contains { if case .toAgent = $0 { true } else { false } })
        #expect(!actions.contains { if case .saveToken = $0 { true } else { false } })
    }

    @Test func promptToAConversationOfAFormerLauncherOpensIt() {
        var exchange = RelayScript(token: Self.token)
        exchange.sendInitialize()
        _ = exchange.take()
        exchange.prompt(5, "again")
        #expect(exchange.heardByAgent().json.map { $0["method"]?.string } == ["session/resume"])
    }

    @Test(arguments: ["", "x", "{}", #"{"acp":2}"#, #"{"acp":1,"conversations":[{"id":3}]}"#, "🐑"])
    func tokenOfAnotherProgramIsNoConversation(token: String) {
        #expect(SessionListToken.decode(token).isEmpty)
    }

    @Test func tokenThatWouldBeTooLongLosesTheConversationUsedLongestAgo() {
        var sessions: [ACPSessionID: ACPSession] = [:]
        for index in 0..<40 {
            let servers = String(repeating: "x", count: 10 << 10)
            var one = ACPSession(params: Array(#"{"cwd":"/p","mcpServers":["\#(servers)"]}"#.utf8), isOpen: true)
            one.lastUsed = UInt64(index)
            sessions[ACPSessionID("s\(index)")] = one
        }
        let token = SessionListToken.encode(sessions)
        #expect(token.utf8.count <= SessionListToken.longest)
        let kept = SessionListToken.decode(token)
        #expect(kept[ACPSessionID("s39")] != nil)
        #expect(kept[ACPSessionID("s0")] == nil)
        #expect(kept.count == 25)
    }
}
