import PinfoldCore
import PinfoldJSON
import PinfoldProtocol

enum ListCommand {
    static let entry = CommandEntry(
        "list", "List sessions: queued, living, suspended, and lately ended",
        flags: [Flag("state", value: "STATE", repeats: true, "only sessions in this state"), Flag.json, Flag.socket]
    ) { arguments in
        let states = try states(arguments)
        var client = try Client(arguments)
        let sessions = try client.sessions().filter { states.isEmpty || states.contains($0.state) }
        if arguments.has("json") {
            try Output.printPretty(["sessions": .array(sessions.map(\.json))])
        } else {
            try Output.print(table(sessions))
        }
        return 0
    }

    private static func states(_ arguments: Arguments) throws(UsageError) -> Set<SessionState> {
        var states: Set<SessionState> = []
        for word in arguments.all("state") {
            guard let state = SessionState(rawValue: word) else {
                let known = SessionState.allCases.map(\.rawValue).joined(separator: ", ")
                throw UsageError("there is no state '\(word)'; there are \(known)")
            }
            states.insert(state)
        }
        return states
    }

    private static func table(_ sessions: [SessionDescription]) -> String {
        Output.table(
            ["SESSION", "STATE", "POLICY", "LIFE", "PID", "MEMORY", "MAX", "TASKS", "IDLE", "WHY"],
            sessions.map { session in
                [
                    session.id, session.state.rawValue + (session.isPinned ? " (pinned)" : ""), session.policy,
                    session.life == 0 ? "-" : "\(session.life)", Wording.orDash(session.processID),
                    Wording.orDash(session.memoryCurrent, Wording.bytes),
                    maximum(session), Wording.orDash(session.tasks),
                    Wording.orDash(session.idleSeconds) { Wording.span(.seconds(Int64($0))) },
                    session.waiting.map { "waits: \($0)" } ?? session.cause?.message ?? "",
                ]
            })
    }

    /// A limit that is not enforced must not look like one.
    private static func maximum(_ session: SessionDescription) -> String {
        switch session.enforcement {
        case nil: "-"
        case .kernel?: session.memoryMax.map(Wording.bytes) ?? "none"
        case .observed?, Enforcement.none?: "not enforced"
        }
    }
}

extension Wording {
    static func orDash<Value>(_ value: Value?, _ text: (Value) -> String = { "\($0)" }) -> String {
        value.map(text) ?? "-"
    }
}
