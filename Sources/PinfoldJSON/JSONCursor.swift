/// A place in a JSON text, and the steps of the grammar that move it on.
///
/// Parser and scanner are both made of these steps, so that they cannot disagree on what JSON is. The text is passed
/// to each step and not kept: a structure that holds a `Span` needs lifetime annotations that the language still calls
/// experimental, and one that holds an array would tie every caller to arrays.
struct JSONCursor {
    /// Everything before this byte is read.
    var at: Int

    private var depth = 0
    private let depthLimit: Int
    private var values = 0
    private let valueLimit: Int
    let allowsLoneSurrogates: Bool

    init(
        at start: Int, depthLimit: Int = JSONLimits.deepest, valueLimit: Int = .max, allowsLoneSurrogates: Bool = false
    ) {
        at = start
        self.depthLimit = depthLimit
        self.valueLimit = valueLimit
        self.allowsLoneSurrogates = allowsLoneSurrogates
    }

    /// Reads a part of a text, or all of it, that is one value with nothing but white space around it.
    ///
    /// - Parameters:
    ///   - wanted: The kind the value must be of; any by default.
    ///   - read: Moves the cursor past the value from its first byte on. The text it is given ends with the part.
    static func read<Value>(
        _ wanted: JSONKind? = nil, in text: Span<UInt8>, at range: Range<Int>?, limits: JSONLimits,
        _ read: (inout JSONCursor, JSONKind, Span<UInt8>) throws(JSONError) -> Value
    ) throws(JSONError) -> Value {
        let start = range?.lowerBound ?? 0
        let text = text.extracting(..<(range?.upperBound ?? text.count))
        var cursor = JSONCursor(
            at: start, depthLimit: limits.depth, valueLimit: limits.values,
            allowsLoneSurrogates: limits.allowsLoneSurrogates)
        guard text.count - start <= limits.size else {
            throw JSONError(.tooLong(size: text.count - start, limit: limits.size), at: start, in: text)
        }
        if start == 0, text.count >= 3, text[0] == 0xEF, text[1] == 0xBB, text[2] == 0xBF {
            throw JSONError(.byteOrderMark, at: 0, in: text)
        }
        let kind = try cursor.startOfValue(in: text)
        guard wanted == nil || wanted == kind else {
            throw JSONError(.wrongKind(wanted ?? kind, found: kind), at: cursor.at, in: text)
        }
        let value = try read(&cursor, kind, text)
        cursor.skipWhitespace(in: text)
        guard cursor.at == text.count else { throw cursor.unexpected(in: text) { .expected(.end, found: $0) } }
        return value
    }

    @inline(__always)
    mutating func skipWhitespace(in text: Span<UInt8>) {
        while at < text.count, text[at] <= Byte.space {
            let byte = text[at]
            guard
                byte == Byte.space || byte == Byte.lineFeed || byte == Byte.carriageReturn || byte == Byte.tab
            else { return }
            at += 1
        }
    }

    /// The error for what stands at the cursor. Where that is not even UTF-8, the error says so instead.
    @inline(never)
    func unexpected(in text: Span<UInt8>, _ problem: (JSONProblem.Found) -> JSONProblem) -> JSONError {
        guard at < text.count else { return JSONError(problem(.end), at: at, in: text) }
        guard let scalar = UTF8Sequence.scalar(in: text, at: at) else {
            return JSONError(.invalidUTF8(text[at]), at: at, in: text)
        }
        return JSONError(problem(.character(scalar)), at: at, in: text)
    }
}

extension JSONCursor {
    /// Moves to the first byte of a value and tells its kind.
    mutating func startOfValue(in text: Span<UInt8>) throws(JSONError) -> JSONKind {
        skipWhitespace(in: text)
        guard at < text.count else { throw unexpected(in: text) { .expected(.value, found: $0) } }
        guard values < valueLimit else { throw JSONError(.tooManyValues(limit: valueLimit), at: at, in: text) }
        values += 1
        switch text[at] {
        case Byte.quote: return .string
        case Byte.openBrace: return .object
        case Byte.openBracket: return .array
        case Byte.minus, Byte.zero...Byte.nine: return .number
        case Byte.lowerT, Byte.lowerF: return .bool
        case Byte.lowerN: return .null
        case let byte where Byte.isLetter(byte): throw unknownWord(in: text)
        default: throw unexpected(in: text) { .expected(.value, found: $0) }
        }
    }

