/// Why sound JSON is not the record or message it should be.
package struct JSONDecodingError: Error, Hashable {
    /// One step from a value into it.
    package enum Step: Sendable, Hashable {
        case key(String)
        case index(Int)
    }

    /// The way from the outermost value to the one at fault.
    package let path: [Step]

    /// What is wrong with it.
    package let problem: String

    package init(_ problem: String, path: [Step] = []) {
        self.path = path
        self.problem = problem
    }

    /// The same error, seen from the value that `step` leads away from.
    package func inside(_ step: Step) -> JSONDecodingError {
        JSONDecodingError(problem, path: [step] + path)
    }

    /// The path as in most languages, `parameters.sessions[3].id`; empty for the outermost value.
    package var pathText: String {
        var text = ""
        for step in path {
            switch step {
            case .index(let index): text += "[\(index)]"
            case .key(let key) where Self.isPlain(key): text += text.isEmpty ? key : ".\(key)"
            case .key(let key): text += "[\(JSON.excerpt(of: key))]"
            }
        }
        return text
    }

    private static func isPlain(_ key: String) -> Bool {
        !key.isEmpty
            && key.utf8.allSatisfy { Byte.isLetter($0) || Byte.isDigit($0) || $0 == 0x5F || $0 == Byte.minus }
    }
}

extension JSONDecodingError: CustomStringConvertible {
    /// `parameters.session: expected a string, found number 3`
    package var description: String { path.isEmpty ? problem : "\(pathText): \(problem)" }
}
