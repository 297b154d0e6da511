import PinfoldCore

/// Amounts of memory: bytes with K, M, G, T, P or E (base 1024), a percentage, or `infinity`.
enum SizeSyntax {
    /// Nobody means fewer bytes than this: `30` stands for `30G` more often than for thirty bytes.
    static let least: UInt64 = 1 << 20
    /// All that a processor with five levels of page tables can address. So sums of a few amounts fit 64 bits.
    static let most: UInt64 = 4 << 50

    private static let units: [(letter: Character, shift: UInt64)] = [
        ("B", 0), ("K", 10), ("M", 20), ("G", 30), ("T", 40), ("P", 50), ("E", 60),
    ]

    static func read(_ text: String, allowsZero: Bool, allowsInfinity: Bool = true) throws(ValueProblem) -> MemoryAmount
    {
        if text == "infinity" {
            guard allowsInfinity else { throw ValueProblem("must be an amount; write for example 512M or 10%") }
            return .infinity
        }
        if text.last == "%" {
            let share = try ValueSyntax.percent(text, atMost: 10_000)
            guard share > 0 || allowsZero else { throw ValueProblem("is nothing at all; write for example 10%") }
            return .share(UInt32(share))
        }
        if text.first == "-" { throw ValueProblem("is negative; write for example 512M") }
        let bytes = try count(text)
        guard bytes > 0 || allowsZero else { throw ValueProblem("is nothing at all; write for example 512M") }
        guard bytes == 0 || bytes >= least else {
            let guess = text.allSatisfy(\.isNumber) ? "; did you mean \(text)M or \(text)G?" : ""
            throw ValueProblem("is only \(bytes) bytes, less than 1M\(guess)")
        }
        return .bytes(bytes)
    }

    private static func count(_ text: String) throws(ValueProblem) -> UInt64 {
        var number = Substring(text)
        var shift: UInt64 = 0
        if let last = number.last, let unit = units.first(where: { $0.letter == last }) {
            number.removeLast()
            shift = unit.shift
        }
        guard let thousandths = ValueSyntax.decimal(number, places: 3) else {
            throw ValueProblem("is not an amount of memory\(hint(text)); write for example 512M, 2G, 25% or infinity")
        }
        let bytes = UInt128(thousandths) << UInt128(shift) / 1_000
        guard let fitting = UInt64(exactly: bytes), fitting <= most else {
            throw ValueProblem("is more than any machine has; write at most 4P, or infinity")
        }
        return fitting
    }

    private static func hint(_ text: String) -> String {
        for ending in ["iB", "B", "b"] where text.hasSuffix(ending) && text.count > ending.count {
            let rest = text.dropLast(ending.count)
            guard let unit = rest.last, units.contains(where: { $0.letter == Character(unit.uppercased()) }) else {
                continue
            }
            return " (units are written \(unit.uppercased()), without '\(ending)')"
        }
        if let last = text.last, last.isLowercase, units.contains(where: { $0.letter == Character(last.uppercased()) })
        {
            return " (units are upper case)"
        }
        return ""
    }

    static func write(_ amount: MemoryAmount) -> String {
        switch amount {
        case .infinity: return "infinity"
        case .share(let share): return ValueSyntax.writePercent(UInt64(share))
        case .bytes(let bytes):
            for unit in units.reversed() where unit.shift > 0 && bytes >= 1 << unit.shift {
                if bytes % (1 << unit.shift) == 0 { return "\(bytes >> unit.shift)\(unit.letter)" }
            }
            return "\(bytes)"
        }
    }
}
