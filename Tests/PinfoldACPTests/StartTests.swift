import PinfoldJSON
import Testing

@testable import PinfoldACP

/// A first agent that cannot be started, or that does not answer.
@Suite struct StartTests {
    private static let initialize = #"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":1}}"#

    private func refused(isRefusal: Bool = false) -> RelayScript {
        var exchange = RelayScript(
            starting: .startFailed(StartFailure(message: "no agent", exitCode: 127, isRefusal: isRefusal)))
        #expect(exchange.take() == [.startAgent])
        return exchange
    }

    @Test(arguments: [true, false])
    func clientThatAsksAfterTheStartWasRefusedIsAnsweredWithTheReason(isRefusal: Bool) {
        var exchange = refused(isRefusal: isRefusal)
        exchange.client(Self.initialize)
        let actions = exchange.take()
        #expect(actions.last == .finish(127))
        guard case .toClient(let line, _)? = actions.first, let response = try? JSON.parse(line) else {
            Issue.record("no answer in \(actions)")
            return
        }
        #expect(response["id"] == 0)
        #expect(response["error"]?["code"]?.int64 == (isRefusal ? -32800 : -32603))
        #expect(response["error"]?["message"]?.string?.contains("no agent") == true)
    }

    @Test func whatAsksNothingIsNoReasonToLeave() {
        var exchange = refused()
        for line in ["", "noise", #"{"jsonrpc":"2.0","method":"x/notify"}"#] { exchange.client(line) }
        #expect(exchange.take() == [])
        exchange.client("[\(Self.initialize)]")
        #expect(exchange.take().last == .finish(127))
    }

    @Test func clientThatAsksNothingIsWaitedForAWhile() {
        var exchange = refused()
        #expect(exchange.relay.nextDeadline == .seconds(2))
        exchange.now = .seconds(2)
        exchange.send(.timePassed)
        #expect(exchange.take() == [.finish(127)])
    }

    @Test(arguments: [false, true])
    func clientThatHasHungUpIsNotWaitedFor(isBefore: Bool) {
        var relay = ACPRelay(.init(resumes: true, responseTimeout: .seconds(1), nonce: "n"))
        _ = relay.begin()
        if isBefore { _ = relay.handle(.clientClosed, at: .zero) }
        var actions = relay.handle(
            .startFailed(StartFailure(message: "no agent", exitCode: 127, isRefusal: false)), at: .zero)
        if !isBefore { actions = relay.handle(.clientClosed, at: .zero) }
        #expect(actions == [.finish(127)])
    }

    @Test func firstAgentThatNeverAnswersInitializeIsGivenUp() {
        var exchange = RelayScript()
        exchange.client(Self.initialize)
        _ = exchange.take()
        #expect(exchange.relay.nextDeadline == .seconds(300))
        exchange.now = .seconds(200)
        exchange.agent("still fetching")
        #expect(exchange.relay.nextDeadline == .seconds(500))
        exchange.now = .seconds(500)
        exchange.send(.timePassed)
        let why = "the agent did not answer initialize in 300 s"
        #expect(exchange.take().contains(.failLife(why)))
        let reason = Reason(kind: "start_failed", message: why, json: [:])
        exchange.send(.lifeEnded(LifeEnd(reason: reason, isSuspended: false, exitCode: 125)))
        let actions = exchange.take()
        #expect(actions.last == .finish(125))
        #expect(actions.contains { if case .toClient(let line, _) = $0 { line.count > 20 } else { false } })
    }

    @Test func agentThatHasAnsweredInitializeHasNoDeadline() {
        var exchange = RelayScript()
        exchange.sendInitialize()
        #expect(exchange.relay.nextDeadline == nil)
    }

    // MARK: Lists

    private static func list(_ id: Int, _ params: String = "{}") -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"session/list","params":\#(params)}"#
    }

