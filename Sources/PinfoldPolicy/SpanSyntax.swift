import PinfoldCore

/// Spans of time as systemd writes them: `90`, `1min 30s`, `1.5h`, `250ms`, `infinity`. See systemd.time(7).
enum SpanSyntax {
    private static let units: [(names: [String], nanoseconds: UInt64)] = [
        (["s", "sec", "second", "seconds", ""], 1_000_000_000),
        (["ms", "msec"], 1_000_000),
        (["us", "usec", "µs", "μs"], 1_000),
        (["m", "min", "minute", "minutes"], 60_000_000_000),
        (["h", "hr", "hour", "hours"], 3_600_000_000_000),
        (["d", "day", "days"], 86_400_000_000_000),
        (["w", "week", "weeks"], 604_800_000_000_000),
        (["M", "month", "months"], 2_629_800_000_000_000),
        (["y", "year", "years"], 31_557_600_000_000_000),
    ]

    /// Nil for `infinity`.
    static func readLimit(_ text: String) throws(ValueProblem) -> Duration? {
        text == "infinity" ? nil : try read(text)
    }

    static func read(_ text: String) throws(ValueProblem) -> Duration {
        var rest = Substring(text)
        var sum: UInt64 = 0
        var isEmpty = true
        while true {
            rest = rest.drop { $0 == " " || $0 == "\t" }
            guard !rest.isEmpty else { break }
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count).drop { $0 == " " }
            let name = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(name.count)
            guard let thousandths = ValueSyntax.decimal(number, places: 3),
                let unit = units.first(where: { $0.names.contains(String(name)) })
            else { throw problem(text) }
            let part = UInt128(thousandths) * UInt128(unit.nanoseconds) / 1_000 + UInt128(sum)
            guard part <= UInt128(Int64.max) else {
                throw ValueProblem("is longer than can be counted; write infinity")
            }
            sum = UInt64(part)
            isEmpty = false
        }
        guard !isEmpty else { throw problem(text) }
        return .nanoseconds(Int64(sum))
    }

    private static func problem(_ text: String) -> ValueProblem {
        text.first == "-"
            ? ValueProblem("is negative; write for example 30s")
            : ValueProblem("is not a span of time; write for example 30s, 1min 30s, 4h or infinity")
    }

    static func write(_ span: Duration?) -> String {
        span.map(Wording.span) ?? "infinity"
    }
}
