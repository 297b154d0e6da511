import PinfoldPolicy

/// One command: its name, its words, its flags, and what it does.
struct CommandEntry: Sendable {
    let name: String
    let summary: String
    /// What follows the flags, as it stands in the usage line.
    let operands: String
    let flags: [Flag]
    /// Paragraphs for `--help` and the manual.
    let text: [String]
    /// Whether flags behind the first word belong to the command that is to be run.
    let runsOthers: Bool
    /// Returns the exit status.
    let run: @Sendable (Arguments) throws -> Int32

    init(
        _ name: String, _ summary: String, operands: String = "", flags: [Flag] = [], text: [String] = [],
        runsOthers: Bool = false, run: @escaping @Sendable (Arguments) throws -> Int32
    ) {
        self.name = name
        self.summary = summary
        self.operands = operands
        self.flags = flags
        self.text = text
        self.runsOthers = runsOthers
        self.run = run
    }

    var allFlags: [Flag] { flags + [.help] }
}

/// Every command, in the order in which help lists them.
enum CommandTable {
    static let all: [CommandEntry] =
        [ServeCommand.entry, HoldCommand.entry, RunCommand.entry, AcpCommand.entry] + SessionCommands.entries
        + [EventsCommand.entry, ReloadCommand.entry, PolicyCommand.entry, DoctorCommand.entry]
        + [VersionCommand.entry, HelpCommand.entry]

    static func entry(named name: String) -> CommandEntry? {
        all.first { $0.name == name }
    }

    /// What other programs of this kind call theirs.
    private static let synonyms = [
        "ps": "list", "ls": "list", "status": "list", "stats": "list", "top": "list", "stop": "end", "rm": "end",
        "remove": "end", "delete": "end", "start": "run", "exec": "run", "inspect": "show", "logs": "events",
        "log": "events", "check": "policy", "pause": "suspend", "daemon": "serve",
    ]

    /// `; did you mean 'run'?`, or nothing.
    static func guess(_ name: String) -> String {
        guard let meant = synonyms[name] ?? NearestName.of(name, among: all.map(\.name)) else { return "" }
        return "; did you mean '\(meant)'?"
    }
}
