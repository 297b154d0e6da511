import PinfoldJSON
import Testing

@testable import PinfoldACP

/// Whose turn is open, since when, and what counts as use of an agent that holds several conversations.
@Suite struct TurnTests {
    private static let hung = Reason(kind: "turn_timeout", message: "a turn did not end", json: [:])

    /// With a second conversation, `s2`.
    private func talk(version: Int = 1) -> Talk {
        var talk = Talk.begun(version: version)
        talk.client(#"{"jsonrpc":"2.0","id":20,"method":"session/new","params":{"cwd":"/q","mcpServers":[]}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":20,"result":{"sessionId":"s2"}}"#)
        _ = talk.take()
        return talk
    }

    private func end(_ id: Int) -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"result":{"stopReason":"end_turn"}}"#
    }

    private func ask(_ id: Int, _ conversation: String) -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"session/request_permission","params":{"sessionId":"\#(conversation)"}}"#
    }

    private func update(_ conversation: String, _ kind: String) -> String {
        #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"\#(conversation)","update":"#
            + #"{"sessionUpdate":"\#(kind)"}}}"#
    }

    // MARK: Clocks

    @Test func overlappingTurnsOfTwoConversationsEachHaveTheirOwnTime() {
        var talk = talk()
        talk.prompt(3, "a", in: "s1")
        talk.now = .seconds(2)
        talk.prompt(4, "b", in: "s2")
        talk.now = .seconds(3)
        talk.agent(end(3))
        talk.prompt(5, "c", in: "s1")
        talk.now = .seconds(4)
        talk.agent(end(4))
        let oldest = talk.reports().map { $0.turns.map(\.age) }
        // The one that is left began when the one before it ended.
        #expect(oldest == [[.zero], [.seconds(1)], [.seconds(1)]])
        let turns = talk.conversation.reported.turns
        #expect(turns.count == 1)
    }

    @Test func promptThatWaitsBehindAnotherInItsConversationHasItsTimeFromTheAnswerOn() {
        var talk = talk()
        talk.prompt(3, "a")
        talk.prompt(4, "b")
        talk.now = .seconds(50)
        talk.agent(end(3))
        let reports = talk.reports()
        #expect(reports.map { $0.turns.map(\.age) } == [[.zero], [.zero]])
        #expect(Set(reports.flatMap(\.turns).map(\.number)).count == 2)
    }

    @Test func oldestTurnOfEachStateIsReported() {
        var talk = talk()
        talk.prompt(3, "a", in: "s1")
        talk.prompt(4, "b", in: "s2")
        talk.now = .seconds(7)
        talk.agent(ask(50, "s1"))
        let report = talk.reports().last
        #expect(report?.state == .open)
        #expect(report?.turns.map(\.isWaiting) == [false, true])
        #expect(report?.turns.map(\.age) == [.seconds(7), .zero])
    }

    @Test(arguments: [1, 2])
    func hungTurnIsCancelledAloneAndReportedUntilItIsOver(version: Int) throws {
        var talk = talk(version: version)
        talk.prompt(3, "hangs", in: "s1")
        talk.now = .seconds(9)
        talk.prompt(4, "is well", in: "s2")
        talk.agent(ask(50, "s2"))
        let number = try #require(talk.reports().last?.turns.first { !$0.isWaiting }?.number)
        talk.tell(.cancelTurn(Self.hung, turn: number))
        #expect(
            talk.heardByAgent().json.map { [$0["method"]?.string, $0["params"]?["sessionId"]?.string] }
                == [["session/cancel", "s1"]])
        // A second order for it changes nothing, and neither does a question that it asks now.
        talk.tell(.cancelTurn(Self.hung, turn: number))
        talk.agent(ask(51, "s1"))
        #expect(talk.conversation.reported.turns.contains { $0.number == number })
        #expect(talk.heardByAgent() == [])
        talk.agent(#"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"cancelled"}}"#)
        if version == 2 { talk.agent(Talk.idle("s1")) }
        #expect(!talk.conversation.reported.turns.contains { $0.number == number })
        #expect(talk.conversation.reported.state == .waiting || talk.conversation.hasTurn("s2"))
    }

    @Test func turnThatIsOverIsNotCancelled() throws {
        var talk = talk()
        talk.prompt(3, "a")
        let number = try #require(talk.reports().last?.turns.first?.number)
        talk.agent(end(3))
        talk.prompt(4, "b")
        _ = talk.take()
        talk.tell(.cancelTurn(Self.hung, turn: number))
        #expect(talk.take() == [])
    }

    @Test func questionOutsideOfATurnIsWaitedForAndTakenBackAtItsLimit() throws {
        var talk = talk()
        talk.agent(ask(50, "s1"))
        let report = try #require(talk.reports().last)
        #expect(report.state == .waiting)
        talk.tell(.cancelTurn(Self.hung, turn: try #require(report.turns.first).number))
        #expect(talk.conversation.reported.state == .none)
        #expect(talk.heardByAgent() == [#"{"jsonrpc":"2.0","id":50,"result":{"outcome":{"outcome":"cancelled"}}}"#])
    }

    @Test func reopeningThatNeverEndsIsGivenUpAtTheLimit() throws {
        var talk = Talk.begun()
        talk.suspend()
        talk.prompt(3, "again")
        talk.returns(first: 2)
        let number = try #require(talk.reports().last?.turns.first?.number)
        talk.tell(.cancelTurn(Self.hung, turn: number))
        #expect(talk.heardByClient().json.map { $0["id"] } == [3])
        #expect(talk.conversation.reported.state == .none)
    }

    // MARK: What counts

    @Test func clientThatSaysNothingHasNoTurnOpen() {
        let talk = Talk()
        #expect(talk.conversation.reported.state == .none)
    }

    @Test(arguments: ["terminal/wait_for_exit", "fs/read_text_file", "x/ask"])
    func whatAnAgentAsksOfItsClientIsNoTurn(method: String) {
        var talk = talk()
        talk.prompt(3, "a")
        talk.agent(#"{"jsonrpc":"2.0","id":50,"method":"\#(method)","params":{"sessionId":"s1"}}"#)
        talk.agent(end(3))
        #expect(talk.reports().map(\.state) == [.open, .none])
        // It is open all the same, and its answer arrives.
        talk.client(#"{"jsonrpc":"2.0","id":50,"result":{"exitCode":0}}"#)
        #expect(talk.heardByAgent().count == 1)
    }

    @Test(arguments: ["session/update", "x/notify"])
    func notificationWithAnIDOfNullIsNoTurnAndNoQuestion(method: String) {
        var talk = talk()
        let line = #"{"jsonrpc":"2.0","id":null,"method":"\#(method)","params":{"sessionId":"s1"}}"#
        for _ in 0..<3 { talk.agent(line) }
        #expect(talk.conversation.fromAgent.isEmpty)
        #expect(talk.conversation.reported.state == .none)
        #expect(talk.heardByClient() == [line, line, line])
        // Where it was a question after all, the answer passes.
        let answer = #"{"jsonrpc":"2.0","id":null,"result":{}}"#
        talk.client(answer)
        #expect(talk.heardByAgent() == [answer])
    }

    @Test(arguments: [
        ("session/set_mode", true), ("session/set_config_option", true), ("session/list", false), ("_ext/ping", false),
        ("session/fork", true),
    ])
    func requestIsReportedWhileItIsOpen(method: String, isUse: Bool) {
        var talk = talk()
        talk.client(#"{"jsonrpc":"2.0","id":5,"method":"\#(method)","params":{"sessionId":"s1"}}"#)
        let report = talk.reports().last
        #expect(report?.state == .open)
        #expect(report?.isUse == isUse)
        talk.agent(#"{"jsonrpc":"2.0","id":5,"result":{}}"#)
        #expect(talk.reports().map(\.state) == [.none])
    }

    @Test func listDuringATurnDoesNotMakeItNoUse() {
        var talk = talk()
        talk.client(#"{"jsonrpc":"2.0","id":5,"method":"session/list","params":{}}"#)
        talk.prompt(6, "a")
        #expect(talk.reports().last?.isUse == true)
    }

    @Test func requestThatIsNoUseAndIsNeverAnsweredEndsNobody() throws {
        var talk = talk()
        talk.client(#"{"jsonrpc":"2.0","id":5,"method":"_ext/subscribe","params":{}}"#)
        let number = try #require(talk.reports().last?.turns.first?.number)
        talk.tell(.cancelTurn(Self.hung, turn: number))
        #expect(talk.conversation.reported.state == .none)
        #expect(
            talk.heardByAgent() == [#"{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":5}}"#])
        let late = #"{"jsonrpc":"2.0","id":5,"result":{}}"#
        talk.agent(late)
        #expect(talk.heardByClient() == [late])
    }

    @Test func updateWithoutATurnIsActivityOnceASecond() {
        var talk = talk()
        func count() -> Int { talk.take().count { $0 == .reportActivity } }
        talk.agent(update("s1", "agent_message_chunk"))
        talk.agent(update("s1", "tool_call_update"))
        #expect(count() == 1)
        talk.now = .seconds(1)
        talk.agent(update("s2", "agent_thought_chunk"))
        #expect(count() == 1)
        talk.now = .seconds(5)
        talk.agent(update("s1", "usage_update"))
        talk.agent(update("s1", "available_commands_update"))
        #expect(count() == 0)
        talk.prompt(3, "a")
        talk.agent(update("s1", "agent_message_chunk"))
        #expect(count() == 0)
    }

    @Test func stateThatIsSaidToBeRunningIsATurnInTheSecondVersion() {
        var talk = talk(version: 2)
        let running =
            #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":"#
            + #"{"sessionUpdate":"state_update","state":"running"}}}"#
        talk.agent(running)
        talk.agent(running)
        talk.agent(Talk.idle("s1"))
        #expect(talk.reports().map(\.state) == [.open, .none])
        // What the client has not opened is none of its conversations.
        talk.agent(running.replacing("s1", with: "elsewhere"))
        #expect(talk.reports() == [])
    }

    // MARK: Cancelled on the way

    enum Phase: CaseIterable { case away, starting, initializing, reopening, leaving }

    /// The prompt is answered at once, and is not delivered after that.
    @Test(arguments: Phase.allCases, [1, 2])
    func promptThatIsCancelledWhileTheAgentWakesIsAnsweredSo(phase: Phase, version: Int) {
        var talk = Talk.begun(version: version)
        if phase == .leaving {
            talk.tell(
                .closeInput(
                    Talk.poolFull,
                    Closing(grace: .seconds(1), reports: talk.conversation.reports, isRefusable: true)))
        } else {
            talk.suspend()
        }
        if phase == .starting { talk.client(#"{"jsonrpc":"2.0","id":9,"method":"x/wakes"}"#) }
        talk.prompt(3, "again")
        if phase == .initializing { talk.tell(.agentStarted(resume: nil, followsEnd: false)) }
        if phase == .reopening { talk.returns(first: 2, version: version) }
        _ = talk.take()
        talk.client(#"{"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"s1"}}"#)
        let heard = talk.heardByClient().json
        #expect(heard.first?["id"] == 3)
        #expect((version == 2 ? heard.last?["params"]?["update"] : heard.last?["result"])?["stopReason"] == "cancelled")
        if phase == .leaving { talk.tell(.lifeEnded(LifeEnd(reason: Talk.poolFull, isSuspended: true, exitCode: 75))) }
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{}}"#)
        #expect(!talk.heardByAgent().contains { $0.contains("session/prompt") })
    }
}

extension Conversation {
    fileprivate func hasTurn(_ id: String) -> Bool { hasTurn(ConversationID(id)) }
}
