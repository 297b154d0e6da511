/// Why a text is not the JSON it should be, and where.
package struct JSONError: Error, Hashable {
    /// Where reading stopped.
    package let position: JSONPosition

    /// What is wrong there.
    package let problem: JSONProblem

    // Only errors pay for lines and columns; reading counts nothing but bytes.
    @inline(never)
    init(_ problem: JSONProblem, at offset: Int, in text: Span<UInt8>) {
        self.position = JSONPosition(of: offset, in: text)
        self.problem = problem
    }
}

extension JSONError: CustomStringConvertible {
    /// `line 3, column 7: the key "Foo" stands twice in this object; first at line 2, column 3`
    package var description: String { "\(position): \(problem)" }
}

/// A place in a text.
package struct JSONPosition: Sendable, Hashable {
    /// The line, from 1. A line ends with a line feed.
    package let line: Int

    /// The character in its line, from 1. Characters are Unicode scalars.
    package let column: Int

    /// The byte in the text, from 0.
    package let offset: Int

    /// The position of a byte. What stands before it must be valid UTF-8.
    init(of offset: Int, in text: Span<UInt8>) {
        var line = 1
        var column = 1
        for index in 0..<offset {
            let byte = text[index]
            if byte == Byte.lineFeed {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        self.line = line
        self.column = column
        self.offset = offset
    }
}

extension JSONPosition: CustomStringConvertible {
    /// `line 3, column 7`
    package var description: String { "line \(line), column \(column)" }
}
