extension JSON: ExpressibleByNilLiteral {
    package init(nilLiteral: ()) { self = .null }
}

extension JSON: ExpressibleByBooleanLiteral {
    package init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSON: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int64) { self = .number(JSONNumber(value)) }
}

extension JSON: ExpressibleByFloatLiteral {
    package init(floatLiteral value: Double) { self = .number(JSONNumber(floatLiteral: value)) }
}

extension JSON: ExpressibleByStringInterpolation {
    package init(stringLiteral value: String) { self = .string(value) }
}

extension JSON: ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
}

extension JSON: ExpressibleByDictionaryLiteral {
    /// Stops the program when a key stands twice.
    package init(dictionaryLiteral elements: (String, JSON)...) {
        var object = JSONObject()
        for (key, value) in elements {
            precondition(object.appendIfNew(key, value), "the key \"\(key)\" stands twice in this literal")
        }
        self = .object(object)
    }
}

extension JSON {
    /// An integer, or null for nil.
    package init(_ value: (some FixedWidthInteger)?) { self = value.map { .number(JSONNumber($0)) } ?? .null }

    /// A string, or null for nil.
    package init(_ value: String?) { self = value.map { .string($0) } ?? .null }

    /// A boolean, or null for nil.
    package init(_ value: Bool?) { self = value.map { .bool($0) } ?? .null }
}
