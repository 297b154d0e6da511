/// What a value holds, or nil where it is of another kind. To read a record or a frame, with errors that name the
/// place, see ``JSONObject/required(_:as:)``.
extension JSON {
    package var isNull: Bool { kind == .null }

    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    package var number: JSONNumber? { if case .number(let value) = self { value } else { nil } }

    package var string: String? { if case .string(let value) = self { value } else { nil } }

    package var array: [JSON]? { if case .array(let value) = self { value } else { nil } }

    package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

    /// See ``JSONNumber/int64``.
    package var int64: Int64? { number?.int64 }

    /// See ``JSONNumber/uint64``.
    package var uint64: UInt64? { number?.uint64 }

    /// See ``JSONNumber/double``.
    package var double: Double? { number?.double }

    /// The value of a key; nil also where this is no object.
    package subscript(key: String) -> JSON? { object?[key] }

    /// An element; nil also where this is no array or has fewer elements.
    package subscript(index: Int) -> JSON? {
        guard let array, array.indices.contains(index) else { return nil }
        return array[index]
    }
}
