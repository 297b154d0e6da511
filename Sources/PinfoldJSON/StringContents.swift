extension Span<UInt8> {
    /// The text of these bytes, which must have been read as UTF-8.
    func string(_ range: Range<Int>) -> String {
        unsafe String(copying: UTF8Span(unchecked: extracting(range)))
    }

    /// What a string that was read stands for, its escapes resolved.
    func string(_ token: StringToken) -> String {
        guard token.isEscaped else { return string(token.content) }
        var result: [UInt8] = []
        result.reserveCapacity(token.content.count)
        var start = token.content.lowerBound
        while start < token.content.upperBound {
            var end = start
            while end < token.content.upperBound, self[end] != Byte.backslash { end += 1 }
            result.append(copying: extracting(start..<end))
            guard end < token.content.upperBound else { break }
            start = appendEscape(at: end, to: &result)
        }
        return result.span.string(0..<result.count)
    }

    /// The number that four hexadecimal digits stand for, or nil.
    func hexadecimal(at start: Int) -> UInt16? {
        guard count - start >= 4 else { return nil }
        var value: UInt16 = 0
        for index in start..<(start + 4) {
            guard let digit = Byte.hexValue(self[index]) else { return nil }
            value = value << 4 | digit
        }
        return value
    }

    /// Appends what the escape stands for whose backslash is at `start`, and answers where it ends.
    private func appendEscape(at start: Int, to result: inout [UInt8]) -> Int {
        if let byte = PlainText.meaning(ofEscape: self[start + 1]) {
            result.append(byte)
            return start + 2
        }
        guard let first = hexadecimal(at: start + 2) else { preconditionFailure("this string was not read before") }
        var value = UInt32(first)
        var end = start + 6
        if first & 0xFC00 == 0xD800, count - start >= 12, self[start + 6] == Byte.backslash,
            self[start + 7] == Byte.lowerU, let second = hexadecimal(at: start + 8), second & 0xFC00 == 0xDC00
        {
            value = 0x10000 + (UInt32(first) & 0x3FF) << 10 + UInt32(second) & 0x3FF
            end += 6
        }
        // Half a pair comes so far only where that is allowed.
        let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
        result.append(contentsOf: scalar.utf8)
        return end
    }
}

extension [UInt8] {
    /// Appends bytes from elsewhere in one piece.
    mutating func append(copying bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
