import PinfoldJSON
import Testing

@testable import PinfoldACP

/// A login that the client made with an agent of a former life.
@Suite struct AuthenticationTests {
    private static let refusal = #"{"code":-32000,"message":"log in"}"#

    /// Logged in, suspended, and back because of this line. Its next request to the agent has the id `n-2`.
    private func back(_ line: String) -> Talk {
        var talk = Talk()
        talk.greet()
        talk.client(#"{"jsonrpc":"2.0","id":5,"method":"authenticate","params":{"methodId":"key"}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":5,"result":{}}"#)
        talk.suspend()
        talk.client(line)
        talk.returns(first: 1)
        _ = talk.take()
        return talk
    }

    @Test(arguments: [
        #"{"jsonrpc":"2.0","id":7,"method":"session/new","params":{"cwd":"/p","mcpServers":[]}}"#,
        #"{"jsonrpc":"2.0","id":7,"method":"_ext/list","params":{}}"#,
        #"{"jsonrpc":"2.0","id":7,"method":"session/load","params":{"sessionId":"old","cwd":"/p"}}"#,
    ])
    func requestThatNeedsTheLoginIsSentAgainAfterItOnce(line: String) {
        var talk = back(line)
        talk.agent(#"{"jsonrpc":"2.0","id":7,"error":\#(Self.refusal)}"#)
        var actions = talk.take()
        #expect(!actions.contains { if case .toClient = $0 { true } else { false } })
        #expect(
            actions.contains(
                .toAgent(
                    Array(
                        #"{"jsonrpc":"2.0","id":"pinfold-n-2","method":"authenticate","params":{"methodId":"key"}}"#
                            .utf8), endsLine: true)))
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":{}}"#)
        actions = talk.take()
        #expect(actions.contains(.toAgent(Array(line.utf8), endsLine: true)))
        // Whoever refuses after it means it.
        let answer = #"{"jsonrpc":"2.0","id":7,"error":\#(Self.refusal)}"#
        talk.agent(answer)
        #expect(talk.heardByClient() == [answer])
    }

    @Test func severalRequestsWaitForOneLogin() {
        var talk = back(#"{"jsonrpc":"2.0","id":7,"method":"_a","params":{}}"#)
        talk.client(#"{"jsonrpc":"2.0","id":8,"method":"_b","params":{}}"#)
        _ = talk.take()
        for id in 7...8 { talk.agent(#"{"jsonrpc":"2.0","id":\#(id),"error":\#(Self.refusal)}"#) }
        #expect(talk.heardByAgent().count == 1)
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":{}}"#)
        #expect(talk.heardByAgent().json.map { $0["method"]?.string } == ["_a", "_b"])
    }

    @Test func loginThatFailsGivesTheClientTheAgentsOwnAnswer() {
        var talk = back(#"{"jsonrpc":"2.0","id":7,"method":"_a","params":{}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":7,"error":\#(Self.refusal)}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","error":{"code":-32603,"message":"expired"}}"#)
        #expect(talk.heardByClient() == [#"{"jsonrpc":"2.0","id":7,"error":\#(Self.refusal)}"#])
    }

    @Test func agentThatEndsWhileARequestWaitsForTheLoginAnswersIt() {
        var talk = back(#"{"jsonrpc":"2.0","id":7,"method":"_a","params":{}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":7,"error":\#(Self.refusal)}"#)
        talk.suspend()
        #expect(talk.heardByClient().json.map { $0["id"]?.int64 } == [7])
    }

    @Test func refusalOfTheFirstAgentPasses() {
        var talk = Talk()
        talk.greet()
        talk.client(#"{"jsonrpc":"2.0","id":5,"method":"authenticate","params":{"methodId":"key"}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":5,"result":{}}"#)
        talk.client(#"{"jsonrpc":"2.0","id":7,"method":"_a","params":{}}"#)
        _ = talk.take()
        let answer = #"{"jsonrpc":"2.0","id":7,"error":\#(Self.refusal)}"#
        talk.agent(answer)
        #expect(talk.heardByClient() == [answer])
    }
}
