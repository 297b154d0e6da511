import Foundation
import PinfoldLinux

/// A file or folder to be made, for trees in one expression.
package enum Tree: ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral {
    case file(String)
    case folder([String: Tree])
    /// A file that can be executed.
    case program(String)

    package init(stringLiteral text: String) {
        self = .file(text)
    }

    package init(dictionaryLiteral entries: (String, Tree)...) {
        self = .folder(Dictionary(uniqueKeysWithValues: entries))
    }

    package func make(at path: String) throws {
        switch self {
        case .file(let text):
            try Data(text.utf8).write(to: URL(filePath: path))
        case .program(let text):
            // Never open for writing here: a child that another test starts meanwhile would hold it open too, and who
            // executes it then is told ETXTBSY.
            let script: ByteString = #"printf %s "$2" >"$1" && chmod 755 "$1""#
            _ = try output(of: Command("sh", ["-c", script, "sh", ByteString(path), ByteString(text)]))
        case .folder(let entries):
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            for (name, tree) in entries { try tree.make(at: "\(path)/\(name)") }
        }
    }
}

/// Makes a folder with this in it, lends its path, and removes it.
package func withFolder<Result>(_ tree: Tree = [:], _ body: (String) throws -> Result) throws -> Result {
    let path = try makeFolder(tree)
    defer { removeFolder(path) }
    return try body(path)
}

/// For tests that wait for other processes, which cannot be lent anything.
package func makeFolder(_ tree: Tree = [:]) throws -> String {
    let path = FileManager.default.temporaryDirectory.appending(path: "pinfold-\(UUID())").path
    try tree.make(at: path)
    return path
}

package func removeFolder(_ path: String) {
    try? FileManager.default.removeItem(atPath: path)
}
