import PinfoldJSON
import Testing

@testable import PinfoldACP

/// What is told to a client whose agent does not come back as it was.
@Suite struct FailureTests {
    private func reopened(_ response: String, capabilities: String = RelayScript.loadOnly) -> (
        lines: [JSON], exchange: RelayScript
    ) {
        var exchange = RelayScript.begun(capabilities: capabilities)
        exchange.suspend()
        exchange.prompt(3, "again")
        exchange.returns(first: capabilities == RelayScript.loadOnly ? 1 : 2, capabilities: capabilities)
        _ = exchange.take()
        exchange.agent(response)
        return (exchange.heardByClient().json, exchange)
    }

    @Test(arguments: [
        (#"{"code":-32002,"message":"Resource not found"}"#, -32002, "gone"),
        (#"{"code":-32602,"message":"Session s1 not found"}"#, -32002, "gone"),
        (#"{"code":-32602,"message":"mcpServers must be empty"}"#, -32603, "unknown"),
        (#"{"code":-32601,"message":"Method not found"}"#, -32603, "unknown"),
        (#"{"code":-32603,"message":"Internal error"}"#, -32603, "unknown"),
    ])
    func errorOfALoadIsReportedAsWhatItMeans(error: String, code: Int64, outcome: String) {
        let (lines, _) = reopened(#"{"jsonrpc":"2.0","id":"pinfold-n-2","error":\#(error)}"#)
        #expect(lines.map { $0["id"]?.int64 } == [3])
        #expect(lines.map { $0["error"]?["code"]?.int64 } == [code])
        #expect(lines.map { $0["error"]?["data"]?["pinfold"]?["outcome"]?.string } == [outcome])
    }

    @Test func whatIsUnknownIsTriedAgainAndWhatIsGoneIsNot() {
        var (_, exchange) = reopened(#"{"jsonrpc":"2.0","id":"pinfold-n-2","error":{"code":-32603,"message":"no"}}"#)
        exchange.prompt(4, "more")
        #expect(exchange.heardByAgent().json.map { $0["method"]?.string } == ["session/load"])

        (_, exchange) = reopened(#"{"jsonrpc":"2.0","id":"pinfold-n-2","error":{"code":-32002,"message":"no"}}"#)
        exchange.prompt(4, "more")
        #expect(exchange.heardByAgent() == [RelayScript.prompt(4, "more")])
    }

    @Test func methodThatIsNotThereIsFollowedByTheNext() {
        let (lines, exchange) = reopened(
            #"{"jsonrpc":"2.0","id":"pinfold-n-3","error":{"code":-32601,"message":"Method not found"}}"#,
            capabilities: RelayScript.capabilities)
        #expect(lines == [])
        #expect(exchange.relay.relayRequests.values.contains(.resumption(ACPSessionID("s1"), .load)))
    }

    @Test func agentThatCanOpenNothingAgainHasLostIt() {
        var exchange = RelayScript.begun(capabilities: "{}")
        exchange.suspend()
        exchange.prompt(3, "again")
        exchange.returns(first: 1, capabilities: "{}")
        #expect(exchange.heardByClient().json.map { $0["error"]?["code"]?.int64 } == [-32002])
    }

    @Test(arguments: [
        (RelayScript.initialization("pinfold-n-2", version: 2), "version 2"),
        (RelayScript.initialization("pinfold-n-2", capabilities: RelayScript.loadOnly), "promptCapabilities"),
        (#"{"jsonrpc":"2.0","id":"pinfold-n-2","error":{"code":-32603,"message":"broken"}}"#, "broken"),
    ])
    func agentThatNoLongerServesIsEndedAndTheConversationKept(initialization: String, why: String) {
        var exchange = RelayScript.begun()
        exchange.suspend()
        exchange.prompt(3, "again")
        exchange.send(.agentStarted(resume: nil, followsEnd: false))
        _ = exchange.take()
        exchange.agent(initialization)
        let actions = exchange.take()
        #expect(actions.contains { if case .failLife(let text) = $0 { text.contains(why) } else { false } })
        #expect(!actions.contains { if case .saveToken = $0 { true } else { false } })
        exchange.send(
            .lifeEnded(
                LifeEnd(reason: Reason(kind: "start_failed", message: why, json: [:]), isSuspended: true, exitCode: 75))
        )
        exchange.prompt(4, "more")
        #expect(exchange.take().last == .startAgent)
    }

    @Test func agentThatSendsNothingIsGivenUpAfterAWhile() {
        var exchange = RelayScript.begun()
        exchange.suspend()
        exchange.prompt(3, "again")
        exchange.returns(first: 2)
        _ = exchange.take()
        exchange.now += .seconds(59)
        exchange.send(.timePassed)
        #expect(exchange.take() == [])
        exchange.now += .seconds(1)
        exchange.send(.timePassed)
        let actions = exchange.take()
        #expect(actions.contains { if case .failLife = $0 { true } else { false } })
        #expect(actions.contains { if case .toClient = $0 { true } else { false } })
    }

    @Test func refusalIsReportedAndTheNextMessageTriesAgain() {
        var exchange = RelayScript.begun()
        exchange.suspend()
        exchange.prompt(3, "again")
        _ = exchange.take()
        exchange.send(.startFailed(StartFailure(message: "no place", exitCode: 73, isRefusal: true)))
        let lines = exchange.heardByClient().json
        #expect(lines.map { $0["error"]?["code"]?.int64 } == [-32800])
        exchange.prompt(4, "more")
        #expect(exchange.take() == [.startAgent])
    }

    @Test func firstStartThatFailsIsTheEnd() {
        var exchange = ACPRelay(.init(resumes: true, responseTimeout: .seconds(1), nonce: "n"))
        _ = exchange.begin()
        _ = exchange.handle(
            .client(Array(#"{"jsonrpc":"2.0","id":0,"method":"initialize"}"#.utf8), isWhole: true), at: .zero)
        let actions = exchange.handle(
            .startFailed(StartFailure(message: "no place", exitCode: 73, isRefusal: true)), at: .zero)
        #expect(actions.last == .finish(73))
        #expect(actions.count == 2)
    }

    @Test(arguments: ["exited", "signaled"])
    func agentThatLeavesByItselfTakesTheLauncherWithIt(kind: String) {
        var exchange = RelayScript.begun()
        exchange.prompt(3, "bye")
        _ = exchange.take()
        exchange.send(
            .lifeEnded(
                LifeEnd(reason: Reason(kind: kind, message: "status 7", json: [:]), isSuspended: false, exitCode: 7)))
        let actions = exchange.take()
        #expect(actions.last == .finish(7))
        #expect(actions.count == 2)
    }

    @Test func deathInTheMiddleOfAResumptionIsReportedAndNotTheEnd() {
        var exchange = RelayScript.begun()
        exchange.suspend()
        exchange.prompt(3, "again")
        exchange.returns(first: 2)
        _ = exchange.take()
        exchange.send(
            .lifeEnded(
                LifeEnd(reason: Reason(kind: "exited", message: "status 7", json: [:]), isSuspended: false, exitCode: 7)
            ))
        let lines = exchange.heardByClient().json
        #expect(lines.map { $0["error"]?["data"]?["pinfold"]?["outcome"]?.string } == ["unknown"])
        exchange.prompt(4, "more")
        #expect(exchange.take() == [.startAgent])
    }
}
