import PinfoldCore
import PinfoldJSON
import PinfoldPolicy
import PinfoldProtocol

enum SetCommand {
    static let entry = CommandEntry(
        "set", "Lay settings over a session's policy, now", operands: "ID KEY=VALUE...",
        flags: [Flag("force", "also a MemoryMax= below what the session uses"), Flag.json, Flag.socket],
        text: [
            "Keys are those of [Session] in a policy file. Everybody may tighten their own sessions; to loosen takes root "
                + "or the controller's own user.",
            "MemoryMax= below what the session uses would make the kernel kill it, and is refused without --force.",
        ]
    ) { arguments in
        guard arguments.words.count >= 2 else { throw UsageError("name the session and at least one KEY=VALUE") }
        var client = try Client(arguments)
        let (name, settings) = (arguments.words[0], Array(arguments.words.dropFirst()))
        let session = try client.ask(.show(name)).required("session", as: .session)
        if !arguments.has("force"), let refusal = try refusal(of: settings, for: session, &client) {
            Output.printError(refusal)
            return 1
        }
        let answer = try client.ask(.set(name, settings: settings), within: .seconds(60))
        if session.state == .ended || session.state == .suspended {
            Output.printError(
                "the session '\(name)' is \(session.state.rawValue); what was set applies to its next life")
        }
        for limit in try answer.required("unenforced", as: .array(of: .unenforcedLimit)) {
            Output.printError(limit.description)
        }
        if arguments.has("json") { try Output.printPretty(answer["session"] ?? .null) }
        return 0
    }

    /// Why a limit would kill the session; nil where none does.
    private static func refusal(
        of settings: [String], for session: SessionDescription, _ client: inout Client
    ) throws -> String? {
        guard settings.contains(where: { $0.hasPrefix("MemoryMax=") }), session.enforcement == .kernel,
            let used = session.memoryWorkingSet
        else { return nil }
        // What is wrong with a setting is the controller's to say.
        guard let policy = try? SettingsOverlay.apply(settings, to: SessionPolicy(), named: "", mayLoosen: true),
            let total = try client.ask(.describe).optional("effectiveLimitBytes", as: .uint64),
            let limit = policy.memoryMax.resolved(against: total), limit < used
        else { return nil }
        return
            "'\(session.id)' uses \(Wording.bytes(used)), and with MemoryMax=\(Wording.bytes(limit)) the kernel would kill "
            + "it; suspend it first, or say --force"
    }
}
