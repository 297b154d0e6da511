import PinfoldJSON
import Testing

@testable import PinfoldACP

/// Whose turn is open, since when, and what counts as use of an agent that holds several conversations.
@Suite struct TurnTests {
    private static let hung = Reason(kind: "turn_timeout", message: "a turn did not end", json: [:])

    /// With a second conversation, `s2`.
    private func exchange(version: Int = 1) -> RelayScript {
        var exchange = RelayScript.begun(version: version)
        exchange.client(#"{"jsonrpc":"2.0","id":20,"method":"session/new","params":{"cwd":"/q","mcpServers":[]}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":20,"result":{"sessionId":"s2"}}"#)
        _ = exchange.take()
        return exchange
    }

    private func end(_ id: Int) -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"result":{"stopReason":"end_turn"}}"#
    }

    private func askHuman(_ id: Int, _ session: String) -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"session/request_permission","params":{"sessionId":"\#(session)"}}"#
    }

    private func update(_ session: String, _ kind: String) -> String {
        #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"\#(session)","update":"#
            + #"{"sessionUpdate":"\#(kind)"}}}"#
    }

    // MARK: Clocks

    @Test func overlappingTurnsOfTwoConversationsEachHaveTheirOwnTime() {
        var exchange = exchange()
        exchange.prompt(3, "a", in: "s1")
        exchange.now = .seconds(2)
        exchange.prompt(4, "b", in: "s2")
        exchange.now = .seconds(3)
        exchange.agent(end(3))
        exchange.prompt(5, "c", in: "s1")
        exchange.now = .seconds(4)
        exchange.agent(end(4))
        let oldest = exchange.reports().map { $0.turns.map(\.age) }
        // The one that is left began when the one before it ended.
        #expect(oldest == [[.zero], [.seconds(1)], [.seconds(1)]])
        let turns = exchange.relay.reported.turns
        #expect(turns.count == 1)
    }

    @Test func promptThatWaitsBehindAnotherInItsConversationHasItsTimeFromTheAnswerOn() {
        var exchange = exchange()
        exchange.prompt(3, "a")
        exchange.prompt(4, "b")
        exchange.now = .seconds(50)
        exchange.agent(end(3))
        let reports = exchange.reports()
        #expect(reports.map { $0.turns.map(\.age) } == [[.zero], [.zero]])
        #expect(Set(reports.flatMap(\.turns).map(\.number)).count == 2)
    }

    @Test func oldestTurnOfEachStateIsReported() {
        var exchange = exchange()
        exchange.prompt(3, "a", in: "s1")
        exchange.prompt(4, "b", in: "s2")
        exchange.now = .seconds(7)
        exchange.agent(askHuman(50, "s1"))
        let report = exchange.reports().last
        #expect(report?.state == .open)
        #expect(report?.turns.map(\.isWaiting) == [false, true])
        #expect(report?.turns.map(\.age) == [.seconds(7), .zero])
    }

    @Test(arguments: [1, 2])
    func hungTurnIsCancelledAloneAndReportedUntilItIsOver(version: Int) throws {
        var exchange = exchange(version: version)
        exchange.prompt(3, "hangs", in: "s1")
        exchange.now = .seconds(9)
        exchange.prompt(4, "is well", in: "s2")
        exchange.agent(askHuman(50, "s2"))
        let number = try #require(exchange.reports().last?.turns.first { !$0.isWaiting }?.number)
        exchange.send(.cancelTurn(Self.hung, turn: number))
        #expect(
            exchange.heardByAgent().json.map { [$0["method"]?.string, $0["params"]?["sessionId"]?.string] }
                == [["session/cancel", "s1"]])
        // A second order for it changes nothing, and neither does a question that it asks now.
        exchange.send(.cancelTurn(Self.hung, turn: number))
        exchange.agent(askHuman(51, "s1"))
        #expect(exchange.relay.reported.turns.contains { $0.number == number })
        #expect(exchange.heardByAgent() == [])
        exchange.agent(#"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"cancelled"}}"#)
        if version == 2 { exchange.agent(RelayScript.idle("s1")) }
        #expect(!exchange.relay.reported.turns.contains { $0.number == number })
        #expect(exchange.relay.reported.state == .waiting || exchange.relay.hasTurn("s2"))
    }

    @Test func turnThatIsOverIsNotCancelled() throws {
        var exchange = exchange()
        exchange.prompt(3, "a")
        let number = try #require(exchange.reports().last?.turns.first?.number)
        exchange.agent(end(3))
        exchange.prompt(4, "b")
        _ = exchange.take()
        exchange.send(.cancelTurn(Self.hung, turn: number))
        #expect(exchange.take() == [])
    }

    @Test func questionOutsideOfATurnIsWaitedForAndTakenBackAtItsLimit() throws {
        var exchange = exchange()
        exchange.agent(askHuman(50, "s1"))
        let report = try #require(exchange.reports().last)
        #expect(report.state == .waiting)
        exchange.send(.cancelTurn(Self.hung, turn: try #require(report.turns.first).number))
        #expect(exchange.relay.reported.state == .none)
        #expect(exchange.heardByAgent() == [#"{"jsonrpc":"2.0","id":50,"result":{"outcome":{"outcome":"cancelled"}}}"#])
    }

    @Test func reopeningThatNeverEndsIsGivenUpAtTheLimit() throws {
        var exchange = RelayScript.begun()
        exchange.suspend()
        exchange.prompt(3, "again")
        exchange.returns(first: 2)
        let number = try #require(exchange.reports().last?.turns.first?.number)
        exchange.send(.cancelTurn(Self.hung, turn: number))
        #expect(exchange.heardByClient().json.map { $0["id"] } == [3])
        #expect(exchange.relay.reported.state == .none)
    }

    // MARK: What counts

    @Test func clientThatSendsNothingHasNoTurnOpen() {
        let exchange = RelayScript()
        #expect(exchange.relay.reported.state == .none)
    }

    @Test(arguments: ["terminal/wait_for_exit", "fs/read_text_file", "x/ask"])
    func whatAnAgentAsksOfItsClientIsNoTurn(method: String) {
        var exchange = exchange()
        exchange.prompt(3, "a")
        exchange.agent(#"{"jsonrpc":"2.0","id":50,"method":"\#(method)","params":{"sessionId":"s1"}}"#)
        exchange.agent(end(3))
        #expect(exchange.reports().map(\.state) == [.open, .none])
        // It is open all the same, and its answer arrives.
        exchange.client(#"{"jsonrpc":"2.0","id":50,"result":{"exitCode":0}}"#)
        #expect(exchange.heardByAgent().count == 1)
    }

    @Test(arguments: ["session/update", "x/notify"])
    func notificationWithAnIDOfNullIsNoTurnAndNoQuestion(method: String) {
        var exchange = exchange()
        let line = #"{"jsonrpc":"2.0","id":null,"method":"\#(method)","params":{"sessionId":"s1"}}"#
        for _ in 0..<3 { exchange.agent(line) }
        #expect(exchange.relay.fromAgent.isEmpty)
        #expect(exchange.relay.reported.state == .none)
        #expect(exchange.heardByClient() == [line, line, line])
        // Where it was a question after all, the answer passes.
        let response = #"{"jsonrpc":"2.0","id":null,"result":{}}"#
        exchange.client(response)
        #expect(exchange.heardByAgent() == [response])
    }

    @Test(arguments: [
        ("session/set_mode", true), ("session/set_config_option", true), ("session/list", false), ("_ext/ping", false),
        ("session/fork", true),
    ])
    func requestIsReportedWhileItIsOpen(method: String, isUse: Bool) {
        var exchange = exchange()
        exchange.client(#"{"jsonrpc":"2.0","id":5,"method":"\#(method)","params":{"sessionId":"s1"}}"#)
        let report = exchange.reports().last
        #expect(report?.state == .open)
        #expect(report?.isUse == isUse)
        exchange.agent(#"{"jsonrpc":"2.0","id":5,"result":{}}"#)
        #expect(exchange.reports().map(\.state) == [.none])
    }

    @Test func listDuringATurnDoesNotMakeItNoUse() {
        var exchange = exchange()
        exchange.client(#"{"jsonrpc":"2.0","id":5,"method":"session/list","params":{}}"#)
        exchange.prompt(6, "a")
        #expect(exchange.reports().last?.isUse == true)
    }

    @Test func requestThatIsNoUseAndIsNeverAnsweredEndsNoSession() throws {
        var exchange = exchange()
        exchange.client(#"{"jsonrpc":"2.0","id":5,"method":"_ext/subscribe","params":{}}"#)
        let number = try #require(exchange.reports().last?.turns.first?.number)
        exchange.send(.cancelTurn(Self.hung, turn: number))
        #expect(exchange.relay.reported.state == .none)
        #expect(
            exchange.heardByAgent() == [#"{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":5}}"#])
        let late = #"{"jsonrpc":"2.0","id":5,"result":{}}"#
        exchange.agent(late)
        #expect(exchange.heardByClient() == [late])
    }

    @Test func updateWithoutATurnIsActivityOnceASecond() {
        var exchange = exchange()
        func count() -> Int { exchange.take().count { $0 == .reportActivity } }
        exchange.agent(update("s1", "agent_message_chunk"))
        exchange.agent(update("s1", "tool_call_update"))
        #expect(count() == 1)
        exchange.now = .seconds(1)
        exchange.agent(update("s2", "agent_thought_chunk"))
        #expect(count() == 1)
        exchange.now = .seconds(5)
        exchange.agent(update("s1", "usage_update"))
        exchange.agent(update("s1", "available_commands_update"))
        #expect(count() == 0)
        exchange.prompt(3, "a")
        exchange.agent(update("s1", "agent_message_chunk"))
        #expect(count() == 0)
    }

    @Test func stateThatIsReportedToBeRunningIsATurnInTheSecondVersion() {
        var exchange = exchange(version: 2)
        let running =
            #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":"#
            + #"{"sessionUpdate":"state_update","state":"running"}}}"#
        exchange.agent(running)
        exchange.agent(running)
        exchange.agent(RelayScript.idle("s1"))
        #expect(exchange.reports().map(\.state) == [.open, .none])
        // What the client has not opened is none of its conversations.
        exchange.agent(running.replacing("s1", with: "elsewhere"))
        #expect(exchange.reports() == [])
    }

    // MARK: Cancelled on the way

    enum Phase: CaseIterable { case absent, starting, initializing, resumption, stopping }

    /// The prompt is answered at once, and is not delivered after that.
    @Test(arguments: Phase.allCases, [1, 2])
    func promptThatIsCancelledWhileTheAgentWakesIsAnsweredSo(phase: Phase, version: Int) {
        var exchange = RelayScript.begun(version: version)
        if phase == .stopping {
            exchange.send(
                .closeInput(
                    RelayScript.poolFull,
                    InputClosing(grace: .seconds(1), reports: exchange.relay.reports, isRefusable: true)))
        } else {
            exchange.suspend()
        }
        if phase == .starting { exchange.client(#"{"jsonrpc":"2.0","id":9,"method":"x/wakes"}"#) }
        exchange.prompt(3, "again")
        if phase == .initializing { exchange.send(.agentStarted(resume: nil, followsEnd: false)) }
        if phase == .resumption { exchange.returns(first: 2, version: version) }
        _ = exchange.take()
        exchange.client(#"{"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"s1"}}"#)
        let heard = exchange.heardByClient().json
        #expect(heard.first?["id"] == 3)
        #expect((version == 2 ? heard.last?["params"]?["update"] : heard.last?["result"])?["stopReason"] == "cancelled")
        if phase == .stopping {
            exchange.send(.lifeEnded(LifeEnd(reason: RelayScript.poolFull, isSuspended: true, exitCode: 75)))
        }
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":{}}"#)
        #expect(!exchange.heardByAgent().contains { $0.contains("session/prompt") })
    }
}

extension ACPRelay {
    fileprivate func hasTurn(_ id: String) -> Bool { hasTurn(ACPSessionID(id)) }
}
