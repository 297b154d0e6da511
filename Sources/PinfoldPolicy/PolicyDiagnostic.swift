/// What is wrong with a policy file, where, and what would be right.
package struct PolicyDiagnostic: Error, Hashable, Sendable, CustomStringConvertible {
    package let file: String
    /// From 1; nil where the file as a whole is meant.
    package let line: Int?
    package let key: String?
    package let value: String?
    package let problem: String

    package init(file: String, line: Int? = nil, key: String? = nil, value: String? = nil, problem: String) {
        self.file = file
        self.line = line
        self.key = key
        self.value = value
        self.problem = problem
    }

    /// `FILE:LINE: Key=Value: problem`.
    package var description: String {
        var place = file
        if let line { place += ":\(line)" }
        if let key { place += ": \(key)=\(value.map(Self.shown) ?? "")" }
        return "\(place): \(problem)"
    }

    /// A value may be megabytes of anything; its beginning tells which one it is.
    private static func shown(_ value: String) -> String {
        let visible = String(String.UnicodeScalarView(value.unicodeScalars.prefix(60).filter { $0.value >= 0x20 }))
        return value.unicodeScalars.count > 60 ? visible + "…" : visible
    }
}

/// What is wrong with one value, before it is known where the value stands.
struct ValueProblem: Error, Hashable, Sendable {
    let text: String

    init(_ text: String) {
        self.text = text
    }
}
