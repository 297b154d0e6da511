/// A moment in UTC, as time since 1970-01-01, without leap seconds.
package struct WallTime: Sendable, Hashable, Comparable {
    package var seconds: Int64
    /// 0 to 999,999,999
    package var nanoseconds: Int32

    package init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    package static func < (left: WallTime, right: WallTime) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}

extension WallTime: CustomStringConvertible {
    /// RFC 3339 with milliseconds, cut off and not rounded: `2026-11-21T12:54:03.120Z`.
    package var description: String {
        let day = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
        let second = Int(seconds - day * 86400)
        let (year, month, dayOfMonth) = Self.civil(fromDay: Int(day))
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))T"
            + "\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))."
            + "\(padded(Int(nanoseconds) / 1_000_000, 3))Z"
    }

    /// Reads RFC 3339, any offset and any number of fraction digits; nil where the text is none.
    ///
    /// A leap second (`:60`) becomes the second after it.
    package init?(rfc3339 text: String) {
        var rest = Substring(text)[...]
        func number(_ digits: Int) -> Int? {
            let head = rest.utf8.prefix(digits)
            guard head.count == digits, head.allSatisfy({ (48...57).contains($0) }) else { return nil }
            rest = rest.dropFirst(digits)
            return head.reduce(0) { $0 * 10 + Int($1 - 48) }
        }
        func skip(_ allowed: String) -> Bool {
            guard let first = rest.first, allowed.contains(first) else { return false }
            rest = rest.dropFirst()
            return true
        }
        guard let year = number(4), skip("-"), let month = number(2), skip("-"), let day = number(2), skip("Tt "),
            let hour = number(2), skip(":"), let minute = number(2), skip(":"), let second = number(2),
            (1...12).contains(month), (1...Self.days(inMonth: month, of: year)).contains(day),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var nanoseconds = 0
        if skip(".") {
            let digits = rest.utf8.prefix { (48...57).contains($0) }
            guard !digits.isEmpty else { return nil }
            let nine = digits.prefix(9) + Array(repeating: 48, count: max(0, 9 - digits.count))
            nanoseconds = nine.reduce(0) { $0 * 10 + Int($1 - 48) }
            rest = rest.dropFirst(digits.count)
        }
        var offset = 0
        if !skip("Zz") {
            let sign = rest.first == "-" ? -1 : 1
            guard skip("+-"), let hours = number(2), skip(":"), let minutes = number(2), hours < 24, minutes < 60 else {
                return nil
            }
            offset = sign * (hours * 3600 + minutes * 60)
        }
        guard rest.isEmpty else { return nil }
        let days = Self.day(year: year, month: month, day: day)
        let time = hour * 3600 + minute * 60 + second - offset
        self.init(seconds: Int64(days * 86400 + time), nanoseconds: Int32(nanoseconds))
    }

    // Years are counted from March, so that a leap day is a year's last day and needs no exception. 719,468 days lie
    // between 0000-03-01 and 1970-01-01; 146,097 are in each 400 years.
    private static func civil(fromDay day: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let inEra = shifted - era * 146_097
        let yearInEra = (inEra - inEra / 1460 + inEra / 36_524 - inEra / 146_096) / 365
        let inYear = inEra - (365 * yearInEra + yearInEra / 4 - yearInEra / 100)
        let fromMarch = (5 * inYear + 2) / 153
        let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
        let year = yearInEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, inYear - (153 * fromMarch + 2) / 5 + 1)
    }

    private static func day(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearInEra = shifted - era * 400
        let inYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearInEra * 365 + yearInEra / 4 - yearInEra / 100 + inYear - 719_468
    }

    private static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
