import PinfoldJSON
import Testing

@testable import PinfoldACP

/// How an agent is ended, and what becomes of what was said to it.
@Suite struct EndingTests {
    private func closing(_ talk: Talk, isRefusable: Bool = false, reports: UInt64? = nil) -> Event {
        .closeInput(
            Talk.poolFull,
            Closing(grace: .seconds(1), reports: reports ?? talk.conversation.reports, isRefusable: isRefusable))
    }

    @Test func conversationsAreClosedBeforeTheInput() {
        var talk = Talk.begun()
        talk.tell(closing(talk))
        #expect(talk.heardByAgent().json.map { $0["method"]?.string } == ["session/close"])
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-1","result":{}}"#)
        #expect(talk.take() == [.closeAgentInput])
    }

    @Test func agentThatDoesNotCloseLosesItsInputInTime() {
        var talk = Talk.begun()
        talk.tell(closing(talk))
        _ = talk.take()
        #expect(talk.conversation.nextDeadline == .milliseconds(500))
        talk.now = .milliseconds(500)
        talk.tell(.timePassed)
        #expect(talk.take() == [.closeAgentInput])
    }

    @Test func turnIsCancelledAndItsPromptAnsweredWithTheCause() {
        var talk = Talk.begun()
        talk.prompt(3, "work")
        _ = talk.take()
        talk.tell(closing(talk))
        #expect(talk.heardByAgent().json.map { $0["method"]?.string } == ["session/cancel", "session/close"])
        talk.agent(#"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"cancelled"}}"#)
        let lines = talk.heardByClient().json
        #expect(lines.map { $0["error"]?["code"]?.int64 } == [-32800])
        #expect(lines[0]["error"]?["data"]?["pinfold"]?["cause"]?["kind"] == "pool_full")
    }

    @Test func turnThatEndedInTimeIsAnsweredByTheAgent() {
        var talk = Talk.begun()
        talk.prompt(3, "work")
        talk.tell(closing(talk))
        _ = talk.take()
        let answer = #"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"end_turn"}}"#
        talk.agent(answer)
        #expect(talk.heardByClient() == [answer])
    }

    @Test func promptThatNobodyAnsweredIsAnsweredAtTheEndOnce() {
        var talk = Talk.begun()
        talk.prompt(3, "work")
        talk.suspend()
        #expect(talk.heardByClient().json.map { $0["error"]?["code"]?.int64 } == [-32800])
        talk.agent(#"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"end_turn"}}"#)
        #expect(talk.heardByClient() == [])
    }

    @Test func newMessageDuringAnEndingWaitsForTheNextLife() {
        var talk = Talk.begun()
        talk.tell(closing(talk))
        _ = talk.take()
        talk.prompt(3, "again")
        #expect(talk.take() == [])
        talk.tell(.lifeEnded(LifeEnd(reason: Talk.poolFull, isSuspended: true, exitCode: 75)))
        #expect(talk.take().last == .startAgent)
    }

    @Test func decisionThatOverlookedAReportIsNotObeyed() {
        var talk = Talk.begun()
        let seen = talk.conversation.reports
        talk.prompt(3, "work")
        _ = talk.take()
        talk.tell(closing(talk, isRefusable: true, reports: seen))
        #expect(talk.take() == [])
        #expect(talk.conversation.agent == .here)
    }

    @Test func orderIsObeyedWhateverWasReported() {
        var talk = Talk.begun()
        let seen = talk.conversation.reports
        talk.prompt(3, "work")
        _ = talk.take()
        talk.tell(closing(talk, isRefusable: false, reports: seen))
        #expect(talk.heardByAgent().isEmpty == false)
    }

    @Test func questionsToAHumanAreWithdrawnAndTheirAnswersLost() {
        var talk = Talk.begun()
        talk.prompt(3, "work")
        for id in [5, 6, 7] {
            talk.agent(
                #"{"jsonrpc":"2.0","id":\#(id),"method":"session/request_permission","params":{"sessionId":"s1"}}"#)
        }
        _ = talk.take()
        talk.tell(closing(talk))
        let actions = talk.take()
        let withdrawn = actions.filter {
            if case .toClient(let line, _) = $0 {
                String(decoding: line, as: UTF8.self).contains("$/cancel_request")
            } else {
                false
            }
        }
        #expect(withdrawn.count == 3)
        let answers = actions.filter {
            if case .toAgent(let line, _) = $0 {
                String(decoding: line, as: UTF8.self).contains(#""outcome":"cancelled""#)
            } else {
                false
            }
        }
        #expect(answers.count == 3)
        talk.client(#"{"jsonrpc":"2.0","id":5,"result":{"outcome":{"outcome":"selected","optionId":"a"}}}"#)
        #expect(talk.heardByAgent() == [])
    }

    @Test func questionOfANewAgentIsNotMistakenForAnOldOne() {
        var talk = Talk.begun()
        talk.prompt(3, "work")
        talk.agent(#"{"jsonrpc":"2.0","id":5,"method":"session/request_permission","params":{"sessionId":"s1"}}"#)
        talk.tell(.lifeEnded(LifeEnd(reason: Talk.poolFull, isSuspended: true, exitCode: 75)))
        talk.prompt(4, "again")
        talk.returns(first: 1)
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":{}}"#)
        _ = talk.take()
        talk.agent(#"{"jsonrpc":"2.0","id":5,"method":"session/request_permission","params":{"sessionId":"s1"}}"#)
        let asked = talk.heardByClient().json
        #expect(asked.map { $0["id"] } == [1_073_741_827])
        talk.client(#"{"jsonrpc":"2.0","id":5,"result":{"old":true}}"#)
        #expect(talk.heardByAgent() == [])
        talk.client(#"{"jsonrpc":"2.0","id":1073741827,"result":{"new":true}}"#)
        #expect(talk.heardByAgent() == [#"{"jsonrpc":"2.0","id":5,"result":{"new":true}}"#])
    }

    @Test func hungTurnIsCancelledAndTheAgentsAnswerStands() {
        var talk = Talk.begun()
        talk.prompt(3, "work")
        _ = talk.take()
        talk.tell(.cancelTurn(Reason(kind: "turn_timeout", message: "too long", json: [:])))
        #expect(talk.heardByAgent().json.map { $0["method"]?.string } == ["session/cancel"])
        let answer = #"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"cancelled"}}"#
        talk.agent(answer)
        #expect(talk.heardByClient() == [answer])
    }

    @Test func cutTurnOfVersion2IsToldToBeIdle() {
        var talk = Talk.begun(abilities: "{}", version: 2)
        talk.prompt(3, "work")
        talk.agent(#"{"jsonrpc":"2.0","id":3,"result":{}}"#)
        _ = talk.take()
        #expect(talk.conversation.reported.state == .open)
        talk.tell(.lifeEnded(LifeEnd(reason: Talk.poolFull, isSuspended: true, exitCode: 75)))
        let lines = talk.heardByClient().json
        #expect(lines.map { $0["params"]?["update"]?["stopReason"] } == ["cancelled"])
        #expect(lines.map { $0["params"]?["_meta"]?["pinfold"]?["cause"]?["kind"] } == ["pool_full"])
    }

    @Test func agentThatDoesNotLeaveWithItsClientIsEnded() {
        var talk = Talk.begun()
        talk.tell(.clientClosed)
        #expect(talk.take() == [.closeAgentInput])
        talk.now = .seconds(5)
        talk.tell(.timePassed)
        #expect(talk.take().contains { if case .failLife = $0 { true } else { false } })
        #expect(talk.conversation.nextDeadline == nil)
    }

    @Test func agentInTheMiddleOfATurnMayEndItAfterItsClientHungUp() {
        var talk = Talk.begun()
        talk.prompt(3, "work")
        talk.tell(.clientClosed)
        talk.now = .seconds(60)
        talk.tell(.timePassed)
        _ = talk.take()
        let answer = #"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"end_turn"}}"#
        talk.agent(answer)
        #expect(talk.heardByClient() == [answer])
    }

    @Test(arguments: ["exited", "start_failed"])
    func suspensionThatANewControllerKnowsNothingOfIsOneAllTheSame(kind: String) {
        var talk = Talk.begun()
        talk.tell(closing(talk))
        talk.tell(.leaseTaken)
        #expect(talk.take().contains { if case .failLife = $0 { true } else { false } })
        talk.prompt(3, "again")
        talk.tell(
            .lifeEnded(LifeEnd(reason: Reason(kind: kind, message: "", json: [:]), isSuspended: false, exitCode: 0)))
        #expect(talk.take() == [.startAgent])
    }

    @Test func sessionThatWasEndedWhileItsAgentWasAwayIsGone() {
        var talk = Talk.begun()
        talk.suspend()
        talk.prompt(3, "again")
        _ = talk.take()
        talk.tell(.agentStarted(resume: nil, followsEnd: true))
        #expect(talk.heardByClient().json.map { $0["error"]?["code"]?.int64 } == [-32002])
    }
}
