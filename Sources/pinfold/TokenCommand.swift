import PinfoldCore
import PinfoldLinux
import PinfoldProtocol

enum TokenCommand {
    static let entry = CommandEntry(
        "token", "Leave for the next life of this session what it needs to go on", operands: "VALUE",
        flags: [
            Flag("clear", "leave nothing, and forget what was left"),
            Flag(
                "session", short: "s", value: "ID", "of this session, from outside (default: the one it is called in)"),
            Flag.socket,
        ],
        text: [
            "Called inside a session, by the command or by one of its children: a CLI that can resume by a name, a REPL "
                + "that has saved its state to a file. The next life of the session finds VALUE in PINFOLD_RESUME, over "
                + "suspension, eviction, crash and restart. SIGTERM, the second stage of ending, is the moment to save.",
            "VALUE is text without NUL that fits into one variable, 128K less some bytes; where it is -, it is read from "
                + "standard input. Returns when it is on disk. 'pinfold end' forgets it; an agent under 'pinfold acp' has "
                + "a launcher that keeps it itself.",
        ]
    ) { arguments in
        let (session, life) = try subject(arguments)
        let token = try value(arguments)
        var client = try Client(arguments)
        _ = try client.ask(.setToken(session: session, life: life, token: token), within: .seconds(60))
        return 0
    }

    /// Inside a session its life too, so that a late call of an old one changes nothing.
    private static func subject(_ arguments: Arguments) throws(UsageError) -> (session: String, life: UInt64?) {
        if let named = arguments["session"] { return (named, nil) }
        guard let session = environmentVariable("PINFOLD_SESSION"), !session.isEmpty else {
            throw UsageError(
                "this is not called inside a session: PINFOLD_SESSION is not set; name a session with --session")
        }
        guard let life = environmentVariable("PINFOLD_LIFE").flatMap({ UInt64($0) }), life <= LifeID.largest else {
            throw UsageError(
                "PINFOLD_SESSION is set but PINFOLD_LIFE is no number of a life; name the session with --session \(session)"
            )
        }
        return (session, life)
    }

    /// Nil for nothing.
    private static func value(_ arguments: Arguments) throws -> String? {
        guard !arguments.has("clear") else {
            guard arguments.words.isEmpty else { throw UsageError("either a value or --clear") }
            return nil
        }
        guard arguments.words.count == 1, let first = arguments.firstWord else {
            throw UsageError("give one value, or say --clear")
        }
        // The bytes themselves: as a String they would have been repaired already.
        var bytes = Command.ownArguments()[first].bytes
        if bytes == Array("-".utf8) {
            bytes = try OwnedDescriptor.duplicating(0).readToEnd()
            if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw UsageError("the value is no UTF-8; encode it, for example with base64")
        }
        guard !text.isEmpty else { throw UsageError("the value is empty; to leave nothing, say --clear") }
        if let problem = ResumeToken.problem(withVariable: text) { throw UsageError(problem) }
        return text
    }
}
