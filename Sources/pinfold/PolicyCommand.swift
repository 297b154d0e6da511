import PinfoldController
import PinfoldCore
import PinfoldJSON
import PinfoldLinux
import PinfoldPolicy
import PinfoldProtocol

enum PolicyCommand {
    static let entry = CommandEntry(
        "policy", "Check policy files, or show what they come to", operands: "check|show [NAME]",
        flags: [Flag("policies", value: "DIR", "the policy folder (default: as for serve)"), Flag.json],
        text: [
            "check: read every file and say all that is wrong, with file, line, key and what would be right. Exit status 1 "
                + "where something is. Nothing is applied.",
            "show: every key of pool.policy, or of the policy NAME, with its value and where it was set.",
        ]
    ) { arguments in
        let folder = arguments["policies"] ?? Client.places.policies
        if arguments["policies"] != nil, (try? FileStatus.of(path: folder)) == nil {
            throw UsageError("there is no folder \(folder)")
        }
        switch arguments.words.first {
        case "check"? where arguments.words.count == 1: return try check(folder, arguments)
        case "show"? where arguments.words.count <= 2:
            return try show(arguments.words.count == 2 ? arguments.words[1] : nil, folder, arguments)
        default: throw UsageError("say check, show, or show NAME")
        }
    }

    private static func check(_ folder: String, _ arguments: Arguments) throws -> Int32 {
        do {
            let set = try PolicyFolder.set(in: folder)
            let names = set.book.entries.map(\.name)
            if arguments.has("json") {
                try Output.printPretty(["policies": .array(names.map { .string($0) }), "complaints": []])
            } else {
                try Output.print(
                    "\(PrintableText(folder)): \(Wording.count(names.count, "policy file")) besides pool.policy, nothing to printError of\n"
                )
            }
            return 0
        } catch let error as PolicySet.Rejection {
            if arguments.has("json") {
                try Output.printPretty([
                    "policies": [], "complaints": .array(error.diagnostics.map { .string($0.description) }),
                ])
            } else {
                for diagnostic in error.diagnostics { Output.printError(diagnostic.description) }
            }
            return 1
        }
    }

    private static func show(_ name: String?, _ folder: String, _ arguments: Arguments) throws -> Int32 {
        let set = try PolicyFolder.set(in: folder)
        let rows: [PolicyText.Row]
        if let name, name != "pool" {
            guard let entry = set.book.entry(named: name) else {
                let known = set.book.names.joined(separator: ", ")
                throw UsageError("there is no policy '\(name)' in \(folder); there are pool, \(known)")
            }
            rows = PolicyText.rows(of: entry, in: set)
        } else {
            rows = PolicyText.rows(of: set.pool, in: set)
        }
        if arguments.has("json") {
            try Output.printPretty(
                [
                    "keys": .array(
                        rows.map { ["key": .string($0.key), "value": .string($0.value), "origin": JSON($0.origin)] })
                ])
        } else {
            try Output.print(
                Output.table(
                    ["KEY", "VALUE", "FROM"],
                    rows.map { [$0.key, $0.value.isEmpty ? "-" : $0.value, $0.origin ?? "default"] }))
        }
        return 0
    }
}
