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
        var talk = Talk.begun()
        talk.agent(Self.creation)
        talk.client(#"{"jsonrpc":"2.0","id":1,"result":{"terminalId":"t1"}}"#)
        _ = talk.take()
        talk.suspend()
        let lines = talk.heardByClient().json
        #expect(lines.map { $0["method"]?.string } == ["terminal/release"])
        #expect(lines.first?["params"] == ["sessionId": "s1", "terminalId": "t1"])
        // Its answer is nobody's.
        talk.client(#"{"jsonrpc":"2.0","id":\#(lines.first?["id"] ?? nil),"result":{}}"#)
        #expect(talk.take() == [])
    }

    @Test func terminalThatTheAgentReleasedItselfIsNotReleasedAgain() {
        var talk = Talk.begun()
        talk.agent(Self.creation)
        talk.client(#"{"jsonrpc":"2.0","id":1,"result":{"terminalId":"t1"}}"#)
        talk.agent(
            #"{"jsonrpc":"2.0","id":2,"method":"terminal/release","params":{"sessionId":"s1","terminalId":"t1"}}"#)
        talk.client(#"{"jsonrpc":"2.0","id":2,"result":{}}"#)
        _ = talk.take()
        talk.suspend()
        #expect(talk.heardByClient() == [])
    }

    @Test func terminalThatIsOpenedOnlyAfterTheAgentIsGoneIsReleased() {
        var talk = Talk.begun()
        talk.agent(Self.creation)
        talk.suspend()
        _ = talk.take()
        talk.client(#"{"jsonrpc":"2.0","id":1,"result":{"terminalId":"t1"}}"#)
        #expect(talk.heardByClient().json.map { $0["params"]?["terminalId"] } == ["t1"])
    }

    // MARK: Cancelled requests

    @Test func cancelledRequestIsNamedAsTheClientKnowsIt() {
        var talk = Talk.begun()
        talk.agent(#"{"jsonrpc":"2.0","id":1,"method":"fs/read_text_file","params":{"sessionId":"s1","path":"/a"}}"#)
        talk.suspend()
        talk.prompt(9, "again")
        talk.returns(first: 2)
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{}}"#)
        _ = talk.take()
        talk.agent(#"{"jsonrpc":"2.0","id":1,"method":"fs/read_text_file","params":{"sessionId":"s1","path":"/b"}}"#)
        let id = talk.heardByClient().json.last?["id"] ?? nil
        #expect(id != 1)
        talk.agent(#"{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":1}}"#)
        #expect(
            talk.heardByClient() == [#"{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":\#(id)}}"#])
    }

    // MARK: Repetitions

    @Test(arguments: ["available_commands_update", "usage_update"])
    func stateThatIsToldAgainAfterAReturnIsNotShownAgain(kind: String) {
        var talk = Talk.begun()
        let state = update(#""sessionUpdate":"\#(kind)","value":1"#)
        talk.agent(state)
        _ = talk.take()
        talk.suspend()
        talk.prompt(9, "again")
        talk.returns(first: 2)
        talk.agent(state)
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{}}"#)
        talk.agent(state)
        #expect(talk.heardByClient() == [])
        // Once more is the agent's own affair.
        talk.agent(state)
        let other = update(#""sessionUpdate":"\#(kind)","value":2"#)
        talk.agent(other)
        #expect(talk.heardByClient() == [state, other])
    }

    @Test func stateThatHasChangedIsShownThoughItComesWhileTheConversationIsOpened() {
        var talk = Talk.begun()
        talk.agent(update(#""sessionUpdate":"available_commands_update","value":1"#))
        _ = talk.take()
        talk.suspend()
        talk.prompt(9, "again")
        talk.returns(first: 2)
        _ = talk.take()
        let other = update(#""sessionUpdate":"available_commands_update","value":2"#)
        talk.agent(other)
        #expect(talk.heardByClient() == [other])
    }

    // MARK: Tokens

    @Test func tokenThatTheControllerLostIsToldAgain() {
        var talk = Talk.begun()
        talk.suspend()
        _ = talk.take()
        talk.prompt(9, "again")
        talk.tell(.agentStarted(resume: nil, followsEnd: false))
        #expect(talk.take().contains { if case .remember(.some) = $0 { true } else { false } })
        talk.agent(Talk.greeting("pinfold-n-2"))
        #expect(talk.heardByAgent().json.map { $0["method"]?.string } == ["session/resume"])
    }

    @Test func sessionThatWasEndedMeanwhileIsGone() {
        var talk = Talk.begun()
        talk.suspend()
        _ = talk.take()
        talk.prompt(9, "again")
        talk.tell(.agentStarted(resume: nil, followsEnd: true))
        #expect(talk.heardByClient().json.last?["error"]?["data"]?["pinfold"]?["outcome"] == "gone")
    }
}
