import PinfoldJSON
import Testing

@testable import PinfoldACP

/// Conversations that the agent does not have any more, has without a history, or replays in its own way.
@Suite struct HistoryTests {
    /// One with the agent of a first life, in which this was said.
    private func begun(_ said: (inout RelayScript) -> Void) -> RelayScript {
        var exchange = RelayScript()
        exchange.sendInitialize(capabilities: RelayScript.loadOnly)
        exchange.client(#"{"jsonrpc":"2.0","id":1,"method":"session/new","params":{"cwd":"/p","mcpServers":[]}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s1"}}"#)
        said(&exchange)
        exchange.suspend()
        exchange.prompt(9, "again")
        exchange.returns(first: 1, capabilities: RelayScript.loadOnly)
        _ = exchange.take()
        return exchange
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
    func conversationWithoutAPromptIsBegunAnewAndTheClientIsNotNotified(code: Int, message: String) {
        var exchange = begun { _ in }
        exchange.agent(error(code, message))
        let request = exchange.heardByAgent().json
        #expect(request.map { $0["method"]?.string } == ["session/new"])
        #expect(request[0]["params"] == ["cwd": "/p", "mcpServers": []])
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{"sessionId":"x7"}}"#)
        #expect(exchange.heardByAgent() == [RelayScript.prompt(9, "again", in: "x7")])
        exchange.agent(update("agent_message_chunk", in: "x7"))
        exchange.agent(#"{"jsonrpc":"2.0","id":9,"result":{"stopReason":"end_turn"}}"#)
        #expect(
            exchange.heardByClient() == [
                update("agent_message_chunk"), #"{"jsonrpc":"2.0","id":9,"result":{"stopReason":"end_turn"}}"#,
            ])
        exchange.client(#"{"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"s1"}}"#)
        #expect(
            exchange.heardByAgent() == [#"{"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"x7"}}"#])
    }

    @Test func commandAloneIsNothingThatAnAgentKeeps() {
        var exchange = begun {
            $0.prompt(2, "/help")
            $0.agent(#"{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}"#)
        }
        exchange.agent(error(-32002, "not found"))
        #expect(exchange.heardByAgent().json.map { $0["method"]?.string } == ["session/new"])
    }

    @Test func firstTurnThatWasCancelledIsLostAndTheNextAnswerReportsIt() {
        var exchange = begun {
            $0.prompt(2, "hello")
            $0.agent(#"{"jsonrpc":"2.0","id":2,"result":{"stopReason":"cancelled"}}"#)
        }
        exchange.agent(error(-32002, "not found"))
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{"sessionId":"x7"}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":9,"result":{"stopReason":"end_turn"}}"#)
        let response = exchange.heardByClient().json.last
        #expect(response?["result"]?["stopReason"] == "end_turn")
        #expect(response?["result"]?["_meta"]?["pinfold"]?["outcome"] == "gone")
    }

    @Test func conversationWithAHistoryIsGoneUnderWhateverCode() {
        var exchange = begun {
            $0.prompt(2, "hello")
            $0.agent(#"{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}"#)
        }
        exchange.agent(error(-32600, "Session s1 not found"))
        let response = exchange.heardByClient().json
        #expect(response.map { $0["error"]?["code"]?.int64 } == [-32002])
        #expect(response.first?["error"]?["data"]?["pinfold"]?["outcome"] == "gone")
    }

    @Test func conversationThatWasLoadedOnceIsNotReplaced() {
        var exchange = RelayScript()
        exchange.sendInitialize(capabilities: RelayScript.loadOnly)
        exchange.client(#"{"jsonrpc":"2.0","id":1,"method":"session/load","params":{"sessionId":"s1","cwd":"/p"}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":1,"result":{}}"#)
        exchange.suspend()
        exchange.prompt(9, "again")
        exchange.returns(first: 1, capabilities: RelayScript.loadOnly)
        exchange.agent(error(-32002, "not found"))
        #expect(exchange.heardByClient().json.last?["error"]?["data"]?["pinfold"]?["outcome"] == "gone")
    }

    @Test func anotherServerThatIsNotFoundIsNoReasonToReplaceAConversation() {
        var exchange = begun { _ in }
        exchange.agent(error(-32603, "MCP server 'x' not found"))
        #expect(exchange.heardByClient().json.first?["error"]?["data"]?["pinfold"]?["outcome"] == "unknown")
    }

    @Test func namesThatAgentsGiveAgainAreKeptApart() {
        var exchange = RelayScript()
        exchange.sendInitialize(capabilities: RelayScript.loadOnly)
        for number in 1...2 {
            exchange.client(
                #"{"jsonrpc":"2.0","id":\#(number),"method":"session/new","params":{"cwd":"/\#(number)","mcpServers":[]}}"#
            )
            exchange.agent(#"{"jsonrpc":"2.0","id":\#(number),"result":{"sessionId":"s\#(number)"}}"#)
        }
        exchange.suspend()
        exchange.prompt(8, "two", in: "s2")
        exchange.returns(first: 1, capabilities: RelayScript.loadOnly)
        exchange.agent(error(-32002, "not found"))
        // An agent that counts: its first conversation of this life is the client's second.
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{"sessionId":"s1"}}"#)
        _ = exchange.take()
        exchange.prompt(9, "one", in: "s1")
        // By its name the agent would open the other one.
        #expect(exchange.heardByAgent().json.map { $0["method"]?.string } == ["session/new"])
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-4","result":{"sessionId":"s2"}}"#)
        #expect(exchange.heardByAgent() == [RelayScript.prompt(9, "one", in: "s2")])
        exchange.agent(update("agent_message_chunk", in: "s1"))
        exchange.agent(update("agent_message_chunk", in: "s2"))
        #expect(
            exchange.heardByClient() == [
                update("agent_message_chunk", in: "s2"), update("agent_message_chunk", in: "s1"),
            ])
        exchange.client(#"{"jsonrpc":"2.0","id":5,"method":"session/new","params":{"cwd":"/3","mcpServers":[]}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":5,"result":{"sessionId":"s3"}}"#)
        #expect(exchange.heardByClient().json.last?["result"]?["sessionId"] == "s3")
    }

    @Test func newConversationIsNotGivenTheNameOfAnotherOne() {
        var exchange = begun { _ in }
        exchange.client(#"{"jsonrpc":"2.0","id":5,"method":"session/new","params":{"cwd":"/3","mcpServers":[]}}"#)
        exchange.agent(error(-32002, "not found"))
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{"sessionId":"s9"}}"#)
        _ = exchange.take()
        exchange.agent(#"{"jsonrpc":"2.0","id":5,"result":{"sessionId":"s1"}}"#)
        #expect(exchange.heardByClient().json.last?["result"]?["sessionId"] == "s1-2")
        exchange.prompt(6, "other", in: "s1-2")
        #expect(exchange.heardByAgent() == [RelayScript.prompt(6, "other", in: "s1")])
    }

    // MARK: Copies

    private static let copying = #"{"loadSession":true,"sessionCapabilities":{"fork":{}}}"#

    /// A conversation with a history and a copy of it, in another life.
    private func forked() -> RelayScript {
        var exchange = RelayScript.begun(capabilities: Self.copying)
        exchange.client(#"{"jsonrpc":"2.0","id":5,"method":"session/fork","params":{"sessionId":"s1","cwd":"/p"}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":5,"result":{"sessionId":"f1"}}"#)
        return exchange
    }

    @Test func copyIsOpenedAgainByItsOwnName() {
        var exchange = forked()
        exchange.suspend()
        exchange.prompt(9, "again", in: "f1")
        exchange.returns(first: 1, capabilities: Self.copying)
        let request = exchange.heardByAgent().json.last
        #expect(request?["method"] == "session/load")
        #expect(request?["params"] == ["cwd": "/p", "sessionId": "f1"])
    }

    @Test func copyThatTheAgentDidNotKeepIsMadeAgain() {
        var exchange = forked()
        exchange.suspend()
        exchange.prompt(9, "again", in: "f1")
        exchange.returns(first: 1, capabilities: Self.copying)
        exchange.agent(error(-32002, "not found"))
        _ = exchange.take()
        exchange.agent(update("user_message_chunk"))
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{}}"#)
        let request = exchange.heardByAgent().json
        #expect(request.map { $0["method"]?.string } == ["session/fork"])
        #expect(request.first?["params"] == ["cwd": "/p", "sessionId": "s1"])
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-4","result":{"sessionId":"f2"}}"#)
        #expect(exchange.heardByAgent() == [RelayScript.prompt(9, "again", in: "f2")])
    }

    @Test func copyOfWhatHasGoneOnIsNotMadeAgain() {
        var exchange = forked()
        exchange.prompt(6, "more")
        exchange.agent(#"{"jsonrpc":"2.0","id":6,"result":{"stopReason":"end_turn"}}"#)
        exchange.suspend()
        exchange.prompt(9, "again", in: "f1")
        exchange.returns(first: 1, capabilities: Self.copying)
        exchange.agent(error(-32002, "not found"))
        #expect(exchange.heardByClient().json.last?["error"]?["data"]?["pinfold"]?["outcome"] == "gone")
    }

    // MARK: Replays

    private func withHistory() -> RelayScript {
        begun {
            $0.prompt(2, "hello")
            $0.agent(#"{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}"#)
        }
    }

    @Test func loadThatReplaysNothingDeliversAndReportsItWithTheAnswer() {
        var exchange = withHistory()
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":null}"#)
        #expect(exchange.heardByAgent() == [])
        exchange.now += .seconds(1)
        exchange.send(.timePassed)
        #expect(exchange.heardByAgent() == [RelayScript.prompt(9, "again")])
        exchange.agent(#"{"jsonrpc":"2.0","id":9,"result":{"stopReason":"end_turn"}}"#)
        let response = exchange.heardByClient().json.last
        #expect(response?["result"]?["_meta"]?["pinfold"]?["outcome"] == "unconfirmed")
    }

    @Test func historyThatIsReplayedAfterTheAnswerIsNotShownAgain() {
        var exchange = withHistory()
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":null}"#)
        for kind in ["user_message_chunk", "agent_message_chunk", "tool_call"] {
            exchange.now += .milliseconds(250)
            exchange.send(.timePassed)
            exchange.agent(update(kind))
        }
        #expect(exchange.take().allSatisfy { if case .saveToken = $0 { true } else { false } })
        exchange.now += .milliseconds(300)
        exchange.send(.timePassed)
        #expect(exchange.heardByAgent() == [RelayScript.prompt(9, "again")])
        exchange.agent(update("agent_message_chunk"))
        exchange.agent(#"{"jsonrpc":"2.0","id":9,"result":{"stopReason":"end_turn"}}"#)
        let lines = exchange.heardByClient()
        #expect(lines.count == 2)
        #expect(lines.json.last?["result"]?["_meta"] == nil)
    }

    @Test func restOfAReplayIsNotShownWhereTheAgentIsSuspendedInItsCourse() {
        var exchange = withHistory()
        exchange.agent(update("user_message_chunk"))
        exchange.send(
            .closeInput(RelayScript.poolFull, InputClosing(grace: .seconds(2), reports: 0, isRefusable: false)))
        _ = exchange.take()
        exchange.agent(update("agent_message_chunk"))
        exchange.agent(update("current_mode_update", #","currentModeId":"code""#))
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":null}"#)
        #expect(exchange.heardByClient() == [])
    }

    @Test func lateReplayEndsHoweverSlowlyItComes() {
        var exchange = withHistory()
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":null}"#)
        var parts = 0
        while exchange.heardByAgent() == [], parts < 1_000 {
            exchange.now += .milliseconds(200)
            exchange.send(.timePassed)
            exchange.agent(update("agent_message_chunk"))
            parts += 1
        }
        #expect(parts < 1_000)
    }

    @Test func historyIsSwallowedUntilTheNextPromptWhereNothingWaitsForIt() {
        var exchange = begun {
            $0.prompt(2, "hello")
            $0.agent(#"{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}"#)
            $0.suspend()
            $0.client(#"{"jsonrpc":"2.0","id":3,"method":"_ext","params":{"sessionId":"s1"}}"#)
            $0.returns(first: 1, capabilities: RelayScript.loadOnly)
            $0.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":null}"#)
            $0.now += .seconds(1)
            $0.send(.timePassed)
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
        _ = exchange.take()
    }

    @Test func clientsOwnLoadOfAnEmptyConversationPromisesNoHistory() {
        var exchange = RelayScript()
        exchange.sendInitialize(capabilities: RelayScript.loadOnly)
        exchange.client(#"{"jsonrpc":"2.0","id":1,"method":"session/load","params":{"sessionId":"s1","cwd":"/p"}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":1,"result":{}}"#)
        exchange.suspend()
        exchange.prompt(9, "again")
        exchange.returns(first: 1, capabilities: RelayScript.loadOnly)
        _ = exchange.take()
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-2","result":{}}"#)
        #expect(exchange.heardByAgent() == [RelayScript.prompt(9, "again")])
    }

    // MARK: Not for ever

    @Test(arguments: [-32603, -32601])
    func failureOfOneKindIsUnknownTwiceAndThenGone(code: Int) {
        var exchange = withHistory()
        var outcomes: [String?] = []
        for number in 0..<3 {
            if number > 0 { exchange.prompt(20 + number, "again") }
            exchange.agent(error(code, "broken", id: "pinfold-n-\(2 + number)"))
            outcomes.append(exchange.heardByClient().json.last?["error"]?["data"]?["pinfold"]?["outcome"]?.string)
        }
        #expect(outcomes == ["unknown", "unknown", "gone"])
        // It is told, not forgotten: whoever knows better may try.
        exchange.prompt(30, "again")
        #expect(exchange.heardByAgent().json.last?["method"] == "session/load")
    }

    @Test func agentThatNeverInitializesIsUnknownTwiceAndThenGone() {
        var exchange = RelayScript.begun()
        var outcomes: [String?] = []
        for number in 0..<3 {
            exchange.suspend(Reason(kind: "start_failed", message: "no", json: [:]))
            exchange.prompt(20 + number, "again")
            exchange.send(.agentStarted(resume: nil, followsEnd: false))
            let id = exchange.heardByAgent().json.last?["id"]?.string ?? ""
            exchange.agent(error(-32603, "broken", id: id))
            outcomes.append(exchange.heardByClient().json.last?["error"]?["data"]?["pinfold"]?["outcome"]?.string)
        }
        #expect(outcomes == ["unknown", "unknown", "gone"])
    }

    @Test func startThatFailsIsUnknownTwiceAndThenGone() {
        var exchange = RelayScript.begun()
        exchange.suspend()
        var outcomes: [String?] = []
        for number in 0..<3 {
            exchange.prompt(20 + number, "again")
            exchange.send(.startFailed(StartFailure(message: "no such file", exitCode: 127, isRefusal: false)))
            outcomes.append(exchange.heardByClient().json.last?["error"]?["data"]?["pinfold"]?["outcome"]?.string)
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
