/// A change to a text that leaves every other byte as it is.
package struct JSONEdit: Sendable, Hashable {
    /// The bytes that go; an empty range inserts.
    package let range: Range<Int>

    /// The bytes that come in their place.
    package let replacement: [UInt8]

    package init(_ range: Range<Int>, with replacement: [UInt8]) {
        self.range = range
        self.replacement = replacement
    }

    /// The text with all edits made. Their ranges are those of the original text, in any order; insertions at one place
    /// come out in the order given. Ranges that overlap stop the program.
    package static func apply(_ edits: [JSONEdit], to text: Span<UInt8>) -> [UInt8] {
        // By the end too: what is inserted where a replacement begins comes before it. The sort is stable.
        let edits = edits.sorted {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        var result: [UInt8] = []
        result.reserveCapacity(edits.reduce(text.count) { $0 + $1.replacement.count - $1.range.count })
        var copied = 0
        for edit in edits {
            precondition(edit.range.lowerBound >= copied, "two edits overlap at byte \(edit.range.lowerBound)")
            result.append(copying: text.extracting(copied..<edit.range.lowerBound))
            result.append(contentsOf: edit.replacement)
            copied = edit.range.upperBound
        }
        result.append(copying: text.extracting(copied..<text.count))
        return result
    }
}

extension JSONScanner {
    /// The edit that gives a member of an object a value: in place where the key is there, else appended as its last.
    ///
    /// - Parameters:
    ///   - key: The key, not yet escaped.
    ///   - value: A JSON value as text. It is not looked at.
    ///   - range: Where the object stands in `text`; all of it by default.
    package func edit(
        setting key: String, to value: [UInt8], in text: Span<UInt8>, at range: Range<Int>? = nil
    ) throws(JSONError) -> JSONEdit {
        let object = try self.value(in: text, at: range).range
        let members = try members(in: text, at: object)
        if let known = members[key] { return JSONEdit(known.range, with: value) }
        var member: [UInt8] = members.isEmpty ? [] : [Byte.comma]
        JSON.string(key).serialize(into: &member)
        member.append(Byte.colon)
        member.append(contentsOf: value)
        // Right after the last value, so that a member on a line of its own does not end up behind the line break.
        let end = members.last?.value.range.upperBound ?? object.lowerBound + 1
        return JSONEdit(end..<end, with: member)
    }
}
