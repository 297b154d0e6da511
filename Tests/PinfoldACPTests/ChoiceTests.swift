import PinfoldJSON
import Testing

@testable import PinfoldACP

/// Modes and options after an agent came back. A message must not go out under another mode than its author sees.
@Suite struct ChoiceTests {
    private static let modes = #""modes":{"currentModeId":"ask","availableModes":[{"id":"ask"},{"id":"yolo"}]}"#

    private func update(_ text: String) -> String {
        #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":{\#(text)}}}"#
    }

    private func choosing(_ talk: inout Talk, _ id: Int, _ mode: String) {
        talk.client(
            #"{"jsonrpc":"2.0","id":\#(id),"method":"session/set_mode","params":{"sessionId":"s1","modeId":"\#(mode)"}}"#
        )
        talk.agent(#"{"jsonrpc":"2.0","id":\#(id),"result":{}}"#)
    }

    /// Suspended, asked again and opened again. Its first request to the new agent has the id `n-3`.
    private func back(_ talk: inout Talk, result: String = "{}") {
        talk.suspend()
        talk.prompt(9, "again")
        talk.returns(first: 2)
        _ = talk.take()
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-3","result":\#(result)}"#)
    }

    @Test func whatALoadOfTheClientSaysIsNewerThanWhatWasChosenBefore() {
        var talk = Talk.begun()
        choosing(&talk, 5, "yolo")
        talk.client(#"{"jsonrpc":"2.0","id":6,"method":"session/load","params":{"sessionId":"s1","cwd":"/p"}}"#)
        talk.agent(#"{"jsonrpc":"2.0","id":6,"result":{\#(Self.modes)}}"#)
        back(&talk)
        let chosen = talk.heardByAgent().json
        #expect(chosen.map { $0["params"]?["modeId"] } == ["ask"])
    }

    @Test func modeThatTheAgentIsInAlreadyIsNotSetAgain() {
        var talk = Talk.begun()
        choosing(&talk, 5, "ask")
        back(&talk, result: "{\(Self.modes)}")
        #expect(talk.heardByAgent() == [Talk.prompt(9, "again")])
    }

    @Test func refusedModeKeepsTheMessageBackAndTellsTheModeThatIs() {
        var talk = Talk.begun()
        choosing(&talk, 5, "plan")
        back(&talk, result: "{\(Self.modes)}")
        _ = talk.take()
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-4","error":{"code":-32602,"message":"no such mode"}}"#)
        let actions = talk.take()
        #expect(!actions.contains(.toAgent(Array(Talk.prompt(9, "again").utf8), endsLine: true)))
        let lines = actions.compactMap { action -> JSON? in
            if case .toClient(let line, _) = action { try? JSON.parse(line) } else { nil }
        }
        #expect(lines.first?["params"]?["update"]?["currentModeId"] == "ask")
        #expect(lines.last?["error"]?["data"]?["pinfold"]?["outcome"] == "changed")
        #expect(lines.last?["error"]?["data"]?["pinfold"]?["params"]?["modeId"] == "plan")
        // What is sent then is sent knowingly.
        talk.prompt(10, "still")
        #expect(talk.heardByAgent() == [Talk.prompt(10, "still")])
    }

    @Test func choicesAreMadeOneAfterTheOtherInTheirOrder() {
        var talk = Talk.begun()
        for (id, key) in [(5, "model"), (6, "effort")] {
            talk.client(
                #"{"jsonrpc":"2.0","id":\#(id),"method":"session/set_config_option","params":{"sessionId":"s1","configId":"\#(key)","value":"x"}}"#
            )
            talk.agent(#"{"jsonrpc":"2.0","id":\#(id),"result":{"configOptions":[]}}"#)
        }
        back(&talk)
        #expect(talk.heardByAgent().json.map { $0["params"]?["configId"] } == ["model"])
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-4","result":{"configOptions":[]}}"#)
        #expect(talk.heardByAgent().json.map { $0["params"]?["configId"] } == ["effort"])
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-5","result":{"configOptions":[]}}"#)
        #expect(talk.heardByAgent() == [Talk.prompt(9, "again")])
    }

    @Test func optionThatTheAgentChangedIsChangedAgain() {
        var talk = Talk.begun()
        talk.agent(
            update(
                #""sessionUpdate":"config_option_update","configOptions":[{"id":"model","currentValue":"big"},{"id":"web","currentValue":true}]"#
            ))
        back(&talk)
        #expect(
            talk.heardByAgent().json.map { $0["params"] } == [
                ["sessionId": "s1", "configId": "model", "value": "big"]
            ])
        talk.agent(#"{"jsonrpc":"2.0","id":"pinfold-n-4","result":{}}"#)
        #expect(
            talk.heardByAgent().json.map { $0["params"] } == [
                ["sessionId": "s1", "configId": "web", "value": true, "type": "boolean"]
            ])
    }

    @Test func optionThatStayedAsItWasIsNoChoice() {
        var talk = Talk()
        talk.greet()
        talk.client(#"{"jsonrpc":"2.0","id":1,"method":"session/new","params":{"cwd":"/p"}}"#)
        let options = #""configOptions":[{"id":"model","currentValue":"big"}]"#
        talk.agent(#"{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s1",\#(options)}}"#)
        talk.agent(update(#""sessionUpdate":"config_option_update",\#(options)"#))
        back(&talk)
        #expect(talk.heardByAgent() == [Talk.prompt(9, "again")])
    }

    @Test func clientOfANewLauncherIsToldTheModeAsItIsThen() {
        var former = Talk.begun()
        choosing(&former, 5, "yolo")
        let token = former.take().compactMap { if case .remember(let token) = $0 { token } else { nil } }.last
        var talk = Talk(token: token)
        talk.greet()
        talk.client(#"{"jsonrpc":"2.0","id":1,"method":"session/new","params":{"cwd":"/p","mcpServers":[]}}"#)
        let resume = talk.heardByAgent().json.last
        talk.agent(#"{"jsonrpc":"2.0","id":\#(resume?["id"] ?? nil),"result":{\#(Self.modes)}}"#)
        let choice = talk.heardByAgent().json.last
        #expect(choice?["params"]?["modeId"] == "yolo")
        talk.agent(#"{"jsonrpc":"2.0","id":\#(choice?["id"] ?? nil),"result":{}}"#)
        let answer = talk.heardByClient().json.last
        #expect(answer?["result"]?["sessionId"] == "s1")
        #expect(answer?["result"]?["modes"]?["currentModeId"] == "yolo")
    }
}
