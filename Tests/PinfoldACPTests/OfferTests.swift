import PinfoldJSON
import Testing

@testable import PinfoldACP

/// What a new launcher makes of what a former one left behind.
@Suite struct OfferTests {
    /// What a first launcher had the controller keep.
    private static let token: String = {
        var talk = Talk()
        talk.greet()
        talk.client(#"{"jsonrpc":"2.0","id":1,"method":"session/new","params":{"cwd":"/p","mcpServers":[]}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s1"}}"#)
        talk.prompt(2, "hello")
        talk.agent(#"{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}"#)
        let tokens = talk.take().compactMap { if case .remember(let token) = $0 { token } else { nil } }
        return tokens.last ?? ""
    }()

    private let request =
        #"{"jsonrpc":"2.0","id":1,"method":"session/new","params":{"cwd":"/p","mcpServers":[{"name":"new"}]}}"#

    private func asked(cwd: String = "/p", resumes: Bool = true) -> Talk {
        var talk = Talk(resumes: resumes, token: Self.token)
        talk.greet()
        _ = talk.take()
        talk.client(request.replacing("/p", with: cwd))
        return talk
    }

    @Test func newConversationInTheSameDirectoryIsTheOldOneAndSaysSo() {
        var talk = asked()
        let sent = talk.heardByAgent().json
        #expect(sent.map { $0["method"]?.string } == ["session/resume"])
        // With what this client said, not with what the former one did.
        #expect(sent[0]["params"]?["mcpServers"] == [["name": "new"]])
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-1","result":{"modes":{"currentModeId":"ask"}}}"#)
        let answer = talk.heardByClient().json
        #expect(answer.map { $0["id"] } == [1])
        #expect(answer[0]["result"]?["sessionId"] == "s1")
        #expect(answer[0]["result"]?["modes"] == ["currentModeId": "ask"])
        #expect(answer[0]["result"]?["_meta"] == ["pinfold": ["resumed": true]])
    }

    @Test func itIsGivenOnce() {
        var talk = asked()
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-1","result":{}}"#)
        _ = talk.take()
        talk.client(request.replacing("\"id\":1", with: "\"id\":2"))
        #expect(talk.heardByAgent().json.map { $0["method"]?.string } == ["session/new"])
    }

    @Test func anotherDirectoryIsAnotherConversation() {
        var talk = asked(cwd: "/q")
        #expect(talk.heardByAgent().json.map { $0["method"]?.string } == ["session/new"])
    }

    @Test func whoDoesNotWantTheOldOneGetsANewOne() {
        var talk = asked(resumes: false)
        #expect(talk.heardByAgent().json.map { $0["method"]?.string } == ["session/new"])
    }

    @Test func goneConversationIsReplacedAndTheClientIsTold() {
        var talk = asked()
        _ = talk.take()
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-1","error":{"code":-32002,"message":"gone"}}"#)
        #expect(talk.heardByAgent() == [request])
        talk.agent(#"{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s9"}}"#)
        let meta = talk.heardByClient().json.last?["result"]?["_meta"]?["pinfold"]
        #expect(meta?["resumed"] == false)
        #expect(meta?["outcome"] == "gone")
    }

    @Test func conversationThatMayBeThereIsNotReplaced() {
        var talk = asked()
        _ = talk.take()
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-1","error":{"code":-32603,"message":"later"}}"#)
        let actions = talk.take()
        #expect(!actions.contains { if case .toAgent = $0 { true } else { false } })
        #expect(!actions.contains { if case .remember = $0 { true } else { false } })
    }

    @Test func promptToAConversationOfAFormerLauncherOpensIt() {
        var talk = Talk(token: Self.token)
        talk.greet()
        _ = talk.take()
        talk.prompt(5, "again")
        #expect(talk.heardByAgent().json.map { $0["method"]?.string } == ["session/resume"])
    }

    @Test(arguments: ["", "x", "{}", #"{"acp":2}"#, #"{"acp":1,"conversations":[{"id":3}]}"#, "🐑"])
    func tokenOfAnotherProgramIsNoConversation(token: String) {
        #expect(Token.decode(token).isEmpty)
    }

    @Test func tokenThatWouldBeTooLongLosesTheConversationUsedLongestAgo() {
        var known: [ConversationID: KnownConversation] = [:]
        for index in 0..<40 {
            let servers = String(repeating: "x", count: 10 << 10)
            var one = KnownConversation(params: Array(#"{"cwd":"/p","mcpServers":["\#(servers)"]}"#.utf8), isOpen: true)
            one.lastUsed = UInt64(index)
            known[ConversationID("s\(index)")] = one
        }
        let token = Token.encode(known)
        #expect(token.utf8.count <= Token.longest)
        let kept = Token.decode(token)
        #expect(kept[ConversationID("s39")] != nil)
        #expect(kept[ConversationID("s0")] == nil)
        #expect(kept.count == 25)
    }
}
