/// Where a string stands in a text.
struct StringToken {
    /// The bytes between the quotes.
    let content: Range<Int>

    /// True where a backslash is among them.
    let isEscaped: Bool

    /// The bytes with the quotes.
    var range: Range<Int> { (content.lowerBound - 1)..<(content.upperBound + 1) }
}

extension JSONCursor {
    /// Moves past a string, whose opening quote is at the cursor.
    mutating func skipString(in text: Span<UInt8>) throws(JSONError) -> StringToken {
        let open = at
        var isEscaped = false
        at += 1
        while true {
            at = PlainText.end(in: text, from: at)
            guard at < text.count else { throw JSONError(.unclosedString, at: open, in: text) }
            switch text[at] {
            case Byte.quote:
                at += 1
                return StringToken(content: (open + 1)..<(at - 1), isEscaped: isEscaped)
            case Byte.backslash:
                isEscaped = true
                try skipEscape(in: text, openedAt: open)
            case 0..<Byte.space: throw unexpected(in: text) { .bareControl($0) }
            case 0x7F: at += 1
            default:
                // Where one letter is not ASCII the next is often not either: stay here rather than go round by words.
                repeat {
                    guard let end = UTF8Sequence.end(in: text, at: at) else {
                        throw JSONError(.invalidUTF8(text[at]), at: at, in: text)
                    }
                    at = end
                } while at < text.count && text[at] >= 0x80
            }
        }
    }

    /// Moves past an escape, whose backslash is at the cursor.
    private mutating func skipEscape(in text: Span<UInt8>, openedAt open: Int) throws(JSONError) {
        let start = at
        guard start + 1 < text.count else { throw JSONError(.unclosedString, at: open, in: text) }
        switch text[start + 1] {
        case Byte.lowerU:
            let half = try hexadecimal(in: text, at: start)
            at = start + 6
            guard half & 0xF800 == 0xD800 else { return }
            guard half < 0xDC00, at + 1 < text.count, text[at] == Byte.backslash, text[at + 1] == Byte.lowerU,
                try hexadecimal(in: text, at: at) & 0xFC00 == 0xDC00
            else {
                if allowsLoneSurrogates { return }
                throw JSONError(.loneSurrogate(half), at: start, in: text)
            }
            at += 6
        case let byte where PlainText.meaning(ofEscape: byte) != nil: at += 2
        default:
            at += 1
            let error = unexpected(in: text) { .unknownEscape($0) }
            // What is wrong is the pair; only bytes that are no character at all are to blame on their own.
            if case .unknownEscape = error.problem { throw JSONError(error.problem, at: start, in: text) }
            throw error
        }
    }

    /// The number that the four digits of `\uXXXX` stand for, the backslash being at `start`.
    private func hexadecimal(in text: Span<UInt8>, at start: Int) throws(JSONError) -> UInt16 {
        guard let value = text.hexadecimal(at: start + 2) else {
            throw JSONError(.shortUnicodeEscape, at: start, in: text)
        }
        return value
    }
}

/// What stands for itself in a string.
enum PlainText {
    /// The first byte at or after `start` that is a quote, a backslash, a control character (DEL too) or not ASCII.
    ///
    /// Nearly all bytes of a large message are plain, so they are looked at by eights, and after the first eight by
    /// thirty-twos.
    static func end(in text: Span<UInt8>, from start: Int) -> Int {
        let bytes = unsafe text.bytes
        var at = start
        while at + 8 <= bytes.byteCount {
            let found = marks(word(bytes, at))
            if found != 0 { return at + found.trailingZeroBitCount / 8 }
            at += 8
            while at + 32 <= bytes.byteCount,
                marks(word(bytes, at)) | marks(word(bytes, at + 8)) | marks(word(bytes, at + 16))
                    | marks(word(bytes, at + 24)) == 0
            {
                at += 32
            }
        }
        while at < text.count, marks(UInt64(text[at]) | spaces << 8) == 0 { at += 1 }
        return at
    }

    private static var ones: UInt64 { 0x0101_0101_0101_0101 }
    private static var spaces: UInt64 { 0x2020_2020_2020_2020 }

    /// Eight bytes, the first one lowest. The caller has seen that they are there.
    @inline(__always)
    private static func word(_ bytes: RawSpan, _ at: Int) -> UInt64 {
        UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self))
    }

    /// A word in which the high bit of a byte is set where that byte is not plain. Bits above the lowest one set may be
    /// wrong, because subtraction borrows from the byte above.
    @inline(__always)
    private static func marks(_ word: UInt64) -> UInt64 {
        // Each difference has the high bit where its byte is the one looked for, and where that bit was set already.
        // One more than 0x7F has it too, so the sum finds DEL.
        let controls = word &- spaces
        let quotes = (word ^ (ones &* 0x22)) &- ones
        let backslashes = (word ^ (ones &* 0x5C)) &- ones
        return (word | (word &+ ones) | controls | quotes | backslashes) & (ones &* 0x80)
    }

    /// What `\` followed by this byte stands for, or nil where it stands for nothing.
    static func meaning(ofEscape byte: UInt8) -> UInt8? {
        switch byte {
        case Byte.quote, Byte.backslash, Byte.slash: byte
        case 0x62: 0x08
        case 0x66: 0x0C
        case 0x6E: Byte.lineFeed
        case 0x72: Byte.carriageReturn
        case 0x74: Byte.tab
        default: nil
        }
    }
}
