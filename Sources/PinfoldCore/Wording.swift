/// How numbers are put for people: the same spelling as in policy files, so that what is read can be written.
package enum Wording {
    /// A span as systemd writes it: `1min 30s`, `250ms`, `0s`. See systemd.time(7).
    package static func span(_ span: Duration) -> String {
        var left = span.wholeNanoseconds
        let units: [(name: String, size: UInt64)] = [
            ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("min", 60_000_000_000), ("s", 1_000_000_000),
            ("ms", 1_000_000), ("us", 1_000),
        ]
        var words: [String] = []
        for unit in units where left >= unit.size {
            words.append("\(left / unit.size)\(unit.name)")
            left %= unit.size
        }
        return words.isEmpty ? "0s" : words.joined(separator: " ")
    }

    /// A span rounded to what matters when it is read: whole seconds from ten seconds on, tenths below.
    package static func roughly(_ span: Duration) -> String {
        let milliseconds = span.wholeMilliseconds
        if milliseconds < 1_000 { return "\(milliseconds)ms" }
        if milliseconds < 10_000 { return "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100)s" }
        return self.span(.seconds(milliseconds / 1_000))
    }

    /// Bytes with one digit after the point: `281.4M`, `3.6G`, `512B`; base 1024.
    package static func bytes(_ count: UInt64) -> String {
        let units = ["K", "M", "G", "T", "P", "E"]
        guard count >= 1024 else { return "\(count)B" }
        var size: UInt64 = 1024
        var unit = 0
        while unit + 1 < units.count, count / size >= 1024 {
            size *= 1024
            unit += 1
        }
        let tenths = UInt64(UInt128(count % size) * 10 / UInt128(size))
        return tenths == 0 ? "\(count / size)\(units[unit])" : "\(count / size).\(tenths)\(units[unit])"
    }

    /// `3 sessions`, `1 session`.
    package static func count(_ number: Int, _ noun: String) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
    }
}
