import PinfoldJSON
import Testing

@testable import PinfoldACP

/// While both live, nothing is changed; and what the controller is told of it.
@Suite struct PassingTests {
    @Test(arguments: [
        #"  {"method" : "x/unknown","jsonrpc":"2.0", "params":{"n":1.0,"e":1e2,"u":"\u0041"},"id": 1e1 } "#,
        #"{"jsonrpc":"2.0","method":"$/anything","params":[1,2]}"#,
        #"[{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","method":"b"}]"#,
        "not json", "", "{\"a\":\u{0}}", #"{"no":"message"}"#, "[]", "\r",
    ])
    func lineOfTheClientPassesByteForByte(line: String) {
        var talk = Talk.begun()
        talk.client(line)
        #expect(talk.heardByAgent() == [line])
    }

    @Test(arguments: [
        #" {"jsonrpc":"2.0","id":"q","method":"fs/read_text_file","params":{"path":"/x"},"extra":[1.50]} "#,
        #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"other","update":{"sessionUpdate":"new_kind"}}}"#,
        #"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"what?"}}"#,
        "log line", "",
    ])
    func lineOfTheAgentPassesByteForByte(line: String) {
        var talk = Talk.begun()
        talk.agent(line)
        #expect(talk.heardByClient() == [line])
    }

    @Test func idsAreKeptApartByTheirType() {
        var talk = Talk.begun()
        talk.client(#"{"jsonrpc":"2.0","id":10,"method":"session/list"}"#)
        talk.client(#"{"jsonrpc":"2.0","id":"10","method":"session/prompt","params":{"sessionId":"s1"}}"#)
        _ = talk.take()
        talk.agent(#"{"jsonrpc":"2.0","id":10,"result":{}}"#)
        #expect(talk.conversation.fromClient.all.map(\.id) == [RequestID("10")])
    }

    @Test func answerToNoQuestionIsDropped() {
        var talk = Talk.begun()
        talk.agent(#"{"jsonrpc":"2.0","id":99,"result":{}}"#)
        #expect(talk.heardByClient() == [])
        talk.client(#"{"jsonrpc":"2.0","id":99,"result":{}}"#)
        #expect(talk.heardByAgent() == [])
    }

    @Test func requestThatComesTwiceIsAnsweredTwiceAndNoMore() {
        var talk = Talk.begun()
        for _ in 0..<2 { talk.client(#"{"jsonrpc":"2.0","id":5,"method":"session/list"}"#) }
        _ = talk.take()
        for _ in 0..<3 { talk.agent(#"{"jsonrpc":"2.0","id":5,"result":{}}"#) }
        #expect(talk.heardByClient().count == 2)
    }

    @Test func halfALineAtTheEndKeepsItsShape() {
        var talk = Talk.begun()
        let line = Array(#"{"jsonrpc":"2.0","id":5,"method":"session/list"}"#.utf8)
        talk.tell(.client(line, isWhole: false))
        talk.tell(.clientClosed)
        let passed = talk.take().filter { if case .report = $0 { false } else { true } }
        #expect(passed == [.toAgent(line, endsLine: false), .closeAgentInput])
    }

    @Test func agentThatIsAwayIsNotWokenByWhatIsNoMessageForIt() {
        var talk = Talk.begun()
        talk.suspend()
        _ = talk.take()
        talk.client("garbage")
        #expect(talk.heardByClient().json.map { $0["error"]?["code"]?.int64 } == [-32700])
        for line in [
            "", #"{"jsonrpc":"2.0","id":3,"result":{}}"#,
            #"{"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"s1"}}"#,
            #"{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":2}}"#,
        ] {
            talk.client(line)
            #expect(!talk.take().contains(.startAgent))
        }
    }

    @Test func closingAConversationThatNoAgentHasOpenWakesNobody() {
        var talk = Talk.begun()
        talk.suspend()
        _ = talk.take()
        talk.client(#"{"jsonrpc":"2.0","id":3,"method":"session/close","params":{"sessionId":"s1"}}"#)
        let actions = talk.take()
        #expect(actions == [.toClient(Array(#"{"jsonrpc":"2.0","id":3,"result":{}}"#.utf8), endsLine: true)])
    }

    @Test func heldPromptThatIsCancelledIsNeverDelivered() {
        var talk = Talk.begun()
        talk.suspend()
        talk.prompt(3, "again")
        _ = talk.take()
        talk.client(#"{"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"s1"}}"#)
        #expect(talk.heardByClient() == [#"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"cancelled"}}"#])
        talk.returns(first: 2)
        #expect(!talk.heardByAgent().contains { $0.contains("session/prompt") })
    }

    @Test func heldRequestThatIsTakenBackIsAnsweredSo() {
        var talk = Talk.begun()
        talk.suspend()
        talk.prompt(3, "again")
        _ = talk.take()
        talk.client(#"{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":3}}"#)
        #expect(talk.heardByClient().json.map { $0["error"]?["code"]?.int64 } == [-32800])
    }

    @Test func batchIsHeldAsOneAndItsAnswersPassAtOnce() {
        var talk = Talk.begun(abilities: "{}", version: 2)
        talk.agent(#"{"jsonrpc":"2.0","id":8,"method":"x/ask","params":{}}"#)
        _ = talk.take()
        talk.client(
            #"[{"jsonrpc":"2.0","id":8,"result":{}}, {"jsonrpc":"2.0","id":3,"method":"session/list"}]"#)
        #expect(
            talk.heardByAgent() == [
                #"[{"jsonrpc":"2.0","id":8,"result":{}}]"#, #"[{"jsonrpc":"2.0","id":3,"method":"session/list"}]"#,
            ])
    }

    @Test func turnsAreReportedWhenTheyChangeAndOnlyThen() {
        var talk = Talk()
        #expect(talk.take() == [.startAgent])
        talk.greet()
        #expect(talk.reports().map(\.state) == [.open, .none])
        talk.client(#"{"jsonrpc":"2.0","id":1,"method":"session/new","params":{"cwd":"/p","mcpServers":[]}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s1"}}"#)
        _ = talk.take()
        talk.prompt(2, "a")
        talk.agent(#"{"jsonrpc":"2.0","id":5,"method":"session/request_permission","params":{"sessionId":"s1"}}"#)
        talk.client(#"{"jsonrpc":"2.0","id":5,"result":{}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}"#)
        #expect(talk.reports().map(\.state) == [.open, .waiting, .open, .none])
    }

    @Test func overlongLineIsAnsweredForWhoAsked() {
        var talk = Talk.begun()
        talk.tell(
            .clientOverlong(
                Prefix(Array(#"{"jsonrpc":"2.0","id":"x","method":"session/prompt","params":{"a":"#.utf8), cap: 1 << 20)
            ))
        let lines = talk.heardByClient().json
        #expect(lines.map { $0["id"] } == ["x"])
        #expect(lines[0]["error"]?["message"]?.string?.contains("1 MiB") == true)
        talk.prompt(3, "big answer please")
        _ = talk.take()
        talk.tell(.agentOverlong(Prefix(Array(#"{"jsonrpc":"2.0","id":3,"result":{"a":""#.utf8), cap: 1 << 20)))
        #expect(talk.heardByClient().json.map { $0["error"]?["code"]?.int64 } == [-32603])
    }
}
