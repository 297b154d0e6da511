package import PinfoldJSON

/// The id of a JSON-RPC request with its type: `1` and `"1"` are two ids.
package struct RequestID: Hashable, Sendable {
    private let json: JSON

    /// Nil where the value can be no id.
    package init?(_ json: JSON) {
        switch json {
        case .null, .string: self.json = json
        // Who answers may write 1.0 as 1: the same id in other digits.
        case .number(let number): self.json = number.int64.map { JSON($0) } ?? json
        case .bool, .array, .object: return nil
        }
    }

    package init(_ text: String) {
        json = .string(text)
    }

    init(_ number: UInt64) {
        json = JSON(number)
    }

    var isNull: Bool { json.isNull }

    var isInteger: Bool { json.int64 != nil }

    /// As JSON writes it.
    var text: [UInt8] { json.serialized() }
}

/// What an agent calls one of its conversations: the `sessionId` of ACP. Not to be confused with a session of ours,
/// which is the process that may hold several.
package struct ACPSessionID: Hashable, Sendable, CustomStringConvertible {
    // Compared by bytes, which `String` does not do.
    private let json: JSON

    package init(_ text: String) {
        json = .string(text)
    }

    package var description: String { json.string ?? "" }
    var value: JSON { json }
}
