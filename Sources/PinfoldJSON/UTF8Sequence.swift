/// Well-formed UTF-8, as in table 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing above
/// U+10FFFF.
enum UTF8Sequence {
    /// Where the character ends that begins with the byte at `start`, which is not ASCII; nil where it is ill-formed.
    static func end(in text: Span<UInt8>, at start: Int) -> Int? {
        let length: Int
        // Only the second byte has a range of its own; it is what keeps out the overlong forms and the surrogates.
        let second: ClosedRange<UInt8>
        switch text[start] {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return nil
        }
        guard text.count - start >= length, second.contains(text[start + 1]) else { return nil }
        if length > 2, text[start + 2] & 0xC0 != 0x80 { return nil }
        if length > 3, text[start + 3] & 0xC0 != 0x80 { return nil }
        return start + length
    }

    /// The character at `start`; nil where it is ill-formed.
    static func scalar(in text: Span<UInt8>, at start: Int) -> Unicode.Scalar? {
        let first = text[start]
        guard first >= 0x80 else { return Unicode.Scalar(first) }
        guard let end = end(in: text, at: start) else { return nil }
        // The lead byte has as many leading ones as the sequence has bytes, and a zero.
        var value = UInt32(first & (0x7F >> UInt8(end - start)))
        for index in (start + 1)..<end { value = value << 6 | UInt32(text[index] & 0x3F) }
        return Unicode.Scalar(value)
    }
}
