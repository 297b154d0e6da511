import PinfoldJSON
import Testing

@testable import PinfoldACP

/// An agent goes and comes back, and its client notices nothing.
@Suite struct ReturnTests {
    @Test func suspensionTellsTheClientNothing() {
        var talk = Talk.begun()
        talk.suspend()
        #expect(talk.heardByClient() == [])
    }

    @Test func nextMessageStartsTheAgentAndIsDeliveredOnce() {
        var talk = Talk.begun()
        talk.suspend()
        _ = talk.take()
        talk.prompt(3, "again")
        #expect(talk.take() == [.startAgent])
        talk.tell(.agentStarted(resume: nil, followsEnd: false))
        #expect(
            talk.heardByAgent().json.map { $0["method"]?.string } == ["initialize"])
        talk.agent(Talk.greeting("pinfold-n-2"))
        let resume = talk.heardByAgent().json
        #expect(resume.map { $0["method"]?.string } == ["session/resume"])
        #expect(resume[0]["params"] == ["cwd": "/p", "mcpServers": [], "sessionId": "s1"])
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{}}"#)
        #expect(talk.heardByAgent() == [Talk.prompt(3, "again")])
        talk.agent(#"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"end_turn"}}"#)
        #expect(talk.heardByClient() == [#"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"end_turn"}}"#])
    }

    @Test func replayOfALoadIsNotShownTwice() {
        var talk = Talk.begun(abilities: Talk.loadOnly)
        talk.suspend()
        talk.prompt(3, "again")
        talk.returns(first: 1, abilities: Talk.loadOnly)
        _ = talk.take()
        talk.agent(
            #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":{"sessionUpdate":"user_message_chunk"}}}"#
        )
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":null}"#)
        let actions = talk.take()
        #expect(!actions.contains { if case .toClient = $0 { true } else { false } })
        #expect(actions.contains(.toAgent(Array(Talk.prompt(3, "again").utf8), endsLine: true)))
    }

    @Test func manyHeldMessagesFollowInTheirOrderEachOnce() {
        var talk = Talk.begun()
        talk.suspend()
        for id in 3...12 { talk.prompt(id, "message \(id)") }
        talk.returns(first: 2)
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{}}"#)
        let delivered = talk.heardByAgent().filter { $0.contains("session/prompt") }
        #expect(delivered == (3...12).map { Talk.prompt($0, "message \($0)") })
    }

    @Test func agentThatAsksForItIsLoggedInToAgain() {
        var talk = Talk()
        talk.greet()
        talk.client(#"{"jsonrpc":"2.0","id":5,"method":"authenticate","params":{"methodId":"key"}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":5,"result":{}}"#)
        talk.client(#"{"jsonrpc":"2.0","id":1,"method":"session/new","params":{"cwd":"/p","mcpServers":[]}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s1"}}"#)
        talk.suspend()
        talk.prompt(9, "again")
        talk.returns(first: 2)
        _ = talk.take()
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","error":{"code":-32000,"message":"log in"}}"#)
        let login = talk.heardByAgent().json
        #expect(login.map { $0["method"]?.string } == ["authenticate"])
        #expect(login[0]["params"] == ["methodId": "key"])
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-4","result":{}}"#)
        #expect(talk.heardByAgent().json.map { $0["method"]?.string } == ["session/resume"])
    }

    @Test func clientThatNeverLoggedInIsToldToDoSo() {
        var talk = Talk.begun()
        talk.suspend()
        talk.prompt(9, "again")
        talk.returns(first: 2)
        _ = talk.take()
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","error":{"code":-32000,"message":"log in"}}"#)
        #expect(
            talk.heardByClient() == [#"{"jsonrpc":"2.0","id":9,"error":{"code":-32000,"message":"log in"}}"#])
    }

    @Test func secondConversationIsOpenedWhenItIsNextSpokenOf() {
        var talk = Talk.begun()
        talk.client(#"{"jsonrpc":"2.0","id":"b","method":"session/new","params":{"cwd":"/q","mcpServers":[]}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":"b","result":{"sessionId":"s2"}}"#)
        talk.suspend()
        talk.prompt(3, "one")
        talk.returns(first: 3)
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-4","result":{}}"#)
        _ = talk.take()
        talk.prompt(4, "two", in: "s2")
        let opened = talk.heardByAgent().json
        #expect(opened.map { $0["params"]?["sessionId"] } == ["s2"])
        #expect(opened.map { $0["params"]?["cwd"] } == ["/q"])
    }

    @Test func suspensionInTheMiddleOfAReturnOnlyDelaysIt() {
        var talk = Talk.begun()
        talk.suspend()
        talk.prompt(3, "again")
        talk.returns(first: 2)
        talk.suspend(Reason(kind: "ended", message: "suspended by a user", json: [:]))
        let actions = talk.take()
        #expect(!actions.contains { if case .toClient = $0 { true } else { false } })
        #expect(actions.last == .startAgent)
    }
}
