import Foundation

/// A page of `docs`, as far as tests look into it.
package struct DocumentPage {
    package let text: String

    package init(_ name: String) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        text = try String(contentsOf: root.appending(path: "docs").appending(path: name), encoding: .utf8)
    }

    package init(text: String) {
        self.text = text
    }

    /// The rows of the tables below a heading, up to the next heading of any level; rules left out, and heads too unless
    /// they are asked for.
    package func rows(below heading: String, withHeads: Bool = false) -> [[String]] {
        var rows: [[String]] = []
        var isBelow = false
        var isHead = true
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("#") { isBelow = line.drop { $0 == "#" }.trimmed == heading }
            guard isBelow, line.hasPrefix("|") else {
                isHead = true
                continue
            }
            let cells = line.split(separator: "|").map(\.trimmed)
            if withHeads || !isHead, cells.contains(where: { !$0.hasPrefix("---") }) { rows.append(cells) }
            isHead = false
        }
        return rows
    }

    /// The fenced blocks that are marked as a file: its name and text.
    package func files() -> [(name: String, text: String)] {
        text.components(separatedBy: "\n```ini ").dropFirst().compactMap { block in
            let lines = block.split(separator: "\n", omittingEmptySubsequences: false)
            return lines.first.map { name in
                (String(name), lines.dropFirst().prefix { $0 != "```" }.joined(separator: "\n"))
            }
        }
    }
}

extension Substring {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespaces) }
}

extension String {
    /// What stands between backticks; the cell itself where there are none.
    package var code: String {
        hasPrefix("`") && hasSuffix("`") ? String(dropFirst().dropLast()) : self
    }
}
