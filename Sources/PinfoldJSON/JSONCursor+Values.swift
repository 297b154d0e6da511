extension JSONCursor {
    /// Moves past a value, from its first byte on, and answers it as a tree. Recurses once for each level of nesting,
    /// which the limit bounds.
    mutating func value(_ kind: JSONKind, in text: Span<UInt8>) throws(JSONError) -> JSON {
        let start = at
        switch kind {
        case .array: return .array(try array(in: text))
        case .object: return .object(try object(in: text))
        case .string: return .string(text.string(try skipString(in: text)))
        case .number: return .number(JSONNumber(checked: text.string(try skipNumber(in: text))))
        case .null, .bool:
            try skipScalar(kind, in: text)
            return kind == .null ? .null : .bool(text[start] == Byte.lowerT)
        }
    }

    private mutating func array(in text: Span<UInt8>) throws(JSONError) -> [JSON] {
        try open(in: text)
        var elements: [JSON] = []
        while try nextElement(isFirst: elements.isEmpty, in: text) {
            elements.append(try value(try startOfValue(in: text), in: text))
        }
        return elements
    }

    private mutating func object(in text: Span<UInt8>) throws(JSONError) -> JSONObject {
        let start = self
        try open(in: text)
        var object = JSONObject()
        while let token = try nextKey(isFirst: object.isEmpty, in: text) {
            let key = text.string(token)
            // Judged before the value is read: it may be long, and hold errors of its own that come later in the text.
            guard !object.hasMember(key) else { throw start.repeatedKey(key, token, in: text) }
            object.append(key, try value(try startOfValue(in: text), in: text))
        }
        return object
    }

    /// The error for a key that stands twice in the object that begins at the cursor; `token` is the second of them.
    @inline(never)
    private func repeatedKey(_ key: String, _ token: StringToken, in text: Span<UInt8>) -> JSONError {
        var cursor = self
        var first = token.range.lowerBound
        do throws(JSONError) {
            try cursor.open(in: text)
            var isFirst = true
            while let token = try cursor.nextKey(isFirst: isFirst, in: text) {
                isFirst = false
                first = token.range.lowerBound
                if ExactText(text.string(token)) == ExactText(key) { break }
                try cursor.skipValue(try cursor.startOfValue(in: text), in: text)
            }
        } catch {
            return error
        }
        return JSONError(
            .repeatedKey(key, first: JSONPosition(of: first, in: text)), at: token.range.lowerBound, in: text)
    }
}
