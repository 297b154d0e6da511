import PinfoldCore

/// How values are spelled: systemd's own syntax. See systemd.resource-control(5), systemd.time(7).
///
/// Each `read` either understands the whole text or says what would be right; each `write` gives the text that reads
/// back as the same value.
enum ValueSyntax {
    // MARK: Decimal numbers

    /// A number with at most `places` digits after the point, as a whole number of the smallest unit.
    ///
    /// Binary floating point would turn `0.1` into something else; a policy says exactly what it says.
    static func decimal(_ text: Substring, places: Int) -> UInt64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = digits(parts[0]) else { return nil }
        let scale = (0..<places).reduce(UInt64(1)) { power, _ in power * 10 }
        var fraction: UInt64 = 0
        if parts.count == 2 {
            guard !parts[1].isEmpty, parts[1].count <= places, let read = digits(parts[1]) else { return nil }
            fraction = read * (parts[1].count..<places).reduce(UInt64(1)) { power, _ in power * 10 }
        }
        let (scaled, overflow) = whole.multipliedReportingOverflow(by: scale)
        guard !overflow else { return nil }
        let (sum, overflows) = scaled.addingReportingOverflow(fraction)
        return overflows ? nil : sum
    }

    private static func digits(_ text: Substring) -> UInt64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt64(text)
    }

    // MARK: Percent

    /// Hundredths of a percent: each of the 8,192 processors that a kernel can have (`NR_CPUS`), in full.
    static let allProcessors: UInt64 = 8_192 * 10_000

    /// Hundredths of a percent.
    static func percent(_ text: String, atMost limit: UInt64) throws(ValueProblem) -> UInt64 {
        guard text.last == "%", let share = decimal(text.dropLast(), places: 2) else {
            throw ValueProblem("is not a percentage; write for example 50%")
        }
        guard share <= limit else { throw ValueProblem("is more than \(limit / 100)%") }
        return share
    }

    static func writePercent(_ share: UInt64) -> String {
        let fraction = share % 100
        if fraction == 0 { return "\(share / 100)%" }
        return fraction % 10 == 0
            ? "\(share / 100).\(fraction / 10)%" : "\(share / 100).\(fraction < 10 ? "0" : "")\(fraction)%"
    }

    // MARK: Words and numbers

    static func word<Word: RawRepresentable<String> & CaseIterable>(_ text: String) throws(ValueProblem) -> Word {
        if let word = Word(rawValue: text) { return word }
        throw ValueProblem("is not one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
    }

    static func number(_ text: String, in range: ClosedRange<UInt64>) throws(ValueProblem) -> UInt64 {
        guard let number = digits(Substring(text)), range.contains(number) else {
            throw ValueProblem("is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    static func flag(_ text: String) throws(ValueProblem) -> Bool {
        switch text.lowercased() {
        case "yes", "true", "on", "1", "y", "t": true
        case "no", "false", "off", "0", "n", "f": false
        default: throw ValueProblem("is neither yes nor no")
        }
    }
}
