import PinfoldJSON
import Testing

@testable import PinfoldACP

/// A login that the client made with an agent of a former life.
@Suite struct AuthenticationTests {
    private static let refusal = #"{"code":-32000,"message":"log in"}"#

    /// Logged in, suspended, and back because of this line. Its next request to the agent has the id `n-2`.
    private func back(_ line: String) -> RelayScript {
        var exchange = RelayScript()
        exchange.sendInitialize()
        exchange.client(#"{"jsonrpc":"2.0","id":5,"method":"authenticate","params":{"methodId":"key"}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":5,"result":{}}"#)
        exchange.suspend()
        exchange.client(line)
        exchange.returns(first: 1)
        _ = exchange.take()
        return exchange
    }

    @Test(arguments: [
        #"{"jsonrpc":"2.0","id":7,"method":"session/new","params":{"cwd":"/p","mcpServers":[]}}"#,
        #"{"jsonrpc":"2.0","id":7,"method":"_ext/list","params":{}}"#,
        #"{"jsonrpc":"2.0","id":7,"method":"session/load","params":{"sessionId":"old","cwd":"/p"}}"#,
    ])
    func requestThatNeedsTheLoginIsSentAgainAfterItOnce(line: String) {
        var exchange = back(line)
        exchange.agent(#"{"jsonrpc":"2.0","id":7,"error":\#(Self.refusal)}"#)
        var actions = exchange.take()
        #expect(!actions.contains { if case .toClient = $0 { true } else { false } })
        #expect(
            actions.contains(
                .toAgent(
                    Array(
                        #"{"jsonrpc":"2.0","id":"pinfold-n-2","method":"authenticate","params":{"methodId":"key"}}"#
                            .utf8), endsLine: true)))
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":{}}"#)
        actions = exchange.take()
        #expect(actions.contains(.toAgent(Array(line.utf8), endsLine: true)))
        // Whoever refuses after it means it.
        let response = #"{"jsonrpc":"2.0","id":7,"error":\#(Self.refusal)}"#
        exchange.agent(response)
        #expect(exchange.heardByClient() == [response])
    }

    @Test func severalRequestsWaitForOneLogin() {
        var exchange = back(#"{"jsonrpc":"2.0","id":7,"method":"_a","params":{}}"#)
        exchange.client(#"{"jsonrpc":"2.0","id":8,"method":"_b","params":{}}"#)
        _ = exchange.take()
        for id in 7...8 { exchange.agent(#"{"jsonrpc":"2.0","id":\#(id),"error":\#(Self.refusal)}"#) }
        #expect(exchange.heardByAgent().count == 1)
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":{}}"#)
        #expect(exchange.heardByAgent().json.map { $0["method"]?.string } == ["_a", "_b"])
    }

    @Test func loginThatFailsGivesTheClientTheAgentsOwnAnswer() {
        var exchange = back(#"{"jsonrpc":"2.0","id":7,"method":"_a","params":{}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":7,"error":\#(Self.refusal)}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","error":{"code":-32603,"message":"expired"}}"#)
        #expect(exchange.heardByClient() == [#"{"jsonrpc":"2.0","id":7,"error":\#(Self.refusal)}"#])
    }

    @Test func agentThatEndsWhileARequestWaitsForTheLoginAnswersIt() {
        var exchange = back(#"{"jsonrpc":"2.0","id":7,"method":"_a","params":{}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":7,"error":\#(Self.refusal)}"#)
        exchange.suspend()
        #expect(exchange.heardByClient().json.map { $0["id"]?.int64 } == [7])
    }

    @Test func refusalOfTheFirstAgentPasses() {
        var exchange = RelayScript()
        exchange.sendInitialize()
        exchange.client(#"{"jsonrpc":"2.0","id":5,"method":"authenticate","params":{"methodId":"key"}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":5,"result":{}}"#)
        exchange.client(#"{"jsonrpc":"2.0","id":7,"method":"_a","params":{}}"#)
        _ = exchange.take()
        let response = #"{"jsonrpc":"2.0","id":7,"error":\#(Self.refusal)}"#
        exchange.agent(response)
        #expect(exchange.heardByClient() == [response])
    }
}
