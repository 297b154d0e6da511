import PinfoldLauncher
import PinfoldPolicy

enum AcpCommand {
    static let entry = CommandEntry(
        "acp", "Run an agent that speaks ACP, and bring it back after it was evicted", operands: "-- COMMAND...",
        flags: LaunchFlags.all + [
            Flag("resume", value: "HOW", "auto: go on with what a former agent of this session knew (default); never"),
            Flag("line-cap", value: "SIZE", "the longest line that is passed on (default: 64M)"),
            Flag(
                "patience", value: "TIME",
                "how long a returning agent may be silent, the first 5 times that (default: 2min)"),
        ],
        text: [
            "Stands between a client of the Agent Client Protocol and an agent, and passes every byte on while both "
                + "live. When the controller suspends the agent, the client notices nothing: with its next message the "
                + "agent is started again, the conversation resumed, and the message delivered once.",
            "What could not be delivered is answered with an error that says why: -32800 where the agent was ended or "
                + "there was no room for it, -32603 where it may yet be resumed (send the message again), -32002 where "
                + "the conversation is gone.",
            "With --resume auto, a new launcher for the same session answers the client's session/new with the "
                + "conversation that the session had in the same directory, and says so in _meta.",
        ], runsOthers: true
    ) { arguments in
        let launch = try LaunchFlags(arguments)
        let resume = arguments["resume"] ?? "auto"
        guard ["auto", "never"].contains(resume) else {
            throw UsageError("--resume is auto or never, not \(resume)")
        }
        let options = RelayOptions(
            open: launch.open, command: launch.command, socket: launch.socket, resumes: resume == "auto",
            lineCap: try lineCap(arguments), responseTimeout: try arguments.span("patience") ?? .seconds(120))
        launch.prepare()
        return Launcher.relay(options) { Output.printError($0) }
    }

    private static func lineCap(_ arguments: Arguments) throws(UsageError) -> Int {
        guard let text = arguments["line-cap"] else { return 64 << 20 }
        guard let size = PolicyText.size(text), (64 << 10...1 << 40).contains(size) else {
            throw UsageError("--line-cap \(text) is no size from 64K to 1T; write for example 64M")
        }
        return Int(size)
    }
}
