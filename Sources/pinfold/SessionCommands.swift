import PinfoldJSON
import PinfoldLauncher
import PinfoldPolicy
import PinfoldProtocol

/// Commands about sessions: look at them, use them, end them.
enum SessionCommands {
    static let entries: [CommandEntry] = [
        ListCommand.entry, ShowCommand.entry, ExplainCommand.entry,
        order(.touch, "touch", "Count a session as used now"),
        order(.pin, "pin", "Keep a session from being evicted"),
        order(.unpin, "unpin", "Let a session be evicted again"),
        order(.suspend, "suspend", "End sessions so that they can come back"),
        order(.end, "end", "End sessions for good: stdin closed, SIGTERM, then cgroup.kill"),
        order(.kill, "kill", "Kill sessions at once, as whole trees"),
        SetCommand.entry, TokenCommand.entry,
    ]

    private static func order(_ verb: Request.OrderVerb, _ name: String, _ summary: String) -> CommandEntry {
        CommandEntry(
            name, summary, operands: "ID...",
            flags: [Flag("all", "every session that lives, instead of some by name"), Flag.json, Flag.socket],
            text: endsLife(verb) ? ["Returns when the session is over: no process left, its cgroup gone."] : []
        ) { arguments in
            try obey(verb, arguments)
        }
    }

    private static func endsLife(_ verb: Request.OrderVerb) -> Bool {
        switch verb {
        case .suspend, .end, .kill: true
        case .touch, .pin, .unpin: false
        }
    }

    private static func obey(_ verb: Request.OrderVerb, _ arguments: Arguments) throws -> Int32 {
        let names = try names(arguments)
        var sessions: [JSON] = []
        var failed = false
        for name in names {
            do {
                sessions.append(try obey(verb, name, arguments))
            } catch let error as InterfaceError where names.count > 1 {
                // One that has gone meanwhile is no reason to spare the others.
                Output.printError("\(name): \(error)")
                failed = true
            }
        }
        if arguments.has("json") {
            try Output.printPretty(
                arguments.has("all") || names.count != 1 ? ["sessions": .array(sessions)] : sessions.first ?? .null)
        }
        return failed ? 1 : 0
    }

    private static func names(_ arguments: Arguments) throws -> [String] {
        guard arguments.has("all") else {
            guard !arguments.words.isEmpty else { throw UsageError("name the session, or say --all") }
            return arguments.words
        }
        guard arguments.words.isEmpty else { throw UsageError("either names or --all") }
        var client = try Client(arguments)
        let sessions = try client.sessions()
        return sessions.filter { $0.processID != nil || $0.cgroup != nil }.map(\.id)
    }

    private static func obey(_ verb: Request.OrderVerb, _ name: String, _ arguments: Arguments) throws -> JSON {
        var client = try Client(arguments)
        var patience = ControllerSocket.responseTimeout
        if endsLife(verb) {
            // The stages of ending have their own times, which the policy says.
            let policy = try client.ask(.show(name)).required("policy", as: .object)
            for key in ["StdinCloseSec", "TermSec"] {
                patience += PolicyText.span(policy[key]?.string ?? "") ?? .zero
            }
            patience += .seconds(10)
        }
        return try client.ask(.order(verb, name), within: patience)["session"] ?? .null
    }
}

extension JSONShape<SessionDescription> {
    static var session: Self {
        .object { (object) throws(JSONDecodingError) in try SessionDescription(json: object) }
    }
}
