import PinfoldCore
import PinfoldJSON
import PinfoldLinux

/// What people and programs see.
enum Output {
    /// To standard output.
    static func print(_ text: String) throws(OutputFailure) {
        do throws(Errno) {
            try StandardStream.output.write(Array(text.utf8))
        } catch {
            throw OutputFailure(error: error)
        }
    }

    static func printLine(_ json: JSON) throws(OutputFailure) {
        try print(text(json) + "\n")
    }

    static func printPretty(_ json: JSON) throws(OutputFailure) {
        try print(text(json, .pretty) + "\n")
    }

    private static func text(_ json: JSON, _ style: JSONStyle = JSONStyle()) -> String {
        PrintableText.json(String(decoding: json.serialized(style), as: UTF8.self))
    }

    /// One line to standard error, where it can be had.
    static func printError(_ text: String) {
        write("\(PrintableText(text))\n")
    }

    /// What is wrong, and behind it a text of ours of many lines.
    static func printError(_ text: String, help: String) {
        write("\(PrintableText(text))\n\n\(help)\n")
    }

    private static func write(_ text: String) {
        // No output is left if this fails.
        try? StandardStream.error.write(Array("pinfold: \(text)".utf8))
    }

    /// Columns as wide as their widest cell, two spaces between; the last one is not filled up.
    static func table(_ header: [String], _ rows: [[String]]) -> String {
        let rows = rows.map { $0.map { PrintableText($0).description } }
        var widths = header.map(\.count)
        for row in rows {
            for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.count) }
        }
        return ([header] + rows).map { row in
            let cells = row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }
            return cells.joined(separator: "  ") + "\n"
        }.joined()
    }
}

/// Standard output does not take what was to be printed.
struct OutputFailure: Error, CustomStringConvertible {
    let error: Errno
    /// A reader that has left (`| head`) wants no more, and that is no error.
    var isReaderGone: Bool { error == .brokenPipe }
    var description: String { "cannot write to standard output: \(error)" }
}
