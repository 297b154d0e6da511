import PinfoldCore
import PinfoldJSON
import PinfoldProtocol

enum ShowCommand {
    static let entry = CommandEntry(
        "show", "Show all that is known of a session", operands: "ID", flags: [Flag.json, Flag.socket]
    ) { arguments in
        guard arguments.words.count == 1 else { throw UsageError("name one session") }
        var client = try Client(arguments)
        let answer = try client.ask(.show(arguments.words[0]))
        if arguments.has("json") {
            try Output.printPretty(merged(answer))
        } else {
            try Output.print(try page(answer))
        }
        return 0
    }

    /// One object: the session's members first, as in `list`, then what only `show` has.
    private static func merged(_ answer: JSONObject) -> JSON {
        guard var session = answer["session"]?.object else { return .object(answer) }
        for key in ["settings", "policy", "unenforced"] where answer[key] != nil {
            session[key == "policy" ? "policyKeys" : key] = answer[key]
        }
        return .object(session)
    }

    private static func page(_ answer: JSONObject) throws -> String {
        let session = try answer.required("session", as: .session)
        var lines: [(String, String)] = [
            ("Session", session.id), ("State", session.state.rawValue + (session.isPinned ? ", pinned" : "")),
            ("Life", "\(session.life)"), ("Owner", "uid \(session.owner)"), ("Policy", session.policy),
        ]
        let settings = try answer.required("settings", as: .array(of: .string))
        if !settings.isEmpty { lines.append(("Settings", settings.joined(separator: " "))) }
        if let process = session.processID { lines.append(("Process", "\(process)")) }
        if let cgroup = session.cgroup { lines.append(("Cgroup", cgroup)) }
        if let placement = session.placement { lines.append(("Placement", words(placement))) }
        if let enforcement = session.enforcement { lines.append(("Enforcement", words(enforcement))) }
        if let current = session.memoryCurrent { lines.append(("Memory", memory(session, current))) }
        if let peak = session.memoryPeak { lines.append(("Peak", Wording.bytes(peak))) }
        if let tasks = session.tasks { lines.append(("Tasks", "\(tasks)")) }
        if let idle = session.idleSeconds { lines.append(("Last used", "\(Wording.span(.seconds(Int64(idle)))) ago")) }
        lines.append(("Resumable", session.isResumable ? "yes" : "no"))
        if let waiting = session.waiting { lines.append(("Waits", waiting)) }
        if let cause = session.cause { lines.append(("Why", "\(cause.kind.rawValue): \(cause.message)")) }
        for limit in try answer.required("unenforced", as: .array(of: .unenforcedLimit)) {
            lines.append(("Not enforced", "\(limit.key)=: \(limit.reason)"))
        }
        let width = lines.map(\.0.count).max() ?? 0
        let facts = lines.map {
            "\(String(repeating: " ", count: width - $0.0.count))\($0.0): \(PrintableText($0.1))\n"
        }
        let keys = try answer.required("policy", as: .object)
        let policy = keys.map { "  \($0.key)=\(PrintableText($0.value.string ?? ""))\n" }
        return facts.joined() + "\nPolicy in force:\n" + policy.joined()
    }

    private static func memory(_ session: SessionDescription, _ current: UInt64) -> String {
        var text = Wording.bytes(current)
        if let working = session.memoryWorkingSet { text += " (working set \(Wording.bytes(working)))" }
        if let most = session.memoryMax { text += " of \(Wording.bytes(most))" }
        return text
    }

    private static func words(_ placement: Placement) -> String {
        switch placement {
        case .into: "into (born in its cgroup)"
        case .attach: "attach (moved there by the controller before it executed)"
        }
    }

    private static func words(_ enforcement: Enforcement) -> String {
        switch enforcement {
        case .kernel: "kernel (memory.max)"
        case .observed: "observed (not enforced)"
        case .none: "none (the memory limit is not enforced)"
        }
    }
}
