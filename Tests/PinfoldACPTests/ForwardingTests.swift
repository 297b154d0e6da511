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
        var exchange = RelayScript.begun()
        exchange.client(line)
        #expect(exchange.heardByAgent() == [line])
    }

    @Test(arguments: [
        #" {"jsonrpc":"2.0","id":"q","method":"fs/read_text_file","params":{"path":"/x"},"extra":[1.50]} "#,
        #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"other","update":{"sessionUpdate":"new_kind"}}}"#,
        #"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"what?"}}"#,
        "log line", "",
    ])
    func lineOfTheAgentPassesByteForByte(line: String) {
        var exchange = RelayScript.begun()
        exchange.agent(line)
        #expect(exchange.heardByClient() == [line])
    }

    @Test func idsAreKeptApartByTheirType() {
        var exchange = RelayScript.begun()
        exchange.client(#"{"jsonrpc":"2.0","id":10,"method":"session/list"}"#)
        exchange.client(#"{"jsonrpc":"2.0","id":"10","method":"session/prompt","params":{"sessionId":"s1"}}"#)
        _ = exchange.take()
        exchange.agent(#"{"jsonrpc":"2.0","id":10,"result":{}}"#)
        #expect(exchange.relay.fromClient.all.map(\.id) == [RequestID("10")])
    }

    @Test func answerToNoQuestionIsDropped() {
        var exchange = RelayScript.begun()
        exchange.agent(#"{"jsonrpc":"2.0","id":99,"result":{}}"#)
        #expect(exchange.heardByClient() == [])
        exchange.client(#"{"jsonrpc":"2.0","id":99,"result":{}}"#)
        #expect(exchange.heardByAgent() == [])
    }

    @Test func requestThatComesTwiceIsAnsweredTwiceAndNoMore() {
        var exchange = RelayScript.begun()
        for _ in 0..<2 { exchange.client(#"{"jsonrpc":"2.0","id":5,"method":"session/list"}"#) }
        _ = exchange.take()
        for _ in 0..<3 { exchange.agent(#"{"jsonrpc":"2.0","id":5,"result":{}}"#) }
        #expect(exchange.heardByClient().count == 2)
    }

    @Test func halfALineAtTheEndKeepsItsShape() {
        var exchange = RelayScript.begun()
        let line = Array(#"{"jsonrpc":"2.0","id":5,"method":"session/list"}"#.utf8)
        exchange.send(.client(line, isWhole: false))
        exchange.send(.clientClosed)
        let passed = exchange.take().filter { if case .report = $0 { false } else { true } }
        #expect(passed == [.toAgent(line, endsLine: false), .closeAgentInput])
    }

    @Test func agentThatIsAwayIsNotWokenByWhatIsNoMessageForIt() {
        var exchange = RelayScript.begun()
        exchange.suspend()
        _ = exchange.take()
        exchange.client("garbage")
        #expect(exchange.heardByClient().json.map { $0["error"]?["code"]?.int64 } == [-32700])
        for line in [
            "", #"{"jsonrpc":"2.0","id":3,"result":{}}"#,
            #"{"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"s1"}}"#,
            #"{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":2}}"#,
        ] {
            exchange.client(line)
            #expect(!exchange.take().contains(.startAgent))
        }
    }

    @Test func closingAConversationThatNoAgentHasOpenStartsNoAgent() {
        var exchange = RelayScript.begun()
        exchange.suspend()
        _ = exchange.take()
        exchange.client(#"{"jsonrpc":"2.0","id":3,"method":"session/close","params":{"sessionId":"s1"}}"#)
        let actions = exchange.take()
        #expect(actions == [.toClient(Array(#"{"jsonrpc":"2.0","id":3,"result":{}}"#.utf8), endsLine: true)])
    }

    @Test func heldPromptThatIsCancelledIsNeverDelivered() {
        var exchange = RelayScript.begun()
        exchange.suspend()
        exchange.prompt(3, "again")
        _ = exchange.take()
        exchange.client(#"{"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"s1"}}"#)
        #expect(exchange.heardByClient() == [#"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"cancelled"}}"#])
        exchange.returns(first: 2)
        #expect(!exchange.heardByAgent().contains { $0.contains("session/prompt") })
    }

    @Test func heldRequestThatIsTakenBackIsAnsweredSo() {
        var exchange = RelayScript.begun()
        exchange.suspend()
        exchange.prompt(3, "again")
        _ = exchange.take()
        exchange.client(#"{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":3}}"#)
        #expect(exchange.heardByClient().json.map { $0["error"]?["code"]?.int64 } == [-32800])
    }

    @Test func batchIsHeldAsOneAndItsAnswersPassAtOnce() {
        var exchange = RelayScript.begun(capabilities: "{}", version: 2)
        exchange.agent(#"{"jsonrpc":"2.0","id":8,"method":"x/ask","params":{}}"#)
        _ = exchange.take()
        exchange.client(
            #"[{"jsonrpc":"2.0","id":8,"result":{}}, {"jsonrpc":"2.0","id":3,"method":"session/list"}]"#)
        #expect(
            exchange.heardByAgent() == [
                #"[{"jsonrpc":"2.0","id":8,"result":{}}]"#, #"[{"jsonrpc":"2.0","id":3,"method":"session/list"}]"#,
            ])
    }

    @Test func turnsAreReportedWhenTheyChangeAndOnlyThen() {
        var exchange = RelayScript()
        #expect(exchange.take() == [.startAgent])
        exchange.sendInitialize()
        #expect(exchange.reports().map(\.state) == [.open, .none])
        exchange.client(#"{"jsonrpc":"2.0","id":1,"method":"session/new","params":{"cwd":"/p","mcpServers":[]}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s1"}}"#)
        _ = exchange.take()
        exchange.prompt(2, "a")
        exchange.agent(#"{"jsonrpc":"2.0","id":5,"method":"session/request_permission","params":{"sessionId":"s1"}}"#)
        exchange.client(#"{"jsonrpc":"2.0","id":5,"result":{}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}"#)
        #expect(exchange.reports().map(\.state) == [.open, .waiting, .open, .none])
    }

    @Test func overlongLineIsAnsweredForWhoAsked() {
        var exchange = RelayScript.begun()
        exchange.send(
            .clientOverlong(
                MessageHeader(
                    Array(#"{"jsonrpc":"2.0","id":"x","method":"session/prompt","params":{"a":"#.utf8), cap: 1 << 20)
            ))
        let lines = exchange.heardByClient().json
        #expect(lines.map { $0["id"] } == ["x"])
        #expect(lines[0]["error"]?["message"]?.string?.contains("1 MiB") == true)
        exchange.prompt(3, "big answer please")
        _ = exchange.take()
        exchange.send(
            .agentOverlong(MessageHeader(Array(#"{"jsonrpc":"2.0","id":3,"result":{"a":""#.utf8), cap: 1 << 20)))
        #expect(exchange.heardByClient().json.map { $0["error"]?["code"]?.int64 } == [-32603])
    }
}
