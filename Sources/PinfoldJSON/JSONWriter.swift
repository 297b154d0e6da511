/// Writes values as JSON text.
struct JSONWriter {
    var bytes: [UInt8] = []
    private let style: JSONStyle
    private var depth = 0

    init(style: JSONStyle) { self.style = style }

    mutating func write(_ value: JSON) {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let number): bytes.append(copying: number.text.utf8.span)
        case .string(let text): write(text)
        case .array(let elements):
            open(Byte.openBracket)
            for (index, element) in elements.enumerated() {
                separate(isFirst: index == 0)
                write(element)
            }
            close(Byte.closeBracket, isEmpty: elements.isEmpty)
        case .object(let object):
            open(Byte.openBrace)
            if style.sortsKeys {
                write(object.sorted { ExactText.precedes($0.key, $1.key) })
            } else {
                write(object)
            }
            close(Byte.closeBrace, isEmpty: object.isEmpty)
        }
    }

    private mutating func write(_ members: some Sequence<JSONObject.Member>) {
        var isFirst = true
        for (key, value) in members {
            separate(isFirst: isFirst)
            isFirst = false
            write(key)
            bytes.append(Byte.colon)
            if style.isPretty { bytes.append(Byte.space) }
            write(value)
        }
    }

    private mutating func open(_ bracket: UInt8) {
        bytes.append(bracket)
        depth += 1
    }

    private mutating func separate(isFirst: Bool) {
        if !isFirst { bytes.append(Byte.comma) }
        breakLine()
    }

    private mutating func close(_ bracket: UInt8, isEmpty: Bool) {
        depth -= 1
        if !isEmpty { breakLine() }
        bytes.append(bracket)
    }

    private mutating func breakLine() {
        guard style.isPretty else { return }
        bytes.append(Byte.lineFeed)
        bytes.append(contentsOf: repeatElement(Byte.space, count: 2 * depth))
    }
}

extension JSONWriter {
    /// Writes a string with its quotes.
    ///
    /// More is escaped than the grammar asks for: every control character (U+007F to U+009F too, which can drive a
    /// terminal) and U+2028 and U+2029, which some readers of lines take for the end of one.
    mutating func write(_ text: String) {
        bytes.append(Byte.quote)
        let content = text.utf8.span
        var written = 0
        var at = 0
        while true {
            at = PlainText.end(in: content, from: at)
            guard at < content.count else { break }
            let end = content[at] < 0x80 ? at + 1 : Self.end(ofCharacterAt: at, in: content)
            if let scalar = Self.escaped(in: content, at: at) {
                bytes.append(copying: content.extracting(written..<at))
                writeEscape(scalar)
                written = end
            }
            at = end
        }
        bytes.append(copying: content.extracting(written..<content.count))
        bytes.append(Byte.quote)
    }

    /// The character at `at` where it must be escaped, or nil.
    private static func escaped(in text: Span<UInt8>, at: Int) -> UInt16? {
        switch text[at] {
        case 0x00..<0x80: UInt16(text[at])
        case 0xC2 where text[at + 1] < 0xA0: UInt16(text[at + 1])
        case 0xE2 where text[at + 1] == 0x80 && text[at + 2] & 0xFE == 0xA8: 0x2000 | UInt16(text[at + 2] & 0x3F)
        default: nil
        }
    }

    private static func end(ofCharacterAt start: Int, in text: Span<UInt8>) -> Int {
        var end = start + 1
        while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
        return end
    }

    private mutating func writeEscape(_ scalar: UInt16) {
        bytes.append(Byte.backslash)
        switch scalar {
        case 0x22: bytes.append(Byte.quote)
        case 0x5C: bytes.append(Byte.backslash)
        case 0x08: bytes.append(0x62)
        case 0x0C: bytes.append(0x66)
        case 0x0A: bytes.append(0x6E)
        case 0x0D: bytes.append(0x72)
        case 0x09: bytes.append(0x74)
        default:
            bytes.append(Byte.lowerU)
            for shift in [12, 8, 4, 0] as [UInt16] {
                let digit = UInt8(scalar >> shift & 0xF)
                bytes.append(digit < 10 ? Byte.zero + digit : 0x57 + digit)
            }
        }
    }
}
