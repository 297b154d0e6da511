import PinfoldLauncher
import PinfoldLinux
import PinfoldPolicy
import PinfoldProtocol

enum RunCommand {
    /// What of a command line is told to the controller, bytes: enough for any pattern, and below what it takes.
    private static let mostTold = 64 << 10

    static let entry = CommandEntry(
        "run", "Run a command as a session", operands: "-- COMMAND...",
        flags: [
            Flag("session", short: "s", value: "ID", "the session's name (default: one made from the command's)"),
            Flag("policy", short: "p", value: "POLICY", "the policy (default: whose [Match] fits best)"),
            Flag("set", value: "KEY=VALUE", repeats: true, "lay a setting over the policy; only root may loosen"),
            Flag("wait", value: "TIME", "how long to wait for a place (default: AdmissionTimeoutSec=)"),
            Flag("keep-tree", "when the command ends, leave running what it left behind"),
            Flag("stdin", value: "HOW", "relay: pass standard input on (default); inherit: leave it alone"),
            Flag.socket,
        ],
        text: [
            "The command keeps its caller's environment, directory, user, terminal and exit status; standard output and "
                + "standard error are its own. It starts inside its cgroup, under its limits.",
            "The session ends, as a whole tree, when the command's own process ends, when this launcher dies of "
                + "anything, or when the launcher's parent dies.",
            "Standard input that is no terminal is passed on through a pipe, so that it can be closed when the session "
                + "shall end, and so that bytes count as activity. A command that leaves input unread in a shell's loop "
                + "wants --stdin inherit.",
        ], runsOthers: true
    ) { arguments in
        guard let first = arguments.firstWord else { throw UsageError("there is no command to run") }
        var input = RunOptions.Input.relay
        if let how = arguments["stdin"] {
            guard let named = RunOptions.Input(rawValue: how) else {
                throw UsageError("--stdin is relay or inherit, not \(how)")
            }
            input = named
        }
        // Byte for byte: an argument need not be valid UTF-8 for the command to understand it.
        let words = Command.ownArguments()[first...]
        guard let program = words.first else { throw UsageError("there is no command to run") }
        let open = OpenRequest(
            session: arguments["session"], policy: arguments["policy"], settings: arguments.all("set"),
            command: told(arguments.words), waitMilliseconds: try wait(arguments), keepsTree: arguments.has("keep-tree")
        )
        let options = RunOptions(
            open: open, command: Command(program, Array(words.dropFirst())), socket: Client.path(arguments),
            input: input)
        return Launcher.run(options) { Output.complain($0) }
    }

    private static func wait(_ arguments: Arguments) throws(UsageError) -> UInt64? {
        guard let text = arguments["wait"] else { return nil }
        guard let span = PolicyText.span(text) else {
            throw UsageError("--wait \(text) is not a span of time; write for example 30s or 2min")
        }
        return UInt64(span.components.seconds) * 1_000 + UInt64(span.components.attoseconds / 1_000_000_000_000_000)
    }

    private static func told(_ words: [String]) -> [String] {
        var left = mostTold
        return Array(
            words.prefix { word in
                left -= word.utf8.count + 8
                return left > 0
            })
    }
}
