import PinfoldJSON

/// What can be read of a line that cannot be parsed as a whole, because it is too long to be kept or is not quite
/// JSON: whose answer it is, or who waits for one.
package struct MessageHeader: Hashable, Sendable {
    /// The id as it was written; nil where it does not come so early.
    let id: [UInt8]?
    let isResponse: Bool
    let isRequest: Bool
    /// How long a line may be, for people.
    let cap: String

    /// - Parameter cap: bytes of the longest line that is kept.
    package init(_ bytes: [UInt8], cap: Int = 0) {
        self.init(Members(bytes), cap: cap)
    }

    var requestID: RequestID? {
        id.flatMap { try? JSON.parse($0) }.flatMap { RequestID($0) }
    }

    private init(_ members: Members, cap: Int) {
        id = members.values["id"]
        isResponse =
            !members.keys.contains("method") && (members.keys.contains("result") || members.keys.contains("error"))
        isRequest = id != nil && members.keys.contains("method")
        self.cap = cap >= 1 << 20 ? "\(cap >> 20) MiB" : "\(cap) bytes"
    }
}

/// The members of the outermost object, as far as they are there. Strict reading stops where the text is cut, so this
/// does not judge: it only keeps strings and nesting apart.
private struct Members {
    /// Keys whose values are cut or nested are here alone.
    private(set) var keys: Set<String> = []
    /// Numbers, strings and null, as they were written.
    private(set) var values: [String: [UInt8]] = [:]

    init(_ bytes: [UInt8]) {
        var depth = 0
        var key: String?
        var isValue = false
        var at = 0
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: ":") where depth == 1: isValue = true
            case UInt8(ascii: ",") where depth == 1: isValue = false
            case 0x20, 0x09, 0x0D, UInt8(ascii: ","), UInt8(ascii: ":"): break
            default:
                guard let end = Self.end(ofScalarAt: at, in: bytes) else { return }
                if depth == 1 {
                    let text = Array(bytes[at..<end])
                    if isValue, let key {
                        values[key] = text
                    } else {
                        key = (try? JSON.parse(text))?.string
                        if let key { keys.insert(key) }
                    }
                }
                at = end
                continue
            }
            at += 1
        }
    }

    private static func end(ofScalarAt start: Int, in bytes: [UInt8]) -> Int? {
        guard bytes[start] == UInt8(ascii: "\"") else {
            return bytes[start...].firstIndex { ",:{}[] \t\r".utf8.contains($0) }
        }
        var at = start + 1
        while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
            at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1
        }
        return at < bytes.count ? at + 1 : nil
    }
}
