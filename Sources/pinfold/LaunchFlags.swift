import PinfoldLauncher
import PinfoldLinux
import PinfoldPolicy
import PinfoldProtocol

/// Flags of every command that starts another one in a session.
struct LaunchFlags {
    static let all = [
        Flag("session", short: "s", value: "ID", "the session's name (default: one made from the command's)"),
        Flag("policy", short: "p", value: "POLICY", "the policy (default: whose [Match] fits best)"),
        Flag(
            "set", value: "KEY=VALUE", repeats: true,
            "lay a setting over the policy; only root and the controller's own user may loosen"),
        Flag("wait", value: "TIME", "how long to wait for a place (default: AdmissionTimeoutSec=)"),
        Flag("verbose", "say what is done besides"), Flag.socket,
    ]

    /// How much of a command line is sent to the controller, bytes: enough for any pattern, and below what it takes.
    private static let mostTold = 64 << 10

    let open: OpenRequest
    let socket: String
    private let isVerbose: Bool
    let command: Command

    init(_ arguments: Arguments, keepsTree: Bool = false) throws(UsageError) {
        socket = Client.path(arguments)
        isVerbose = arguments.has("verbose")
        // Byte for byte: an argument need not be valid UTF-8 for the command to understand it.
        guard let first = arguments.firstWord, case let words = Command.ownArguments()[first...],
            let program = words.first
        else { throw UsageError("there is no command to run") }
        command = Command(program, Array(words.dropFirst()))
        open = OpenRequest(
            session: arguments["session"], policy: arguments["policy"], settings: arguments.all("set"),
            command: Self.told(arguments.words),
            waitMilliseconds: try arguments.span("wait").map { UInt64($0 / .milliseconds(1)) }, keepsTree: keepsTree)
    }

    /// Has the user's own controller started where it is not, and goes to where its sessions can be reached from, which may
    /// execute this program again.
    func prepare() {
        let log = { (line: String) in if isVerbose { Output.printError(line) } }
        if socket == Client.places.socket, environmentVariable("PINFOLD_SOCKET") == nil {
            let home = environmentVariable("XDG_CONFIG_HOME") ?? "\(environmentVariable("HOME") ?? "")/.config"
            UserService.startIfNeeded(socket: socket, home: home, log: log)
        }
        LoginScope.enterIfNeeded(socket: socket, log: log)
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

extension Arguments {
    /// A flag's value as a span of time; nil where it was not given.
    func span(_ flag: String) throws(UsageError) -> Duration? {
        guard let text = self[flag] else { return nil }
        guard let span = PolicyText.span(text) else {
            throw UsageError("--\(flag) \(text) is not a span of time; write for example 30s or 2min")
        }
        return span
    }
}
