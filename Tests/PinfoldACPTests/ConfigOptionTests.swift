import PinfoldJSON
import Testing

@testable import PinfoldACP

/// Modes and options after an agent came back. A message must not go out under another mode than its author sees.
@Suite struct ChoiceTests {
    private static let modes = #""modes":{"currentModeId":"ask","availableModes":[{"id":"ask"},{"id":"yolo"}]}"#

    private func update(_ text: String) -> String {
        #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":{\#(text)}}}"#
    }

    private func settingOption(_ exchange: inout RelayScript, _ id: Int, _ mode: String) {
        exchange.client(
            #"{"jsonrpc":"2.0","id":\#(id),"method":"session/set_mode","params":{"sessionId":"s1","modeId":"\#(mode)"}}"#
        )
        exchange.agent(#"{"jsonrpc":"2.0","id":\#(id),"result":{}}"#)
    }

    /// Suspended, asked again and opened again. Its first request to the new agent has the id `n-3`.
    private func back(_ exchange: inout RelayScript, result: String = "{}") {
        exchange.suspend()
        exchange.prompt(9, "again")
        exchange.returns(first: 2)
        _ = exchange.take()
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":\#(result)}"#)
    }

    @Test func modeOfTheClientsOwnLoadIsNewerThanTheOneChosenBefore() {
        var exchange = RelayScript.begun()
        settingOption(&exchange, 5, "yolo")
        exchange.client(#"{"jsonrpc":"2.0","id":6,"method":"session/load","params":{"sessionId":"s1","cwd":"/p"}}"#)
        exchange.agent(#"{"jsonrpc":"2.0","id":6,"result":{\#(Self.modes)}}"#)
        back(&exchange)
        let chosen = exchange.heardByAgent().json
        #expect(chosen.map { $0["params"]?["modeId"] } == ["ask"])
    }

    @Test func modeThatTheAgentIsInAlreadyIsNotSetAgain() {
        var exchange = RelayScript.begun()
        settingOption(&exchange, 5, "ask")
        back(&exchange, result: "{\(Self.modes)}")
        #expect(exchange.heardByAgent() == [RelayScript.prompt(9, "again")])
    }

    @Test func refusedModeKeepsTheMessageBackAndReportsTheModeThatIs() {
        var exchange = RelayScript.begun()
        settingOption(&exchange, 5, "plan")
        back(&exchange, result: "{\(Self.modes)}")
        _ = exchange.take()
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-4","error":{"code":-32602,"message":"no such mode"}}"#)
        let actions = exchange.take()
        #expect(!actions.contains(.toAgent(Array(RelayScript.prompt(9, "again").utf8), endsLine: true)))
        let lines = actions.compactMap { action -> JSON? in
            if case .toClient(let line, _) = action { try? JSON.parse(line) } else { nil }
        }
        #expect(lines.first?["params"]?["update"]?["currentModeId"] == "ask")
        #expect(lines.last?["error"]?["data"]?["pinfold"]?["outcome"] == "changed")
        #expect(lines.last?["error"]?["data"]?["pinfold"]?["params"]?["modeId"] == "plan")
        // What is sent then is sent knowingly.
        exchange.prompt(10, "still")
        #expect(exchange.heardByAgent() == [RelayScript.prompt(10, "still")])
    }

    @Test func choicesAreMadeOneAfterTheOtherInTheirOrder() {
        var exchange = RelayScript.begun()
        for (id, key) in [(5, "model"), (6, "effort")] {
            exchange.client(
                #"{"jsonrpc":"2.0","id":\#(id),"method":"session/set_config_option","params":{"sessionId":"s1","configId":"\#(key)","value":"x"}}"#
            )
            exchange.agent(#"{"jsonrpc":"2.0","id":\#(id),"result":{"configOptions":[]}}"#)
        }
        back(&exchange)
        #expect(exchange.heardByAgent().json.map { $0["params"]?["configId"] } == ["model"])
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-4","result":{"configOptions":[]}}"#)
        #expect(exchange.heardByAgent().json.map { $0["params"]?["configId"] } == ["effort"])
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-5","result":{"configOptions":[]}}"#)
        #expect(exchange.heardByAgent() == [RelayScript.prompt(9, "again")])
    }

    @Test func optionThatTheAgentChangedIsChangedAgain() {
        var exchange = RelayScript.begun()
        exchange.agent(
            update(
                #""sessionUpdate":"config_option_update","configOptions":[{"id":"model","currentValue":"big"},{"id":"web","currentValue":true}]"#
            ))
        back(&exchange)
        #expect(
            exchange.heardByAgent().json.map { $0["params"] } == [
                ["sessionId": "s1", "configId": "model", "value": "big"]
            ])
        exchange.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-4","result":{}}"#)
        #expect(
            exchange.heardByAgent().json.map { $0["params"] } == [
                ["sessionId": "s1", "configId": "web", "value": true, "type": "boolean"]
            ])
    }

    @Test func optionThatStayedAsItWasIsNoChoice() {
        var exchange = RelayScript()
        exchange.sendInitialize()
        exchange.client(#"{"jsonrpc":"2.0","id":1,"method":"session/new","params":{"cwd":"/p"}}"#)
        let options = #""configOptions":[{"id":"model","currentValue":"big"}]"#
        exchange.agent(#"{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s1",\#(options)}}"#)
        exchange.agent(update(#""sessionUpdate":"config_option_update",\#(options)"#))
        back(&exchange)
        #expect(exchange.heardByAgent() == [RelayScript.prompt(9, "again")])
    }

    @Test func clientOfANewLauncherIsSentTheModeAsItIsThen() {
        var former = RelayScript.begun()
        settingOption(&former, 5, "yolo")
        let token = former.take().compactMap { if case .saveToken(let token) = $0 { token } else { nil } }.last
        var exchange = RelayScript(token: token)
        exchange.sendInitialize()
        exchange.client(#"{"jsonrpc":"2.0","id":1,"method":"session/new","params":{"cwd":"/p","mcpServers":[]}}"#)
        let resume = exchange.heardByAgent().json.last
        exchange.agent(#"{"jsonrpc":"2.0","id":\#(resume?["id"] ?? nil),"result":{\#(Self.modes)}}"#)
        let choice = exchange.heardByAgent().json.last
        #expect(choice?["params"]?["modeId"] == "yolo")
        exchange.agent(#"{"jsonrpc":"2.0","id":\#(choice?["id"] ?? nil),"result":{}}"#)
        let response = exchange.heardByClient().json.last
        #expect(response?["result"]?["sessionId"] == "s1")
        #expect(response?["result"]?["modes"]?["currentModeId"] == "yolo")
    }
}