    /// Moves past a value that is neither array nor object.
    mutating func skipScalar(_ kind: JSONKind, in text: Span<UInt8>) throws(JSONError) {
        switch kind {
        case .string: _ = try skipString(in: text)
        case .number: try skipNumber(in: text)
        case .null: try skipWord("null", in: text)
        case .bool: try skipWord(text[at] == Byte.lowerT ? "true" : "false", in: text)
        case .array, .object: preconditionFailure("\(kind) is no scalar")
        }
    }

    private mutating func skipWord(_ word: StaticString, in text: Span<UInt8>) throws(JSONError) {
        let length = word.utf8CodeUnitCount
        guard text.count - at >= length else { throw unknownWord(in: text) }
        for index in 0..<length {
            guard unsafe text[at + index] == word.utf8Start[index] else { throw unknownWord(in: text) }
        }
        guard at + length == text.count || !Byte.isLetter(text[at + length]) else { throw unknownWord(in: text) }
        at += length
    }

    /// The error for letters where a value should be: `True`, `nul`, `NaN`.
    @inline(never)
    private func unknownWord(in text: Span<UInt8>) -> JSONError {
        var end = at
        while end < text.count, end - at < 32, Byte.isLetter(text[end]) { end += 1 }
        return JSONError(.unknownWord(text.string(at..<end)), at: at, in: text)
    }
}

extension JSONCursor {
    /// Moves past an opening bracket or brace.
    mutating func open(in text: Span<UInt8>) throws(JSONError) {
        guard depth < depthLimit else { throw JSONError(.tooDeep(limit: depthLimit), at: at, in: text) }
        depth += 1
        at += 1
    }

    /// Moves to the next element of the array that was opened last, and answers true; or past its end: false.
    mutating func nextElement(isFirst: Bool, in text: Span<UInt8>) throws(JSONError) -> Bool {
        if isFirst {
            skipWhitespace(in: text)
            guard at < text.count, text[at] == Byte.closeBracket else { return true }
        } else {
            guard try !skipComma(before: Byte.closeBracket, or: .commaInArray, in: text) else { return true }
        }
        at += 1
        depth -= 1
        return false
    }

    /// Moves to the next value of the object that was opened last, and answers its key; or past its end: nil.
    mutating func nextKey(isFirst: Bool, in text: Span<UInt8>) throws(JSONError) -> StringToken? {
        let more: Bool
        if isFirst {
            skipWhitespace(in: text)
            more = at == text.count || text[at] != Byte.closeBrace
        } else {
            more = try skipComma(before: Byte.closeBrace, or: .commaInObject, in: text)
        }
        guard more else {
            at += 1
            depth -= 1
            return nil
        }
        guard at < text.count, text[at] == Byte.quote else {
            throw unexpected(in: text) { .expected(.key, found: $0) }
        }
        let key = try skipString(in: text)
        skipWhitespace(in: text)
        guard at < text.count, text[at] == Byte.colon else {
            throw unexpected(in: text) { .expected(.colon, found: $0) }
        }
        at += 1
        return key
    }

    /// Moves past the comma and white space before the next element or member: true. Or up to the closing bracket:
    /// false.
    private mutating func skipComma(
        before close: UInt8, or wanted: JSONProblem.Wanted, in text: Span<UInt8>
    ) throws(JSONError) -> Bool {
        skipWhitespace(in: text)
        if at < text.count, text[at] == close { return false }
        guard at < text.count, text[at] == Byte.comma else {
            throw unexpected(in: text) { .expected(wanted, found: $0) }
        }
        at += 1
        skipWhitespace(in: text)
        if at < text.count, text[at] == close { throw unexpected(in: text) { .trailingComma($0) } }
        return true
    }
}