    /// Asked once while the agent was there, and suspended since.
    private func listed() -> RelayScript {
        var exchange = RelayScript.begun()
        exchange.client(Self.list(5))
        exchange.agent(#"{"jsonrpc":"2.0","id":5,"result":{"sessions":[ {"sessionId":"s1"} ]}}"#)
        return exchange
    }

    @Test func listOfAnAgentThatIsAwayIsItsLastOne() {
        var exchange = listed()
        exchange.suspend()
        _ = exchange.take()
        for id in 6...8 {
            exchange.client(Self.list(id))
            let response = #"{"jsonrpc":"2.0","id":\#(id),"result":{"sessions":[ {"sessionId":"s1"} ]}}"#
            #expect(exchange.take() == [.toClient(Array(response.utf8), endsLine: true)])
        }
    }

    @Test func listThatWasNeverAskedForWakesTheAgent() {
        var exchange = listed()
        exchange.suspend()
        _ = exchange.take()
        exchange.client(Self.list(6, #"{"cwd":"/elsewhere"}"#))
        #expect(exchange.take() == [.startAgent])
    }

    @Test func listThatATurnMayHaveChangedIsAskedForAgain() {
        var exchange = listed()
        exchange.prompt(6, "more")
        exchange.agent(#"{"jsonrpc":"2.0","id":6,"result":{"stopReason":"end_turn"}}"#)
        exchange.suspend()
        _ = exchange.take()
        exchange.client(Self.list(7))
        #expect(exchange.take() == [.startAgent])
    }

    @Test func listIsTheAgentsToAnswerWhileItIsThere() {
        var exchange = listed()
        _ = exchange.take()
        exchange.client(Self.list(6))
        #expect(exchange.heardByAgent() == [Self.list(6)])
    }

    // MARK: What is kept

    private func open(_ count: Int) -> RelayScript {
        var exchange = RelayScript.begun()
        for number in 2...count {
            exchange.client(#"{"jsonrpc":"2.0","id":\#(number + 100),"method":"session/new","params":{"cwd":"/p"}}"#)
            exchange.agent(#"{"jsonrpc":"2.0","id":\#(number + 100),"result":{"sessionId":"s\#(number)"}}"#)
        }
        for number in 2...count { turn(number, in: "s\(number)", &exchange) }
        exchange.now += .seconds(1)
        exchange.send(.timePassed)
        _ = exchange.take()
        return exchange
    }

    private func turn(_ id: Int, in session: String, _ exchange: inout RelayScript) {
        exchange.prompt(id + 1_000, "a", in: session)
        exchange.agent(#"{"jsonrpc":"2.0","id":\#(id + 1_000),"result":{"stopReason":"end_turn"}}"#)
    }

    private func tokens(_ exchange: inout RelayScript) -> [String] {
        exchange.take().compactMap { if case .saveToken(let token) = $0 { token } else { nil } }
    }

    @Test func orderOfUseIsSavedOnceASecond() {
        var exchange = open(3)
        for number in 1...3 { turn(number, in: "s\(number)", &exchange) }
        turn(7, in: "s1", &exchange)
        #expect(tokens(&exchange) == [])
        exchange.now += .seconds(1)
        exchange.send(.timePassed)
        let forwardedUpdates = tokens(&exchange)
        #expect(forwardedUpdates.count == 1)
        let order = (try? JSON.parse(forwardedUpdates[0]))?["conversations"]?.array?.map { $0["id"] }
        #expect(order == ["s2", "s3", "s1"])
        #expect(exchange.relay.nextDeadline == nil)
    }

    @Test func orderOfUseIsSavedBeforeTheAgentLeaves() {
        var exchange = open(2)
        turn(1, in: "s1", &exchange)
        #expect(tokens(&exchange) == [])
        exchange.suspend()
        #expect(tokens(&exchange).count == 1)
    }

    @Test func choiceIsSavedAtOnce() {
        var exchange = open(2)
        turn(1, in: "s1", &exchange)
        exchange.client(
            #"{"jsonrpc":"2.0","id":5,"method":"session/set_mode","params":{"sessionId":"s1","modeId":"m"}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":5,"result":{}}"#)
        #expect(tokens(&exchange).count == 1)
    }
}
