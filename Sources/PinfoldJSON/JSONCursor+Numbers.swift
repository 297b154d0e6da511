extension JSONCursor {
    /// Moves past a number, whose minus sign or first digit is at the cursor.
    @discardableResult
    mutating func skipNumber(in text: Span<UInt8>) throws(JSONError) -> Range<Int> {
        let start = at
        if text[at] == Byte.minus { at += 1 }
        let integer = at
        try skipDigits(.integerDigit, in: text)
        if text[integer] == Byte.zero, at > integer + 1 { throw JSONError(.leadingZero, at: integer, in: text) }
        if at < text.count, text[at] == Byte.point {
            at += 1
            try skipDigits(.decimalDigit, in: text)
        }
        if at < text.count, text[at] == Byte.lowerE || text[at] == Byte.upperE {
            at += 1
            if at < text.count, text[at] == Byte.plus || text[at] == Byte.minus { at += 1 }
            try skipDigits(.exponentDigit, in: text)
        }
        return start..<at
    }

    /// Moves past at least one digit.
    private mutating func skipDigits(_ wanted: JSONProblem.Wanted, in text: Span<UInt8>) throws(JSONError) {
        guard at < text.count, Byte.isDigit(text[at]) else {
            throw unexpected(in: text) { .expected(wanted, found: $0) }
        }
        repeat { at += 1 } while at < text.count && Byte.isDigit(text[at])
    }
}
