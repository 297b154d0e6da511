import PinfoldJSON
import PinfoldLinux

/// What people and programs see.
enum Output {
    /// To standard output. A reader that has left (`| head`) is not an error.
    static func print(_ text: String) {
        write(text, to: 1)
    }

    static func printLine(_ json: JSON) {
        print(String(decoding: json.serialized(), as: UTF8.self) + "\n")
    }

    static func printPretty(_ json: JSON) {
        print(String(decoding: json.serialized(.pretty), as: UTF8.self) + "\n")
    }

    /// One line to standard error.
    static func complain(_ text: String) {
        write("pinfold: \(text)\n", to: 2)
    }

    private static func write(_ text: String, to number: Int32) {
        guard let output = try? OwnedDescriptor.duplicating(number) else { return }
        try? output.writeAll(Array(text.utf8))
    }

    /// Columns as wide as their widest cell, two spaces between; the last one is not filled up.
    static func table(_ header: [String], _ rows: [[String]]) -> String {
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
