import PinfoldJSON

/// One JSON-RPC message in a line, by the places where its parts stand.
package struct Message: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case request(RequestID, Method)
        case notification(Method)
        case response(RequestID, isError: Bool)
        /// JSON, but no message of JSON-RPC.
        case other
    }

    package let kind: Kind
    /// The whole object.
    package let range: Range<Int>
    /// The id's value.
    package let id: Range<Int>?
    package let params: Range<Int>?
    /// The value of `result` or `error`.
    package let outcome: Range<Int>?

    package var method: Method? {
        switch kind {
        case .request(_, let method), .notification(let method): method
        case .response, .other: nil
        }
    }
}

/// A line of the conversation that was understood: a message, or a batch of them.
package struct Line: Hashable, Sendable {
    private static let limits = JSONLimits(depth: JSONLimits.deepest, size: .max, allowsLoneSurrogates: true)
    private static let scanner = JSONScanner(limits: limits)

    /// Without the line feed.
    package let bytes: [UInt8]
    package let messages: [Message]
    package let isBatch: Bool
    /// Whether a line feed ended it; what stands before the end of a stream may lack one.
    package let isWhole: Bool

    /// Nil where it is not JSON, or not a message.
    package init?(_ bytes: [UInt8], isWhole: Bool = true) {
        guard let first = bytes.first(where: { !Self.isSpace($0) }) else { return nil }
        self.bytes = bytes
        self.isWhole = isWhole
        isBatch = first == UInt8(ascii: "[")
        do throws(JSONError) {
            var messages: [Message] = []
            if isBatch {
                for element in try Self.scanner.elements(in: bytes.span) {
                    messages.append(try Self.message(in: bytes, at: element.range))
                }
            } else {
                messages.append(try Self.message(in: bytes, at: nil))
            }
            self.messages = messages
        } catch {
            return nil
        }
        guard messages.contains(where: { $0.kind != .other }) else { return nil }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0D
    }

    private static func message(in bytes: [UInt8], at range: Range<Int>?) throws(JSONError) -> Message {
        let members = try scanner.members(in: bytes.span, at: range)
        let id = members["id"]
        let params = members["params"].flatMap { $0.kind == .object ? $0.range : nil }
        let requestID = try id.flatMap { (slice) throws(JSONError) in
            RequestID(try JSON.parse(bytes.span, at: slice.range, limits: limits))
        }
        let method: Method? = try members["method"].flatMap { (slice) throws(JSONError) in
            slice.kind == .string ? Method(try scanner.string(in: bytes.span, at: slice.range)) : nil
        }
        let failure = members["error"].flatMap { $0.kind == .null ? nil : $0 }
        let outcome = failure ?? members["result"]
        let kind: Message.Kind =
            switch (method, requestID, outcome) {
            // An id of null asks for no answer where the method has none.
            case (let method?, let id?, _):
                id.isNull && method.isNotification ? .notification(method) : .request(id, method)
            case (let method?, nil, _): id == nil ? .notification(method) : .other
            case (nil, let id?, _?): .response(id, isError: failure != nil)
            default: .other
            }
        return Message(
            kind: kind, range: range ?? 0..<bytes.count, id: id?.range, params: params, outcome: outcome?.range)
    }
}

/// Reading a message's parts. They are parsed only when needed: a line may hold an image.
extension Line {
    /// `params.sessionId`.
    package func session(_ message: Message) -> ACPSessionID? {
        text("sessionId", at: message.params).map { ACPSessionID($0) }
    }

    /// A member of an object, as text; nil where it is none.
    func text(_ key: String, at range: Range<Int>?) -> String? {
        guard let slice = member(key, at: range), slice.kind == .string else { return nil }
        return try? Self.scanner.string(in: bytes.span, at: slice.range)
    }

    /// A member of an object; nil where there is none.
    func member(_ key: String, at range: Range<Int>?) -> JSONSlice? {
        guard let range, let members = try? Self.scanner.members(in: bytes.span, at: range) else { return nil }
        return members[key]
    }

    /// Whether a prompt begins with a slash, by its first block alone: others may be pictures.
    func isCommand(_ message: Message) -> Bool {
        guard let prompt = member("prompt", at: message.params), prompt.kind == .array,
            let first = try? Self.scanner.elements(in: bytes.span, at: prompt.range).first, first.kind == .object
        else { return false }
        return text("text", at: first.range)?.utf8.first == UInt8(ascii: "/")
    }

    func json(at range: Range<Int>?) -> JSON? {
        range.flatMap { try? JSON.parse(bytes.span, at: $0, limits: Self.limits) }
    }

    func copy(_ range: Range<Int>?) -> [UInt8]? {
        range.map { Array(bytes[$0]) }
    }

    /// The line with another id in a message.
    func settingID(of message: Message, to id: [UInt8]) -> JSONEdit? {
        message.id.map { JSONEdit($0, with: id) }
    }

    func setting(_ key: String, to value: [UInt8], at range: Range<Int>) -> JSONEdit? {
        try? Self.scanner.edit(setting: key, to: value, in: bytes.span, at: range)
    }
}

/// Passing on a part of a line.
extension Line {
    /// What becomes of a message.
    enum Disposition: Hashable {
        case forward
        case drop
        case edit([JSONEdit])
    }

    /// The line with each message's fate done to it; nil where nothing is left. What needs no change keeps every byte.
    func applying(_ dispositions: [Disposition]) -> [UInt8]? {
        guard dispositions.contains(where: { $0 != .forward }) else { return bytes }
        guard dispositions.contains(where: { $0 != .drop }) else { return nil }
        var edits: [JSONEdit] = []
        for case .edit(let relayRequests) in dispositions { edits.append(contentsOf: relayRequests) }
        guard dispositions.contains(.drop) else { return JSONEdit.apply(edits, to: bytes.span) }
        // Only a batch has several messages. Its commas go with what leaves.
        var kept: [UInt8] = [UInt8(ascii: "[")]
        for (message, disposition) in zip(messages, dispositions) where disposition != .drop {
            if kept.count > 1 { kept.append(UInt8(ascii: ",")) }
            let relayRequests = Array(bytes[message.range])
            guard case .edit(let edits) = disposition else {
                kept.append(contentsOf: relayRequests)
                continue
            }
            let start = message.range.lowerBound
            let moved = edits.map {
                JSONEdit(($0.range.lowerBound - start)..<($0.range.upperBound - start), with: $0.replacement)
            }
            kept.append(contentsOf: JSONEdit.apply(moved, to: relayRequests.span))
        }
        kept.append(UInt8(ascii: "]"))
        return kept
    }
}
