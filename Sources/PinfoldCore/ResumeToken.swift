/// How much a life may leave.
package enum ResumeToken {
    /// Bytes of UTF-8: what a controller keeps in memory and on disk for each session.
    package static let longest = 256 << 10
    /// The variable in which a command finds it.
    package static let variable = "PINFOLD_RESUME"
    /// Bytes of UTF-8 that fit into the variable: the kernel takes 32 pages for one, its name, `=` and NUL among them
    /// (execve(2), "Limits on size of arguments and environment"). A longer one would keep the next life from starting.
    package static let longestInVariable = 32 * 4_096 - variable.utf8.count - 2

    /// Why a token cannot be kept, nil where it can.
    package static func problem(with token: String?) -> String? {
        problem(with: token, longest: longest)
    }

    /// Why a token cannot be kept for a command that finds it in its environment, nil where it can.
    package static func problem(withVariable token: String?) -> String? {
        guard token?.utf8.contains(0) != true else {
            return "a resume token with a NUL in it cannot be handed to a command; encode it"
        }
        return problem(with: token, longest: longestInVariable)
    }

    private static func problem(with token: String?, longest: Int) -> String? {
        guard let length = token?.utf8.count, length > longest else { return nil }
        return "a resume token may have \(longest) bytes, not \(length); keep the state in a file, and its name here"
    }
}
