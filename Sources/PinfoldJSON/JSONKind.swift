/// The six sorts of JSON value.
package enum JSONKind: Sendable, Hashable, CaseIterable {
    case null, bool, number, string, array, object

    /// True for the two sorts that hold other values.
    var isContainer: Bool { self == .array || self == .object }
}

extension JSONKind: CustomStringConvertible {
    /// The kind as it stands in a sentence: `a string`.
    package var description: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
