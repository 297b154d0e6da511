/// A value that was read past: what and where, not what it holds.
package struct JSONSlice: Sendable, Hashable {
    package let kind: JSONKind

    /// The bytes of the value, without white space around it.
    package let range: Range<Int>
}

/// A member of an object that was read past.
package struct JSONMember: Sendable, Hashable {
    /// The key, its escapes resolved.
    package let key: String

    /// The bytes of the key with its quotes.
    package let keyRange: Range<Int>

    /// The value; see ``JSONScanner`` for what to do with it.
    package let value: JSONSlice
}

extension [JSONMember] {
    /// The value of the member with this key, compared by code points.
    package subscript(key: String) -> JSONSlice? {
        let wanted = ExactText(key)
        return first { ExactText($0.key) == wanted }?.value
    }
}

/// Looks into a JSON text without building trees: lists the members or elements of one container with their byte
/// ranges, so that a message can be passed on, or edited (``JSONEdit``), with every other byte as it came.
///
/// Everything is validated as by ``JSON/parse(_:at:limits:)``, also what is only read past, with one exception: equal
/// keys are an error among the members that are listed, and not looked for further down.
///
/// Each method takes a part of a text (all of it by default) that must be one value with nothing but white space
/// around it. Ranges and the positions in errors are those in the whole text.
package struct JSONScanner: Sendable {
    private let limits: JSONLimits

    package init(limits: JSONLimits = JSONLimits()) { self.limits = limits }

    /// Validates the value and tells its kind and where it stands.
    package func value(in text: Span<UInt8>, at range: Range<Int>? = nil) throws(JSONError) -> JSONSlice {
        try JSONCursor.read(in: text, at: range, limits: limits) { (cursor, _, text) throws(JSONError) in
            try cursor.slice(in: text)
        }
    }

    /// Validates an object and lists its members in order. Another kind of value is an error.
    package func members(in text: Span<UInt8>, at range: Range<Int>? = nil) throws(JSONError) -> [JSONMember] {
        try JSONCursor.read(.object, in: text, at: range, limits: limits) { (cursor, _, text) throws(JSONError) in
            try cursor.members(in: text)
        }
    }

    /// Validates an array and lists its elements. Another kind of value is an error.
    package func elements(in text: Span<UInt8>, at range: Range<Int>? = nil) throws(JSONError) -> [JSONSlice] {
        try JSONCursor.read(.array, in: text, at: range, limits: limits) { (cursor, _, text) throws(JSONError) in
            try cursor.open(in: text)
            var elements: [JSONSlice] = []
            while try cursor.nextElement(isFirst: elements.isEmpty, in: text) {
                elements.append(try cursor.slice(in: text))
            }
            return elements
        }
    }

    /// The string at a range. Another kind of value is an error.
    package func string(in text: Span<UInt8>, at range: Range<Int>? = nil) throws(JSONError) -> String {
        try JSONCursor.read(.string, in: text, at: range, limits: limits) { (cursor, _, text) throws(JSONError) in
            text.string(try cursor.skipString(in: text))
        }
    }

    /// The number at a range. Another kind of value is an error.
    package func number(in text: Span<UInt8>, at range: Range<Int>? = nil) throws(JSONError) -> JSONNumber {
        try JSONCursor.read(.number, in: text, at: range, limits: limits) { (cursor, _, text) throws(JSONError) in
            JSONNumber(checked: text.string(try cursor.skipNumber(in: text)))
        }
    }

    /// The boolean at a range. Another kind of value is an error.
    package func bool(in text: Span<UInt8>, at range: Range<Int>? = nil) throws(JSONError) -> Bool {
        try JSONCursor.read(.bool, in: text, at: range, limits: limits) { (cursor, kind, text) throws(JSONError) in
            let isTrue = text[cursor.at] == Byte.lowerT
            try cursor.skipScalar(kind, in: text)
            return isTrue
        }
    }
}

extension JSONCursor {
    /// Moves past white space and a value, and answers where the value stands.
    fileprivate mutating func slice(in text: Span<UInt8>) throws(JSONError) -> JSONSlice {
        let kind = try startOfValue(in: text)
        let start = at
        try skipValue(kind, in: text)
        return JSONSlice(kind: kind, range: start..<at)
    }

    /// Moves past an object and lists its members.
    fileprivate mutating func members(in text: Span<UInt8>) throws(JSONError) -> [JSONMember] {
        try open(in: text)
        var members: [JSONMember] = []
        var index = KeyIndex()
        while let token = try nextKey(isFirst: members.isEmpty, in: text) {
            let key = text.string(token)
            if let first = index.position(of: key, among: members.count, key: { members[$0].key }) {
                let position = JSONPosition(of: members[first].keyRange.lowerBound, in: text)
                throw JSONError(.repeatedKey(key, first: position), at: token.range.lowerBound, in: text)
            }
            members.append(JSONMember(key: key, keyRange: token.range, value: try slice(in: text)))
            index.appended(count: members.count) { members[$0].key }
        }
        return members
    }
}
