import PinfoldCore
import PinfoldJSON
import PinfoldProtocol

enum SetCommand {
    static let entry = CommandEntry(
        "set", "Lay settings over a session's policy, now", operands: "ID KEY=VALUE...",
        flags: [Flag.json, Flag.socket],
        text: [
            "Keys are those of [Session] in a policy file. Everybody may tighten their own sessions; to loosen takes root "
                + "or the controller's own user.",
            "Lowering MemoryMax= below what the session uses makes the kernel reclaim, and kill where that is not enough.",
        ]
    ) { arguments in
        guard arguments.words.count >= 2 else { throw UsageError("name the session and at least one KEY=VALUE") }
        var client = try Client(arguments)
        let answer = try client.ask(
            .set(arguments.words[0], settings: Array(arguments.words.dropFirst())), within: .seconds(60))
        for limit in try answer.required("unenforced", as: .array(of: .unenforcedLimit)) {
            Output.printError(limit.description)
        }
        if arguments.has("json") { try Output.printPretty(answer["session"] ?? .null) }
        return 0
    }
}
