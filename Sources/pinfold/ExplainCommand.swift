import PinfoldCore
import PinfoldJSON
import PinfoldProtocol

enum ExplainCommand {
    static let entry = CommandEntry(
        "explain", "Show who would be evicted next, and why not the others", operands: "[ID]",
        flags: [Flag.json, Flag.socket],
        text: ["The same function decides and explains. With a name, only that session's rows are shown."]
    ) { arguments in
        guard arguments.words.count <= 1 else { throw UsageError("name one session or none") }
        var client = try Client(arguments)
        var answer = try client.ask(.explain)
        if let name = arguments.words.first {
            for key in ["queue", "forPlace", "forMemory"] {
                let rows = try answer.required(key, as: .array(of: .object))
                answer[key] = .array(rows.filter { $0["session"]?.string == name }.map { .object($0) })
            }
        }
        if arguments.has("json") {
            try Output.printPretty(.object(answer))
        } else {
            try Output.print(try page(answer))
        }
        return 0
    }

    private static func page(_ answer: JSONObject) throws -> String {
        let headroom = try answer.optional("headroomBytes", as: .uint64)
        let reserve = try answer.required("reserveBytes", as: .uint64)
        let hard = try answer.required("hardReserveBytes", as: .uint64)
        var text =
            "Sessions: \(try answer.required("sessions", as: .uint64)) of \(try answer.required("maxSessions", as: .uint64))"
        let waiting = try answer.required("waiting", as: .array(of: .string))
        if !waiting.isEmpty { text += "; waiting: \(PrintableText(waiting.joined(separator: ", ")))" }
        text +=
            "\nMemory: \(headroom.map(Wording.bytes) ?? "unknown") free; below \(Wording.bytes(reserve)) idle sessions are "
        text += "evicted with grace, below \(Wording.bytes(hard)) at once\n"
        let queue = try answer.required("queue", as: .array(of: .object))
        if !queue.isEmpty {
            let rows = try queue.map { row in
                [
                    "\(try row.required("position", as: .uint64))", try row.required("session", as: .string),
                    Wording.span(.seconds(try row.required("waitedSeconds", as: .int64))),
                    try row.required("reason", as: .string),
                ]
            }
            text += "\nWaiting to be admitted:\n" + Output.table(["ORDER", "SESSION", "WAITED", "WAITS FOR"], rows)
        }
        text += "\nTo make place for another session:\n" + (try table(answer, "forPlace"))
        return text + "\nTo give memory back:\n" + (try table(answer, "forMemory"))
    }

    private static func table(_ answer: JSONObject, _ key: String) throws -> String {
        let rows = try answer.required(key, as: .array(of: .object)).map { row in
            [
                try row.optional("position", as: .uint64).map { "\($0)" } ?? "-",
                try row.required("session", as: .string),
                try row.required("state", as: .string),
                Wording.span(.seconds(try row.required("idleSeconds", as: .int64))),
                Wording.orDash(try row.optional("bytes", as: .uint64), Wording.bytes),
                try row.required("resumable", as: .bool) ? "yes" : "no",
                try row.optional("reason", as: .string).map { "no: \($0)" } ?? "may go",
            ]
        }
        guard !rows.isEmpty else { return "  no session lives\n" }
        return Output.table(["ORDER", "SESSION", "STATE", "UNUSED", "MEMORY", "RESUMES", "VERDICT"], rows)
    }
}
