/// A text that somebody else wrote, fit to be shown: on a terminal, in a log of lines, in a table.
///
/// Control characters are written as escapes. Printed as they are, a line feed would forge a line of the log, and an
/// escape sequence would be obeyed by the terminal of whoever looks. So are the characters that turn the direction of
/// writing, which make a line read as another one.
package struct PrintableText: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Parameter most: bytes; what is longer is cut, and ends with `…`.
    package init(_ text: String, most: Int = .max) {
        guard text.utf8.count > most || text.unicodeScalars.contains(where: Self.mustBeEscaped) else {
            description = text
            return
        }
        var shown = ""
        var size = 0
        for scalar in text.unicodeScalars {
            let piece = Self.mustBeEscaped(scalar) ? Self.escape(scalar) : String(scalar)
            guard size + piece.utf8.count <= most else {
                shown += "…"
                break
            }
            size += piece.utf8.count
            shown += piece
        }
        description = shown
    }

    private static func mustBeEscaped(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        // C0, DEL and C1.
        case 0...0x1F, 0x7F...0x9F: true
        // Marks, embeddings, overrides and isolates of direction; line and paragraph separators.
        case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        default:
            let digits = String(scalar.value, radix: 16)
            let width = scalar.value < 0x100 ? 2 : 4
            let zeros = String(repeating: "0", count: max(0, width - digits.count))
            return (width == 2 ? "\\x" : "\\u") + zeros + digits
        }
    }
}
