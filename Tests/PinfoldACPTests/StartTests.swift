import PinfoldJSON
import Testing

@testable import PinfoldACP

/// A first agent that cannot be started, or that does not answer.
@Suite struct StartTests {
    private static let initialize = #"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":1}}"#

    private func refused(isRefusal: Bool = false) -> Talk {
        var talk = Talk(starting: .startFailed(StartFailure(message: "no agent", exitCode: 127, isRefusal: isRefusal)))
        #expect(talk.take() == [.startAgent])
        return talk
    }

    @Test(arguments: [true, false])
    func clientThatAsksAfterTheStartWasRefusedHearsWhy(isRefusal: Bool) {
        var talk = refused(isRefusal: isRefusal)
        talk.client(Self.initialize)
        let actions = talk.take()
        #expect(actions.last == .finish(127))
        guard case .toClient(let line, _)? = actions.first, let answer = try? JSON.parse(line) else {
            Issue.record("no answer in \(actions)")
            return
        }
        #expect(answer["id"] == 0)
        #expect(answer["error"]?["code"]?.int64 == (isRefusal ? -32800 : -32603))
        #expect(answer["error"]?["message"]?.string?.contains("no agent") == true)
    }

    @Test func whatAsksNothingIsNoReasonToLeave() {
        var talk = refused()
        for line in ["", "noise", #"{"jsonrpc":"2.0","method":"x/notify"}"#] { talk.client(line) }
        #expect(talk.take() == [])
        talk.client("[\(Self.initialize)]")
        #expect(talk.take().last == .finish(127))
    }

    @Test func clientThatAsksNothingIsWaitedForAWhile() {
        var talk = refused()
        #expect(talk.conversation.nextDeadline == .seconds(2))
        talk.now = .seconds(2)
        talk.tell(.timePassed)
        #expect(talk.take() == [.finish(127)])
    }

    @Test(arguments: [false, true])
    func clientThatHasHungUpIsNotWaitedFor(isBefore: Bool) {
        var conversation = Conversation(.init(resumes: true, patience: .seconds(1), nonce: "n"))
        _ = conversation.begin()
        if isBefore { _ = conversation.handle(.clientClosed, at: .zero) }
        var actions = conversation.handle(
            .startFailed(StartFailure(message: "no agent", exitCode: 127, isRefusal: false)), at: .zero)
        if !isBefore { actions = conversation.handle(.clientClosed, at: .zero) }
        #expect(actions == [.finish(127)])
    }

    @Test func firstAgentThatNeverAnswersInitializeIsGivenUp() {
        var talk = Talk()
        talk.client(Self.initialize)
        _ = talk.take()
        #expect(talk.conversation.nextDeadline == .seconds(300))
        talk.now = .seconds(200)
        talk.agent("still fetching")
        #expect(talk.conversation.nextDeadline == .seconds(500))
        talk.now = .seconds(500)
        talk.tell(.timePassed)
        let why = "the agent did not answer initialize in 300 s"
        #expect(talk.take().contains(.failLife(why)))
        let reason = Reason(kind: "start_failed", message: why, json: [:])
        talk.tell(.lifeEnded(LifeEnd(reason: reason, isSuspended: false, exitCode: 125)))
        let actions = talk.take()
        #expect(actions.last == .finish(125))
        #expect(actions.contains { if case .toClient(let line, _) = $0 { line.count > 20 } else { false } })
    }

    @Test func agentThatHasAnsweredInitializeHasNoDeadline() {
        var talk = Talk()
        talk.greet()
        #expect(talk.conversation.nextDeadline == nil)
    }

    // MARK: Lists

    private static func list(_ id: Int, _ params: String = "{}") -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"session/list","params":\#(params)}"#
    }

