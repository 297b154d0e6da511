/// What a value must look like, and what becomes of it.
///
/// Passed to ``JSONObject/required(_:as:)`` and its kin, and written there as `.string` or `.array(of: .uint64)`.
package struct JSONShape<Value> {
    /// What is wanted, as it stands in a sentence: `a string`.
    let name: String

    /// The value, or nil where the JSON is not of this shape. Throws where it is, but something in it is wrong.
    let read: (JSON) throws(JSONDecodingError) -> Value?

    package init(_ name: String, _ read: @escaping (JSON) throws(JSONDecodingError) -> Value?) {
        self.name = name
        self.read = read
    }

    /// The value of a JSON value that must have this shape.
    package func decode(_ json: JSON) throws(JSONDecodingError) -> Value {
        guard let value = try read(json) else {
            throw JSONDecodingError("expected \(name), found \(json.noun)")
        }
        return value
    }

    /// This shape with a demand of our own on top: what `convert` answers nil for is not `name`.
    package func narrowed<Narrow>(
        to name: String, _ convert: @escaping (Value) -> Narrow?
    ) -> JSONShape<Narrow> {
        JSONShape<Narrow>(name) { [read] (json) throws(JSONDecodingError) in
            try read(json).flatMap(convert)
        }
    }
}

extension JSONShape<String> {
    package static var string: Self { Self("a string") { $0.string } }
}

extension JSONShape<Bool> {
    package static var bool: Self { Self("true or false") { $0.bool } }
}

extension JSONShape<Int64> {
    /// An integer in however many digits, as ``JSONNumber/int64`` reads it.
    package static var int64: Self { Self("a 64-bit integer") { $0.int64 } }
}

extension JSONShape<UInt64> {
    /// An integer that is not negative, as ``JSONNumber/uint64`` reads it.
    package static var uint64: Self { Self("a 64-bit integer that is not negative") { $0.uint64 } }
}

extension JSONShape<Double> {
    package static var double: Self { Self("a number in the range of doubles") { $0.double } }
}

extension JSONShape<JSON> {
    /// Whatever there is, null too.
    package static var any: Self { Self("a value") { $0 } }
}

extension JSONShape<JSONObject> {
    package static var object: Self { Self("an object") { $0.object } }
}

extension JSONShape {
    /// An object, and what `decode` makes of it.
    package static func object(_ decode: @escaping (JSONObject) throws(JSONDecodingError) -> Value) -> Self {
        Self("an object") { (json) throws(JSONDecodingError) in
            guard let object = json.object else { return nil }
            return try decode(object)
        }
    }

    /// An array whose elements all have one shape.
    package static func array<Element>(of shape: JSONShape<Element>) -> Self where Value == [Element] {
        Self("an array") { (json) throws(JSONDecodingError) in
            guard let array = json.array else { return nil }
            var values: [Element] = []
            values.reserveCapacity(array.count)
            for (index, element) in array.enumerated() {
                do throws(JSONDecodingError) {
                    values.append(try shape.decode(element))
                } catch {
                    throw error.inside(.index(index))
                }
            }
            return values
        }
    }

    /// An object with free keys, whose values all have one shape; its members in order.
    package static func members<Element>(
        of shape: JSONShape<Element>
    ) -> Self where Value == [(key: String, value: Element)] {
        .object { (object) throws(JSONDecodingError) in
            var members: [(key: String, value: Element)] = []
            for key in object.keys { members.append((key, try object.required(key, as: shape))) }
            return members
        }
    }
}

extension JSONShape where Value: RawRepresentable<String> & CaseIterable {
    /// A string that is the raw value of one of the cases.
    package static func oneOf(_ type: Value.Type) -> Self {
        let words = type.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        return JSONShape<String>.string.narrowed(to: "one of \(words)") { Value(rawValue: $0) }
    }
}

extension JSON {
    /// The value as it stands in a sentence about what was found.
    fileprivate var noun: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let number): number.text.utf8.count <= 40 ? "number \(number.text)" : "a longer number"
        case .string(let text): "string \(JSON.excerpt(of: text))"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
