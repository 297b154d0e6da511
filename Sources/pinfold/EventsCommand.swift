import PinfoldCore
import PinfoldJSON
import PinfoldLinux
import PinfoldPolicy
import PinfoldProtocol

enum EventsCommand {
    static let entry = CommandEntry(
        "events", "Show what happened: admissions, evictions, ends and their causes",
        flags: [
            Flag("follow", short: "f", "go on as things happen"),
            Flag(
                "since", value: "TIME", "from then on: 2026-01-31T12:00:00Z, or for example 10min for ten minutes ago"),
            Flag.json, Flag.socket,
        ],
        text: ["With --json one object a line: time (RFC 3339, UTC), event, session, life, and the event's numbers."]
    ) { arguments in
        guard arguments.words.isEmpty else { throw UsageError("takes no operands") }
        let follow = arguments.has("follow")
        var client = try Client(arguments)
        var answer = try client.ask(.events(follow: follow, since: try since(arguments)))
        while true {
            for event in try answer.required("events", as: .array(of: .object)) {
                if arguments.has("json") { try Output.printLine(.object(event)) } else { try Output.print(line(event)) }
            }
            guard follow else { return 0 }
            answer = try client.next()
        }
    }

    private static func since(_ arguments: Arguments) throws(UsageError) -> String? {
        guard let text = arguments["since"] else { return nil }
        if WallTime(rfc3339: text) != nil { return text }
        guard let span = PolicyText.span(text) else {
            throw UsageError("--since \(text) is neither a time such as 2026-01-31T12:00:00Z nor a span such as 10min")
        }
        var time = WallClock.now()
        time.seconds -= span.components.seconds
        return time.description
    }

    private static func line(_ event: JSONObject) -> String {
        var words = [event["time"]?.string ?? "", event["event"]?.string ?? ""]
        if let session = event["session"]?.string {
            words.append(event["life"]?.uint64.map { "\(session).\($0)" } ?? session)
        }
        for (key, value) in event where !["time", "event", "session", "life"].contains(key) {
            words.append(key == "message" ? "(\(value.string ?? ""))" : "\(key)=\(value.string ?? value.description)")
        }
        return PrintableText(words.joined(separator: " ")).description + "\n"
    }
}
