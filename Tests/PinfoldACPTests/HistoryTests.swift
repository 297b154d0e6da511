import PinfoldJSON
import Testing

@testable import PinfoldACP

/// Conversations that the agent does not have any more, has without a history, or replays in its own way.
@Suite struct HistoryTests {
    /// One with the agent of a first life, in which this was said.
    private func begun(_ said: (inout Talk) -> Void) -> Talk {
        var talk = Talk()
        talk.greet(abilities: Talk.loadOnly)
        talk.client(#"{"jsonrpc":"2.0","id":1,"method":"session/new","params":{"cwd":"/p","mcpServers":[]}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s1"}}"#)
        said(&talk)
        talk.suspend()
        talk.prompt(9, "again")
        talk.returns(first: 1, abilities: Talk.loadOnly)
        _ = talk.take()
        return talk
    }

    private func error(_ code: Int, _ message: String, id: String = "pinfold-n-2") -> String {
        #"{"jsonrpc":"2.0","id":"\#(id)","error":{"code":\#(code),"message":"\#(message)"}}"#
    }

    private func update(_ kind: String, in id: String = "s1", _ more: String = "") -> String {
        #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"\#(id)","update":{"sessionUpdate":"\#(kind)"\#(more)}}}"#
    }

    // MARK: Nothing to lose

    @Test(arguments: [
        (-32002, "Resource not found"), (-32600, "Session s1 not found"), (-32602, "unknown session"),
        (-32603, "no such conversation"),
    ])
    func conversationInWhichNothingWasSaidIsBegunAnewAndTheClientIsNotTold(code: Int, message: String) {
        var talk = begun { _ in }
        talk.agent(error(code, message))
        let request = talk.heardByAgent().json
        #expect(request.map { $0["method"]?.string } == ["session/new"])
        #expect(request[0]["params"] == ["cwd": "/p", "mcpServers": []])
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{"sessionId":"x7"}}"#)
        #expect(talk.heardByAgent() == [Talk.prompt(9, "again", in: "x7")])
        talk.agent(update("agent_message_chunk", in: "x7"))
        talk.agent(#"{"jsonrpc":"2.0","id":9,"result":{"stopReason":"end_turn"}}"#)
        #expect(
            talk.heardByClient() == [
                update("agent_message_chunk"), #"{"jsonrpc":"2.0","id":9,"result":{"stopReason":"end_turn"}}"#,
            ])
        talk.client(#"{"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"s1"}}"#)
        #expect(
            talk.heardByAgent() == [#"{"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"x7"}}"#])
    }

    @Test func commandAloneIsNothingThatAnAgentKeeps() {
        var talk = begun {
            $0.prompt(2, "/help")
            $0.agent(#"{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}"#)
        }
        talk.agent(error(-32002, "not found"))
        #expect(talk.heardByAgent().json.map { $0["method"]?.string } == ["session/new"])
    }

    @Test func firstTurnThatWasCancelledIsLostAndTheNextAnswerSaysSo() {
        var talk = begun {
            $0.prompt(2, "hello")
            $0.agent(#"{"jsonrpc":"2.0","id":2,"result":{"stopReason":"cancelled"}}"#)
        }
        talk.agent(error(-32002, "not found"))
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{"sessionId":"x7"}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":9,"result":{"stopReason":"end_turn"}}"#)
        let answer = talk.heardByClient().json.last
        #expect(answer?["result"]?["stopReason"] == "end_turn")
        #expect(answer?["result"]?["_meta"]?["pinfold"]?["outcome"] == "gone")
    }

    @Test func conversationWithAHistoryIsGoneUnderWhateverCode() {
        var talk = begun {
            $0.prompt(2, "hello")
            $0.agent(#"{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}"#)
        }
        talk.agent(error(-32600, "Session s1 not found"))
        let answer = talk.heardByClient().json
        #expect(answer.map { $0["error"]?["code"]?.int64 } == [-32002])
        #expect(answer.first?["error"]?["data"]?["pinfold"]?["outcome"] == "gone")
    }

    @Test func conversationThatWasLoadedOnceIsNotReplaced() {
        var talk = Talk()
        talk.greet(abilities: Talk.loadOnly)
        talk.client(#"{"jsonrpc":"2.0","id":1,"method":"session/load","params":{"sessionId":"s1","cwd":"/p"}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":1,"result":{}}"#)
        talk.suspend()
        talk.prompt(9, "again")
        talk.returns(first: 1, abilities: Talk.loadOnly)
        talk.agent(error(-32002, "not found"))
        #expect(talk.heardByClient().json.last?["error"]?["data"]?["pinfold"]?["outcome"] == "gone")
    }

    @Test func anotherServerThatIsNotFoundIsNoReasonToReplaceAConversation() {
        var talk = begun { _ in }
        talk.agent(error(-32603, "MCP server 'x' not found"))
        #expect(talk.heardByClient().json.first?["error"]?["data"]?["pinfold"]?["outcome"] == "unknown")
    }

    @Test func namesThatAgentsGiveAgainAreKeptApart() {
        var talk = Talk()
        talk.greet(abilities: Talk.loadOnly)
        for number in 1...2 {
            talk.client(
                #"{"jsonrpc":"2.0","id":\#(number),"method":"session/new","params":{"cwd":"/\#(number)","mcpServers":[]}}"#
            )
            talk.agent(#"{"jsonrpc":"2.0","id":\#(number),"result":{"sessionId":"s\#(number)"}}"#)
        }
        talk.suspend()
        talk.prompt(8, "two", in: "s2")
        talk.returns(first: 1, abilities: Talk.loadOnly)
        talk.agent(error(-32002, "not found"))
        // An agent that counts: its first conversation of this life is the client's second.
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{"sessionId":"s1"}}"#)
        _ = talk.take()
        talk.prompt(9, "one", in: "s1")
        // By its name the agent would open the other one.
        #expect(talk.heardByAgent().json.map { $0["method"]?.string } == ["session/new"])
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-4","result":{"sessionId":"s2"}}"#)
        #expect(talk.heardByAgent() == [Talk.prompt(9, "one", in: "s2")])
        talk.agent(update("agent_message_chunk", in: "s1"))
        talk.agent(update("agent_message_chunk", in: "s2"))
        #expect(
            talk.heardByClient() == [
                update("agent_message_chunk", in: "s2"), update("agent_message_chunk", in: "s1"),
            ])
        talk.client(#"{"jsonrpc":"2.0","id":5,"method":"session/new","params":{"cwd":"/3","mcpServers":[]}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":5,"result":{"sessionId":"s3"}}"#)
        #expect(talk.heardByClient().json.last?["result"]?["sessionId"] == "s3")
    }

    @Test func newConversationIsNotGivenTheNameOfAnotherOne() {
        var talk = begun { _ in }
        talk.client(#"{"jsonrpc":"2.0","id":5,"method":"session/new","params":{"cwd":"/3","mcpServers":[]}}"#)
        talk.agent(error(-32002, "not found"))
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{"sessionId":"s9"}}"#)
        _ = talk.take()
        talk.agent(#"{"jsonrpc":"2.0","id":5,"result":{"sessionId":"s1"}}"#)
        #expect(talk.heardByClient().json.last?["result"]?["sessionId"] == "s1-2")
        talk.prompt(6, "other", in: "s1-2")
        #expect(talk.heardByAgent() == [Talk.prompt(6, "other", in: "s1")])
    }

    // MARK: Copies

    private static let copying = #"{"loadSession":true,"sessionCapabilities":{"fork":{}}}"#

    /// A conversation with a history and a copy of it, in another life.
    private func forked() -> Talk {
        var talk = Talk.begun(abilities: Self.copying)
        talk.client(#"{"jsonrpc":"2.0","id":5,"method":"session/fork","params":{"sessionId":"s1","cwd":"/p"}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":5,"result":{"sessionId":"f1"}}"#)
        return talk
    }

    @Test func copyIsOpenedAgainByItsOwnName() {
        var talk = forked()
        talk.suspend()
        talk.prompt(9, "again", in: "f1")
        talk.returns(first: 1, abilities: Self.copying)
        let request = talk.heardByAgent().json.last
        #expect(request?["method"] == "session/load")
        #expect(request?["params"] == ["cwd": "/p", "sessionId": "f1"])
    }

    @Test func copyThatTheAgentDidNotKeepIsMadeAgain() {
        var talk = forked()
        talk.suspend()
        talk.prompt(9, "again", in: "f1")
        talk.returns(first: 1, abilities: Self.copying)
        talk.agent(error(-32002, "not found"))
        _ = talk.take()
        talk.agent(update("user_message_chunk"))
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{}}"#)
        let request = talk.heardByAgent().json
        #expect(request.map { $0["method"]?.string } == ["session/fork"])
        #expect(request.first?["params"] == ["cwd": "/p", "sessionId": "s1"])
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-4","result":{"sessionId":"f2"}}"#)
        #expect(talk.heardByAgent() == [Talk.prompt(9, "again", in: "f2")])
    }

    @Test func copyOfWhatHasGoneOnIsNotMadeAgain() {
        var talk = forked()
        talk.prompt(6, "more")
        talk.agent(#"{"jsonrpc":"2.0","id":6,"result":{"stopReason":"end_turn"}}"#)
        talk.suspend()
        talk.prompt(9, "again", in: "f1")
        talk.returns(first: 1, abilities: Self.copying)
        talk.agent(error(-32002, "not found"))
        #expect(talk.heardByClient().json.last?["error"]?["data"]?["pinfold"]?["outcome"] == "gone")
    }

    // MARK: Replays

    private func withHistory() -> Talk {
        begun {
            $0.prompt(2, "hello")
            $0.agent(#"{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}"#)
        }
    }

    @Test func loadThatReplaysNothingDeliversAndSaysSoWithTheAnswer() {
        var talk = withHistory()
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":null}"#)
        #expect(talk.heardByAgent() == [])
        talk.now += .seconds(1)
        talk.tell(.timePassed)
        #expect(talk.heardByAgent() == [Talk.prompt(9, "again")])
        talk.agent(#"{"jsonrpc":"2.0","id":9,"result":{"stopReason":"end_turn"}}"#)
        let answer = talk.heardByClient().json.last
        #expect(answer?["result"]?["_meta"]?["pinfold"]?["outcome"] == "unconfirmed")
    }

    @Test func historyThatIsReplayedAfterTheAnswerIsNotShownAgain() {
        var talk = withHistory()
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":null}"#)
        for kind in ["user_message_chunk", "agent_message_chunk", "tool_call"] {
            talk.now += .milliseconds(250)
            talk.tell(.timePassed)
            talk.agent(update(kind))
        }
        #expect(talk.take().allSatisfy { if case .remember = $0 { true } else { false } })
        talk.now += .milliseconds(300)
        talk.tell(.timePassed)
        #expect(talk.heardByAgent() == [Talk.prompt(9, "again")])
        talk.agent(update("agent_message_chunk"))
        talk.agent(#"{"jsonrpc":"2.0","id":9,"result":{"stopReason":"end_turn"}}"#)
        let lines = talk.heardByClient()
        #expect(lines.count == 2)
        #expect(lines.json.last?["result"]?["_meta"] == nil)
    }

    @Test func restOfAReplayIsNotShownWhereTheAgentIsSuspendedInItsCourse() {
        var talk = withHistory()
        talk.agent(update("user_message_chunk"))
        talk.tell(.closeInput(Talk.poolFull, Closing(grace: .seconds(2), reports: 0, isRefusable: false)))
        _ = talk.take()
        talk.agent(update("agent_message_chunk"))
        talk.agent(update("current_mode_update", #","currentModeId":"code""#))
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":null}"#)
        #expect(talk.heardByClient() == [])
    }

    @Test func lateReplayEndsHoweverSlowlyItComes() {
        var talk = withHistory()
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":null}"#)
        var parts = 0
        while talk.heardByAgent() == [], parts < 1_000 {
            talk.now += .milliseconds(200)
            talk.tell(.timePassed)
            talk.agent(update("agent_message_chunk"))
            parts += 1
        }
        #expect(parts < 1_000)
    }

    @Test func historyIsSwallowedUntilTheNextPromptWhereNothingWaitsForIt() {
        var talk = begun {
            $0.prompt(2, "hello")
            $0.agent(#"{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}"#)
            $0.suspend()
            $0.client(#"{"jsonrpc":"2.0","id":3,"method":"_ext","params":{"sessionId":"s1"}}"#)
            $0.returns(first: 1, abilities: Talk.loadOnly)
            $0.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":null}"#)
            $0.now += .seconds(1)
            $0.tell(.timePassed)
            _ = $0.take()
            $0.agent(
                #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":{"sessionUpdate":"user_message_chunk"}}}"#
            )
            #expect($0.heardByClient() == [])
            $0.prompt(4, "now")
            $0.agent(
                #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":{"sessionUpdate":"agent_message_chunk"}}}"#
            )
            #expect($0.heardByClient().count == 1)
        }
        _ = talk.take()
    }

    @Test func clientsOwnLoadOfAnEmptyConversationPromisesNoHistory() {
        var talk = Talk()
        talk.greet(abilities: Talk.loadOnly)
        talk.client(#"{"jsonrpc":"2.0","id":1,"method":"session/load","params":{"sessionId":"s1","cwd":"/p"}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":1,"result":{}}"#)
        talk.suspend()
        talk.prompt(9, "again")
        talk.returns(first: 1, abilities: Talk.loadOnly)
        _ = talk.take()
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":{}}"#)
        #expect(talk.heardByAgent() == [Talk.prompt(9, "again")])
    }

    // MARK: Not for ever

    @Test(arguments: [-32603, -32601])
    func failureOfOneKindIsUnknownTwiceAndThenGone(code: Int) {
        var talk = withHistory()
        var outcomes: [String?] = []
        for number in 0..<3 {
            if number > 0 { talk.prompt(20 + number, "again") }
            talk.agent(error(code, "broken", id: "pinfold-n-\(2 + number)"))
            outcomes.append(talk.heardByClient().json.last?["error"]?["data"]?["pinfold"]?["outcome"]?.string)
        }
        #expect(outcomes == ["unknown", "unknown", "gone"])
        // It is told, not forgotten: whoever knows better may try.
        talk.prompt(30, "again")
        #expect(talk.heardByAgent().json.last?["method"] == "session/load")
    }

    @Test func agentThatNeverInitializesIsUnknownTwiceAndThenGone() {
        var talk = Talk.begun()
        var outcomes: [String?] = []
        for number in 0..<3 {
            talk.suspend(Reason(kind: "start_failed", message: "no", json: [:]))
            talk.prompt(20 + number, "again")
            talk.tell(.agentStarted(resume: nil, followsEnd: false))
            let id = talk.heardByAgent().json.last?["id"]?.string ?? ""
            talk.agent(error(-32603, "broken", id: id))
            outcomes.append(talk.heardByClient().json.last?["error"]?["data"]?["pinfold"]?["outcome"]?.string)
        }
        #expect(outcomes == ["unknown", "unknown", "gone"])
    }

    @Test func startThatFailsIsUnknownTwiceAndThenGone() {
        var talk = Talk.begun()
        talk.suspend()
        var outcomes: [String?] = []
        for number in 0..<3 {
            talk.prompt(20 + number, "again")
            talk.tell(.startFailed(StartFailure(message: "no such file", exitCode: 127, isRefusal: false)))
            outcomes.append(talk.heardByClient().json.last?["error"]?["data"]?["pinfold"]?["outcome"]?.string)
        }
        #expect(outcomes == ["unknown", "unknown", "gone"])
    }

    @Test func failuresOfDifferentKindsAreNotCountedTogether() {
        var failure = RepeatedFailure()
        for kind in [-32603, -32603, 0, -32603, -32603] as [Int64] { failure.add(kind) }
        #expect(!failure.isEndless)
        failure.add(-32603)
        #expect(failure.isEndless)
    }
}
