/// The text of a policy file as sections and assignments, in systemd's unit syntax. See systemd.syntax(7).
///
/// Comments begin with `#` or `;`, a `\` at the end continues the line, an empty value resets. What systemd would only
/// log and pass over (text without a section, a line without `=`) is an error here: a limit that is silently not set is
/// worse than a controller that does not start.
struct UnitFile {
    struct Assignment: Hashable, Sendable {
        let section: String
        let key: String
        let value: String
        let line: Int
    }

    /// The most that is read, bytes: a policy file is written by hand.
    static let longest = 256 * 1024

    let assignments: [Assignment]
    /// Each section as it begins, and in which line.
    let sections: [(name: String, line: Int)]

    /// - Throws: the first complaint; after it, nothing in the file can be trusted to mean what it says.
    init(name: String, bytes: [UInt8]) throws(PolicyDiagnostic) {
        guard bytes.count <= Self.longest else {
            throw PolicyDiagnostic(
                file: name, problem: "has \(bytes.count) bytes; a policy file may have \(Self.longest / 1024)K")
        }
        if let nul = bytes.firstIndex(of: 0) {
            throw PolicyDiagnostic(
                file: name, line: bytes[..<nul].count { $0 == 0x0A } + 1,
                problem: "has a NUL byte, so it is not a text file")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw PolicyDiagnostic(file: name, problem: "is not valid UTF-8, so it is not a text file")
        }
        (assignments, sections) = try Self.read(text, name: name)
    }

    private static func read(
        _ text: String, name: String
    ) throws(PolicyDiagnostic) -> (assignments: [Assignment], sections: [(name: String, line: Int)]) {
        var assignments: [Assignment] = []
        var sections: [(name: String, line: Int)] = []
        var section: String?
        for (number, line) in logicalLines(of: text) {
            if line.first == "[" {
                let found = try sectionName(line, name: name, number: number)
                section = found
                sections.append((found, number))
                continue
            }
            guard let equals = line.firstIndex(of: "=") else {
                throw PolicyDiagnostic(
                    file: name, line: number, problem: "'\(line.prefix(60))' has no '='; write Key=Value")
            }
            let key = trimmed(line[..<equals])
            guard !key.isEmpty else {
                throw PolicyDiagnostic(
                    file: name, line: number, problem: "nothing stands before the '='; write Key=Value")
            }
            let value = trimmed(line[line.index(after: equals)...])
            guard let section else {
                throw PolicyDiagnostic(
                    file: name, line: number, key: key, value: value,
                    problem: "stands before any section; put [Session] above it")
            }
            assignments.append(Assignment(section: section, key: key, value: value, line: number))
        }
        return (assignments, sections)
    }

    private static func sectionName(_ line: String, name: String, number: Int) throws(PolicyDiagnostic) -> String {
        guard line.last == "]", line.count > 2 else {
            throw PolicyDiagnostic(
                file: name, line: number,
                problem: "'\(line.prefix(60))' is not a section; write [Name] alone on its line")
        }
        return String(line.dropFirst().dropLast())
    }

    /// Lines with their continuations joined by a space, without comments and blank ones, each with its first number.
    private static func logicalLines(of text: String) -> [(number: Int, text: String)] {
        var lines: [(number: Int, text: String)] = []
        var open: (number: Int, text: String)?
        var number = 0
        for raw in text.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            let line = trimmed(raw.last == "\r" ? raw.dropLast() : raw)
            // A comment between a line and its continuation is passed over, as systemd does.
            if line.first == "#" || line.first == ";" { continue }
            var joined = open.map { ($0.number, $0.text.isEmpty ? line : $0.text + " " + line) } ?? (number, line)
            open = nil
            if joined.1.last == "\\" {
                joined.1.removeLast()
                open = (joined.0, trimmed(Substring(joined.1)))
            } else if !joined.1.isEmpty {
                lines.append(joined)
            }
        }
        if let open, !open.text.isEmpty { lines.append(open) }
        return lines
    }

    private static func trimmed(_ text: Substring) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let start = text.drop(while: isBlank)
        return String(start.reversed().drop(while: isBlank).reversed())
    }
}
