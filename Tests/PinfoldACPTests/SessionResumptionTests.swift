import PinfoldJSON
import Testing

@testable import PinfoldACP

/// An agent goes and comes back, and its client notices nothing.
@Suite struct ReturnTests {
    @Test func suspensionSendsTheClientNothing() {
        var exchange = RelayScript.begun()
        exchange.suspend()
        #expect(exchange.heardByClient() == [])
    }

    @Test func nextMessageStartsTheAgentAndIsDeliveredOnce() {
        var exchange = RelayScript.begun()
        exchange.suspend()
        _ = exchange.take()
        exchange.prompt(3, "again")
        #expect(exchange.take() == [.startAgent])
        exchange.send(.agentStarted(resume: nil, followsEnd: false))
        #expect(
            exchange.heardByAgent().json.map { $0["method"]?.string } == ["initialize"])
        exchange.agent(RelayScript.initialization("pinfold-n-2"))
        let resume = exchange.heardByAgent().json
        #expect(resume.map { $0["method"]?.string } == ["session/resume"])
        #expect(resume[0]["params"] == ["cwd": "/p", "mcpServers": [], "sessionId": "s1"])
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{}}"#)
        #expect(exchange.heardByAgent() == [RelayScript.prompt(3, "again")])
        exchange.agent(#"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"end_turn"}}"#)
        #expect(exchange.heardByClient() == [#"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"end_turn"}}"#])
    }

    @Test func replayOfALoadIsNotShownTwice() {
        var exchange = RelayScript.begun(capabilities: RelayScript.loadOnly)
        exchange.suspend()
        exchange.prompt(3, "again")
        exchange.returns(first: 1, capabilities: RelayScript.loadOnly)
        _ = exchange.take()
        exchange.agent(
            #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":{"sessionUpdate":"user_message_chunk"}}}"#
        )
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":null}"#)
        let actions = exchange.take()
        #expect(!actions.contains { if case .toClient = $0 { true } else { false } })
        #expect(actions.contains(.toAgent(Array(RelayScript.prompt(3, "again").utf8), endsLine: true)))
    }

    @Test func manyHeldMessagesFollowInTheirOrderEachOnce() {
        var exchange = RelayScript.begun()
        exchange.suspend()
        for id in 3...12 { exchange.prompt(id, "message \(id)") }
        exchange.returns(first: 2)
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{}}"#)
        let delivered = exchange.heardByAgent().filter { $0.contains("session/prompt") }
        #expect(delivered == (3...12).map { RelayScript.prompt($0, "message \($0)") })
    }

    @Test func agentThatAsksForItIsLoggedInToAgain() {
        var exchange = RelayScript()
        exchange.sendInitialize()
        exchange.client(#"{"jsonrpc":"2.0","id":5,"method":"authenticate","params":{"methodId":"key"}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":5,"result":{}}"#)
        exchange.client(#"{"jsonrpc":"2.0","id":1,"method":"session/new","params":{"cwd":"/p","mcpServers":[]}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s1"}}"#)
        exchange.suspend()
        exchange.prompt(9, "again")
        exchange.returns(first: 2)
        _ = exchange.take()
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","error":{"code":-32000,"message":"log in"}}"#)
        let authentication = exchange.heardByAgent().json
        #expect(authentication.map { $0["method"]?.string } == ["authenticate"])
        #expect(authentication[0]["params"] == ["methodId": "key"])
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-4","result":{}}"#)
        #expect(exchange.heardByAgent().json.map { $0["method"]?.string } == ["session/resume"])
    }

    @Test func clientThatNeverLoggedInIsRefused() {
        var exchange = RelayScript.begun()
        exchange.suspend()
        exchange.prompt(9, "again")
        exchange.returns(first: 2)
        _ = exchange.take()
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","error":{"code":-32000,"message":"log in"}}"#)
        #expect(
            exchange.heardByClient() == [#"{"jsonrpc":"2.0","id":9,"error":{"code":-32000,"message":"log in"}}"#])
    }

    @Test func secondConversationIsOpenedWhenItIsNextUsed() {
        var exchange = RelayScript.begun()
        exchange.client(#"{"jsonrpc":"2.0","id":"b","method":"session/new","params":{"cwd":"/q","mcpServers":[]}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":"b","result":{"sessionId":"s2"}}"#)
        exchange.suspend()
        exchange.prompt(3, "one")
        exchange.returns(first: 3)
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-4","result":{}}"#)
        _ = exchange.take()
        exchange.prompt(4, "two", in: "s2")
        let opened = exchange.heardByAgent().json
        #expect(opened.map { $0["params"]?["sessionId"] } == ["s2"])
        #expect(opened.map { $0["params"]?["cwd"] } == ["/q"])
    }

    @Test func suspensionInTheMiddleOfAReturnOnlyDelaysIt() {
        var exchange = RelayScript.begun()
        exchange.suspend()
        exchange.prompt(3, "again")
        exchange.returns(first: 2)
        exchange.suspend(Reason(kind: "ended", message: "suspended by a user", json: [:]))
        let actions = exchange.take()
        #expect(!actions.contains { if case .toClient = $0 { true } else { false } })
        #expect(actions.last == .startAgent)
    }
}
