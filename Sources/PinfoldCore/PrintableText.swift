/// A text from a user, made safe to show: on a terminal, in a log of lines, in a table.
///
/// Control characters are written as escapes. Printed as they are, a line feed would forge a line of the log, and an
/// escape sequence would be executed by the reader's terminal. So are the characters that turn the direction of
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

    /// The same for a text that is JSON: there control characters of ASCII are escapes already, and all others can
    /// stand in strings alone, where they have an escape.
    package static func json(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value >= 0x7F && mustBeEscaped($0) }) else { return text }
        return text.unicodeScalars.reduce(into: "") { shown, scalar in
            if scalar.value >= 0x7F, mustBeEscaped(scalar) {
                shown += "\\u" + hexadecimal(scalar, width: 4)
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
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
            return scalar.value < 0x100
                ? "\\x" + hexadecimal(scalar, width: 2) : "\\u" + hexadecimal(scalar, width: 4)
        }
    }

    private static func hexadecimal(_ scalar: Unicode.Scalar, width: Int) -> String {
        let digits = String(scalar.value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
