import PinfoldJSON
import Testing

@testable import PinfoldACP

/// How an agent is ended, and what becomes of what was said to it.
@Suite struct EndingTests {
    private func inputClosing(_ exchange: RelayScript, isRefusable: Bool = false, reports: UInt64? = nil) -> Event {
        .closeInput(
            RelayScript.poolFull,
            InputClosing(grace: .seconds(1), reports: reports ?? exchange.relay.reports, isRefusable: isRefusable))
    }

    @Test func conversationsAreClosedBeforeTheInput() {
        var exchange = RelayScript.begun()
        exchange.send(inputClosing(exchange))
        #expect(exchange.heardByAgent().json.map { $0["method"]?.string } == ["session/close"])
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-1","result":{}}"#)
        #expect(exchange.take() == [.closeAgentInput])
    }

    @Test func agentThatDoesNotCloseLosesItsInputInTime() {
        var exchange = RelayScript.begun()
        exchange.send(inputClosing(exchange))
        _ = exchange.take()
        #expect(exchange.relay.nextDeadline == .milliseconds(500))
        exchange.now = .milliseconds(500)
        exchange.send(.timePassed)
        #expect(exchange.take() == [.closeAgentInput])
    }

    @Test func turnIsCancelledAndItsPromptAnsweredWithTheCause() {
        var exchange = RelayScript.begun()
        exchange.prompt(3, "work")
        _ = exchange.take()
        exchange.send(inputClosing(exchange))
        #expect(exchange.heardByAgent().json.map { $0["method"]?.string } == ["session/cancel", "session/close"])
        exchange.agent(#"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"cancelled"}}"#)
        let lines = exchange.heardByClient().json
        #expect(lines.map { $0["error"]?["code"]?.int64 } == [-32800])
        #expect(lines[0]["error"]?["data"]?["pinfold"]?["cause"]?["kind"] == "pool_full")
    }

    @Test func turnThatEndedInTimeIsAnsweredByTheAgent() {
        var exchange = RelayScript.begun()
        exchange.prompt(3, "work")
        exchange.send(inputClosing(exchange))
        _ = exchange.take()
        let response = #"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"end_turn"}}"#
        exchange.agent(response)
        #expect(exchange.heardByClient() == [response])
    }

    @Test func promptThatWasNotAnsweredIsAnsweredAtTheEndOnce() {
        var exchange = RelayScript.begun()
        exchange.prompt(3, "work")
        exchange.suspend()
        #expect(exchange.heardByClient().json.map { $0["error"]?["code"]?.int64 } == [-32800])
        exchange.agent(#"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"end_turn"}}"#)
        #expect(exchange.heardByClient() == [])
    }

    @Test func newMessageDuringAnEndingWaitsForTheNextLife() {
        var exchange = RelayScript.begun()
        exchange.send(inputClosing(exchange))
        _ = exchange.take()
        exchange.prompt(3, "again")
        #expect(exchange.take() == [])
        exchange.send(.lifeEnded(LifeEnd(reason: RelayScript.poolFull, isSuspended: true, exitCode: 75)))
        #expect(exchange.take().last == .startAgent)
    }

    @Test func decisionThatOverlookedAReportIsNotObeyed() {
        var exchange = RelayScript.begun()
        let seen = exchange.relay.reports
        exchange.prompt(3, "work")
        _ = exchange.take()
        exchange.send(inputClosing(exchange, isRefusable: true, reports: seen))
        #expect(exchange.take() == [])
        #expect(exchange.relay.agent == .ready)
    }

    @Test func orderIsObeyedWhateverWasReported() {
        var exchange = RelayScript.begun()
        let seen = exchange.relay.reports
        exchange.prompt(3, "work")
        _ = exchange.take()
        exchange.send(inputClosing(exchange, isRefusable: false, reports: seen))
        #expect(exchange.heardByAgent().isEmpty == false)
    }

    @Test func questionsToAHumanAreWithdrawnAndTheirAnswersLost() {
        var exchange = RelayScript.begun()
        exchange.prompt(3, "work")
        for id in [5, 6, 7] {
            exchange.agent(
                #"{"jsonrpc":"2.0","id":\#(id),"method":"session/request_permission","params":{"sessionId":"s1"}}"#)
        }
        _ = exchange.take()
        exchange.send(inputClosing(exchange))
        let actions = exchange.take()
        let withdrawn = actions.filter {
            if case .toClient(let line, _) = $0 {
                String(decoding: line, as: UTF8.self).contains("$/cancel_request")
            } else {
                false
            }
        }
        #expect(withdrawn.count == 3)
        let responses = actions.filter {
            if case .toAgent(let line, _) = $0 {
                String(decoding: line, as: UTF8.self).contains(#""outcome":"cancelled""#)
            } else {
                false
            }
        }
        #expect(responses.count == 3)
        exchange.client(#"{"jsonrpc":"2.0","id":5,"result":{"outcome":{"outcome":"selected","optionId":"a"}}}"#)
        #expect(exchange.heardByAgent() == [])
    }

    @Test func questionOfANewAgentIsNotMistakenForAnOldOne() {
        var exchange = RelayScript.begun()
        exchange.prompt(3, "work")
        exchange.agent(#"{"jsonrpc":"2.0","id":5,"method":"session/request_permission","params":{"sessionId":"s1"}}"#)
        exchange.send(.lifeEnded(LifeEnd(reason: RelayScript.poolFull, isSuspended: true, exitCode: 75)))
        exchange.prompt(4, "again")
        exchange.returns(first: 1)
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":{}}"#)
        _ = exchange.take()
        exchange.agent(#"{"jsonrpc":"2.0","id":5,"method":"session/request_permission","params":{"sessionId":"s1"}}"#)
        let asked = exchange.heardByClient().json
        #expect(asked.map { $0["id"] } == [1_073_741_827])
        exchange.client(#"{"jsonrpc":"2.0","id":5,"result":{"old":true}}"#)
        #expect(exchange.heardByAgent() == [])
        exchange.client(#"{"jsonrpc":"2.0","id":1073741827,"result":{"new":true}}"#)
        #expect(exchange.heardByAgent() == [#"{"jsonrpc":"2.0","id":5,"result":{"new":true}}"#])
    }

    @Test func hungTurnIsCancelledAndTheAgentsAnswerStands() {
        var exchange = RelayScript.begun()
        exchange.prompt(3, "work")
        _ = exchange.take()
        exchange.send(.cancelTurn(Reason(kind: "turn_timeout", message: "too long", json: [:])))
        #expect(exchange.heardByAgent().json.map { $0["method"]?.string } == ["session/cancel"])
        let response = #"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"cancelled"}}"#
        exchange.agent(response)
        #expect(exchange.heardByClient() == [response])
    }

    @Test func cutTurnOfVersion2IsReportedIdle() {
        var exchange = RelayScript.begun(capabilities: "{}", version: 2)
        exchange.prompt(3, "work")
        exchange.agent(#"{"jsonrpc":"2.0","id":3,"result":{}}"#)
        _ = exchange.take()
        #expect(exchange.relay.reported.state == .open)
        exchange.send(.lifeEnded(LifeEnd(reason: RelayScript.poolFull, isSuspended: true, exitCode: 75)))
        let lines = exchange.heardByClient().json
        #expect(lines.map { $0["params"]?["update"]?["stopReason"] } == ["cancelled"])
        #expect(lines.map { $0["params"]?["_meta"]?["pinfold"]?["cause"]?["kind"] } == ["pool_full"])
    }

    @Test func agentThatDoesNotLeaveWithItsClientIsEnded() {
        var exchange = RelayScript.begun()
        exchange.send(.clientClosed)
        #expect(exchange.take() == [.closeAgentInput])
        exchange.now = .seconds(5)
        exchange.send(.timePassed)
        #expect(exchange.take().contains { if case .failLife = $0 { true } else { false } })
        #expect(exchange.relay.nextDeadline == nil)
    }

    @Test func agentInTheMiddleOfATurnMayEndItAfterItsClientHungUp() {
        var exchange = RelayScript.begun()
        exchange.prompt(3, "work")
        exchange.send(.clientClosed)
        exchange.now = .seconds(60)
        exchange.send(.timePassed)
        _ = exchange.take()
        let response = #"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"end_turn"}}"#
        exchange.agent(response)
        #expect(exchange.heardByClient() == [response])
    }

    @Test(arguments: ["exited", "start_failed"])
    func suspensionThatANewControllerKnowsNothingOfIsOneAllTheSame(kind: String) {
        var exchange = RelayScript.begun()
        exchange.send(inputClosing(exchange))
        exchange.send(.leaseTaken)
        #expect(exchange.take().contains { if case .failLife = $0 { true } else { false } })
        exchange.prompt(3, "again")
        exchange.send(
            .lifeEnded(LifeEnd(reason: Reason(kind: kind, message: "", json: [:]), isSuspended: false, exitCode: 0)))
        #expect(exchange.take() == [.startAgent])
    }

    @Test func sessionThatWasEndedWhileItsAgentWasAwayIsGone() {
        var exchange = RelayScript.begun()
        exchange.suspend()
        exchange.prompt(3, "again")
        _ = exchange.take()
        exchange.send(.agentStarted(resume: nil, followsEnd: true))
        #expect(exchange.heardByClient().json.map { $0["error"]?["code"]?.int64 } == [-32002])
    }
}
