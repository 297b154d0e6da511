import PinfoldJSON
import Testing

@testable import PinfoldACP

/// What is told to a client whose agent does not come back as it was.
@Suite struct FailureTests {
    private func reopened(_ answer: String, abilities: String = Talk.loadOnly) -> (lines: [JSON], talk: Talk) {
        var talk = Talk.begun(abilities: abilities)
        talk.suspend()
        talk.prompt(3, "again")
        talk.returns(first: abilities == Talk.loadOnly ? 1 : 2, abilities: abilities)
        _ = talk.take()
        talk.agent(answer)
        return (talk.heardByClient().json, talk)
    }

    @Test(arguments: [
        (#"{"code":-32002,"message":"Resource not found"}"#, -32002, "gone"),
        (#"{"code":-32602,"message":"Session s1 not found"}"#, -32002, "gone"),
        (#"{"code":-32602,"message":"mcpServers must be empty"}"#, -32603, "unknown"),
        (#"{"code":-32601,"message":"Method not found"}"#, -32603, "unknown"),
        (#"{"code":-32603,"message":"Internal error"}"#, -32603, "unknown"),
    ])
    func errorOfALoadIsToldAsWhatItMeans(error: String, code: Int64, outcome: String) {
        let (lines, _) = reopened(#"{"jsonrpc":"2.0","id":"pinfold-n-2","error":\#(error)}"#)
        #expect(lines.map { $0["id"]?.int64 } == [3])
        #expect(lines.map { $0["error"]?["code"]?.int64 } == [code])
        #expect(lines.map { $0["error"]?["data"]?["pinfold"]?["outcome"]?.string } == [outcome])
    }

    @Test func whatIsUnknownIsTriedAgainAndWhatIsGoneIsNot() {
        var (_, talk) = reopened(#"{"jsonrpc":"2.0","id":"pinfold-n-2","error":{"code":-32603,"message":"no"}}"#)
        talk.prompt(4, "more")
        #expect(talk.heardByAgent().json.map { $0["method"]?.string } == ["session/load"])

        (_, talk) = reopened(#"{"jsonrpc":"2.0","id":"pinfold-n-2","error":{"code":-32002,"message":"no"}}"#)
        talk.prompt(4, "more")
        #expect(talk.heardByAgent() == [Talk.prompt(4, "more")])
    }

    @Test func methodThatIsNotThereIsFollowedByTheNext() {
        let (lines, talk) = reopened(
            #"{"jsonrpc":"2.0","id":"pinfold-n-3","error":{"code":-32601,"message":"Method not found"}}"#,
            abilities: Talk.abilities)
        #expect(lines == [])
        #expect(talk.conversation.own.values.contains(.reopening(ConversationID("s1"), .load)))
    }

    @Test func agentThatCanOpenNothingAgainHasLostIt() {
        var talk = Talk.begun(abilities: "{}")
        talk.suspend()
        talk.prompt(3, "again")
        talk.returns(first: 1, abilities: "{}")
        #expect(talk.heardByClient().json.map { $0["error"]?["code"]?.int64 } == [-32002])
    }

    @Test(arguments: [
        (Talk.greeting("pinfold-n-2", version: 2), "version 2"),
        (Talk.greeting("pinfold-n-2", abilities: Talk.loadOnly), "promptCapabilities"),
        (#"{"jsonrpc":"2.0","id":"pinfold-n-2","error":{"code":-32603,"message":"broken"}}"#, "broken"),
    ])
    func agentThatNoLongerServesIsEndedAndTheConversationKept(greeting: String, why: String) {
        var talk = Talk.begun()
        talk.suspend()
        talk.prompt(3, "again")
        talk.tell(.agentStarted(resume: nil, followsEnd: false))
        _ = talk.take()
        talk.agent(greeting)
        let actions = talk.take()
        #expect(actions.contains { if case .failLife(let text) = $0 { text.contains(why) } else { false } })
        #expect(!actions.contains { if case .remember = $0 { true } else { false } })
        talk.tell(
            .lifeEnded(
                LifeEnd(reason: Reason(kind: "start_failed", message: why, json: [:]), isSuspended: true, exitCode: 75))
        )
        talk.prompt(4, "more")
        #expect(talk.take().last == .startAgent)
    }

    @Test func agentThatSaysNothingIsGivenUpAfterAWhile() {
        var talk = Talk.begun()
        talk.suspend()
        talk.prompt(3, "again")
        talk.returns(first: 2)
        _ = talk.take()
        talk.now += .seconds(59)
        talk.tell(.timePassed)
        #expect(talk.take() == [])
        talk.now += .seconds(1)
        talk.tell(.timePassed)
        let actions = talk.take()
        #expect(actions.contains { if case .failLife = $0 { true } else { false } })
        #expect(actions.contains { if case .toClient = $0 { true } else { false } })
    }

    @Test func refusalIsToldAndTheNextMessageTriesAgain() {
        var talk = Talk.begun()
        talk.suspend()
        talk.prompt(3, "again")
        _ = talk.take()
        talk.tell(.startFailed(StartFailure(message: "no place", exitCode: 73, isRefusal: true)))
        let lines = talk.heardByClient().json
        #expect(lines.map { $0["error"]?["code"]?.int64 } == [-32800])
        talk.prompt(4, "more")
        #expect(talk.take() == [.startAgent])
    }

    @Test func firstStartThatFailsIsTheEnd() {
        var talk = Conversation(.init(resumes: true, patience: .seconds(1), nonce: "n"))
        _ = talk.begin()
        _ = talk.handle(
            .client(Array(#"{"jsonrpc":"2.0","id":0,"method":"initialize"}"#.utf8), isWhole: true), at: .zero)
        let actions = talk.handle(
            .startFailed(StartFailure(message: "no place", exitCode: 73, isRefusal: true)), at: .zero)
        #expect(actions.last == .finish(73))
        #expect(actions.count == 2)
    }

    @Test(arguments: ["exited", "signaled"])
    func agentThatLeavesByItselfTakesTheLauncherWithIt(kind: String) {
        var talk = Talk.begun()
        talk.prompt(3, "bye")
        _ = talk.take()
        talk.tell(
            .lifeEnded(
                LifeEnd(reason: Reason(kind: kind, message: "status 7", json: [:]), isSuspended: false, exitCode: 7)))
        let actions = talk.take()
        #expect(actions.last == .finish(7))
        #expect(actions.count == 2)
    }

    @Test func deathInTheMiddleOfAReturnIsToldAndNotTheEnd() {
        var talk = Talk.begun()
        talk.suspend()
        talk.prompt(3, "again")
        talk.returns(first: 2)
        _ = talk.take()
        talk.tell(
            .lifeEnded(
                LifeEnd(reason: Reason(kind: "exited", message: "status 7", json: [:]), isSuspended: false, exitCode: 7)
            ))
        let lines = talk.heardByClient().json
        #expect(lines.map { $0["error"]?["data"]?["pinfold"]?["outcome"]?.string } == ["unknown"])
        talk.prompt(4, "more")
        #expect(talk.take() == [.startAgent])
    }
}
