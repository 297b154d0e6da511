/// A JSON value (RFC 8259).
///
/// Equality is exact: strings are equal when they hold the same code points (Swift's own `==` on `String` also calls
/// two different spellings of "é" equal, which JSON does not), numbers when they are written alike, objects whatever
/// the order of their members.
package enum JSON: Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSON])
    case object(JSONObject)

    /// What sort of value this is.
    package var kind: JSONKind {
        switch self {
        case .null: .null
        case .bool: .bool
        case .number: .number
        case .string: .string
        case .array: .array
        case .object: .object
        }
    }
}

extension JSON: Hashable {
    package static func == (left: JSON, right: JSON) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): ExactText(left) == ExactText(right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        switch self {
        case .null: break
        case .bool(let value): hasher.combine(value)
        case .number(let value): hasher.combine(value)
        case .string(let value): hasher.combine(ExactText(value))
        case .array(let value): hasher.combine(value)
        case .object(let value): hasher.combine(value)
        }
    }
}

extension JSON {
    /// Reads a text that is one JSON value, strictly by RFC 8259.
    ///
    /// Refused beyond what the grammar refuses: bytes that are not valid UTF-8, a byte order mark, halves of surrogate
    /// pairs, and two equal keys in one object (compared after escapes are resolved).
    ///
    /// - Parameter range: The part of `text` that holds the value; all of it by default. Positions in errors are always
    ///   those in the whole of `text`.
    package static func parse(
        _ text: Span<UInt8>, at range: Range<Int>? = nil, limits: JSONLimits = JSONLimits()
    ) throws(JSONError) -> JSON {
        try JSONCursor.read(in: text, at: range, limits: limits) { (cursor, kind, text) throws(JSONError) in
            try cursor.value(kind, in: text)
        }
    }

    /// Reads an array of bytes that is one JSON value; the same as with a span.
    package static func parse(_ text: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSON {
        try parse(text.span, limits: limits)
    }

    /// Reads a string that is one JSON value; the same as with its UTF-8 bytes.
    package static func parse(_ text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSON {
        try parse(text.utf8.span, limits: limits)
    }
}
