import PinfoldJSON
import Testing

@testable import PinfoldACP

/// What an agent that is gone has left with its client, and what its successor says again.
@Suite struct LeftoverTests {
    private func update(_ text: String) -> String {
        #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":{\#(text)}}}"#
    }

    private static let creation =
        #"{"jsonrpc":"2.0","id":1,"method":"terminal/create","params":{"sessionId":"s1","command":"make"}}"#

    // MARK: Terminals

    @Test func terminalsOfAnAgentThatIsGoneAreReleased() {
        var exchange = RelayScript.begun()
        exchange.agent(Self.creation)
        exchange.client(#"{"jsonrpc":"2.0","id":1,"result":{"terminalId":"t1"}}"#)
        _ = exchange.take()
        exchange.suspend()
        let lines = exchange.heardByClient().json
        #expect(lines.map { $0["method"]?.string } == ["terminal/release"])
        #expect(lines.first?["params"] == ["sessionId": "s1", "terminalId": "t1"])
        // Its answer is nobody's.
        exchange.client(#"{"jsonrpc":"2.0","id":\#(lines.first?["id"] ?? nil),"result":{}}"#)
        #expect(exchange.take() == [])
    }

    @Test func terminalThatTheAgentReleasedItselfIsNotReleasedAgain() {
        var exchange = RelayScript.begun()
        exchange.agent(Self.creation)
        exchange.client(#"{"jsonrpc":"2.0","id":1,"result":{"terminalId":"t1"}}"#)
        exchange.agent(
            #"{"jsonrpc":"2.0","id":2,"method":"terminal/release","params":{"sessionId":"s1","terminalId":"t1"}}"#)
        exchange.client(#"{"jsonrpc":"2.0","id":2,"result":{}}"#)
        _ = exchange.take()
        exchange.suspend()
        #expect(exchange.heardByClient() == [])
    }

    @Test func terminalThatIsOpenedOnlyAfterTheAgentIsGoneIsReleased() {
        var exchange = RelayScript.begun()
        exchange.agent(Self.creation)
        exchange.suspend()
        _ = exchange.take()
        exchange.client(#"{"jsonrpc":"2.0","id":1,"result":{"terminalId":"t1"}}"#)
        #expect(exchange.heardByClient().json.map { $0["params"]?["terminalId"] } == ["t1"])
    }

    // MARK: Cancelled requests

    @Test func cancelledRequestIsNamedAsTheClientKnowsIt() {
        var exchange = RelayScript.begun()
        exchange.agent(
            #"{"jsonrpc":"2.0","id":1,"method":"fs/read_text_file","params":{"sessionId":"s1","path":"/a"}}"#)
        exchange.suspend()
        exchange.prompt(9, "again")
        exchange.returns(first: 2)
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{}}"#)
        _ = exchange.take()
        exchange.agent(
            #"{"jsonrpc":"2.0","id":1,"method":"fs/read_text_file","params":{"sessionId":"s1","path":"/b"}}"#)
        let id = exchange.heardByClient().json.last?["id"] ?? nil
        #expect(id != 1)
        exchange.agent(#"{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":1}}"#)
        #expect(
            exchange.heardByClient() == [
                #"{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":\#(id)}}"#
            ])
    }

    // MARK: Repetitions

    @Test(arguments: ["available_commands_update", "usage_update"])
    func stateThatIsSentAgainAfterAResumptionIsNotForwardedAgain(kind: String) {
        var exchange = RelayScript.begun()
        let state = update(#""sessionUpdate":"\#(kind)","value":1"#)
        exchange.agent(state)
        _ = exchange.take()
        exchange.suspend()
        exchange.prompt(9, "again")
        exchange.returns(first: 2)
        exchange.agent(state)
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{}}"#)
        exchange.agent(state)
        #expect(exchange.heardByClient() == [])
        // Once more is the agent's own affair.
        exchange.agent(state)
        let other = update(#""sessionUpdate":"\#(kind)","value":2"#)
        exchange.agent(other)
        #expect(exchange.heardByClient() == [state, other])
    }

    @Test func stateThatHasChangedIsShownThoughItComesWhileTheConversationIsOpened() {
        var exchange = RelayScript.begun()
        exchange.agent(update(#""sessionUpdate":"available_commands_update","value":1"#))
        _ = exchange.take()
        exchange.suspend()
        exchange.prompt(9, "again")
        exchange.returns(first: 2)
        _ = exchange.take()
        let other = update(#""sessionUpdate":"available_commands_update","value":2"#)
        exchange.agent(other)
        #expect(exchange.heardByClient() == [other])
    }

    // MARK: Tokens

    @Test func tokenThatTheControllerLostIsSentAgain() {
        var exchange = RelayScript.begun()
        exchange.suspend()
        _ = exchange.take()
        exchange.prompt(9, "again")
        exchange.send(.agentStarted(resume: nil, followsEnd: false))
        #expect(exchange.take().contains { if case .saveToken(.some) = $0 { true } else { false } })
        exchange.agent(RelayScript.initialization("pinfold-n-2"))
        #expect(exchange.heardByAgent().json.map { $0["method"]?.string } == ["session/resume"])
    }

    @Test func sessionThatWasEndedMeanwhileIsGone() {
        var exchange = RelayScript.begun()
        exchange.suspend()
        _ = exchange.take()
        exchange.prompt(9, "again")
        exchange.send(.agentStarted(resume: nil, followsEnd: true))
        #expect(exchange.heardByClient().json.last?["error"]?["data"]?["pinfold"]?["outcome"] == "gone")
    }
}