    /// Asked once while the agent was there, and suspended since.
    private func listed() -> Talk {
        var talk = Talk.begun()
        talk.client(Self.list(5))
        talk.agent(#"{"jsonrpc":"2.0","id":5,"result":{"sessions":[ {"sessionId":"s1"} ]}}"#)
        return talk
    }

    @Test func listOfAnAgentThatIsAwayIsWhatItSaidLast() {
        var talk = listed()
        talk.suspend()
        _ = talk.take()
        for id in 6...8 {
            talk.client(Self.list(id))
            let answer = #"{"jsonrpc":"2.0","id":\#(id),"result":{"sessions":[ {"sessionId":"s1"} ]}}"#
            #expect(talk.take() == [.toClient(Array(answer.utf8), endsLine: true)])
        }
    }

    @Test func listThatWasNeverAskedForWakesTheAgent() {
        var talk = listed()
        talk.suspend()
        _ = talk.take()
        talk.client(Self.list(6, #"{"cwd":"/elsewhere"}"#))
        #expect(talk.take() == [.startAgent])
    }

    @Test func listThatATurnMayHaveChangedIsAskedForAgain() {
        var talk = listed()
        talk.prompt(6, "more")
        talk.agent(#"{"jsonrpc":"2.0","id":6,"result":{"stopReason":"end_turn"}}"#)
        talk.suspend()
        _ = talk.take()
        talk.client(Self.list(7))
        #expect(talk.take() == [.startAgent])
    }

    @Test func listIsTheAgentsToAnswerWhileItIsThere() {
        var talk = listed()
        _ = talk.take()
        talk.client(Self.list(6))
        #expect(talk.heardByAgent() == [Self.list(6)])
    }

    // MARK: What is kept

    private func open(_ count: Int) -> Talk {
        var talk = Talk.begun()
        for number in 2...count {
            talk.client(#"{"jsonrpc":"2.0","id":\#(number + 100),"method":"session/new","params":{"cwd":"/p"}}"#)
            talk.agent(#"{"jsonrpc":"2.0","id":\#(number + 100),"result":{"sessionId":"s\#(number)"}}"#)
        }
        for number in 2...count { turn(number, in: "s\(number)", &talk) }
        talk.now += .seconds(1)
        talk.tell(.timePassed)
        _ = talk.take()
        return talk
    }

    private func turn(_ id: Int, in conversation: String, _ talk: inout Talk) {
        talk.prompt(id + 1_000, "a", in: conversation)
        talk.agent(#"{"jsonrpc":"2.0","id":\#(id + 1_000),"result":{"stopReason":"end_turn"}}"#)
    }

    private func tokens(_ talk: inout Talk) -> [String] {
        talk.take().compactMap { if case .remember(let token) = $0 { token } else { nil } }
    }

    @Test func anotherOrderOfUseIsToldOnceASecond() {
        var talk = open(3)
        for number in 1...3 { turn(number, in: "s\(number)", &talk) }
        turn(7, in: "s1", &talk)
        #expect(tokens(&talk) == [])
        talk.now += .seconds(1)
        talk.tell(.timePassed)
        let told = tokens(&talk)
        #expect(told.count == 1)
        let order = (try? JSON.parse(told[0]))?["conversations"]?.array?.map { $0["id"] }
        #expect(order == ["s2", "s3", "s1"])
        #expect(talk.conversation.nextDeadline == nil)
    }

    @Test func anotherOrderOfUseIsToldBeforeTheAgentLeaves() {
        var talk = open(2)
        turn(1, in: "s1", &talk)
        #expect(tokens(&talk) == [])
        talk.suspend()
        #expect(tokens(&talk).count == 1)
    }

    @Test func whatIsChosenIsToldAtOnce() {
        var talk = open(2)
        turn(1, in: "s1", &talk)
        talk.client(#"{"jsonrpc":"2.0","id":5,"method":"session/set_mode","params":{"sessionId":"s1","modeId":"m"}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":5,"result":{}}"#)
        #expect(tokens(&talk).count == 1)
    }
}
