import PinfoldPolicy

/// One flag of one command. Parser, `--help`, manual page and completions all read the same tables of these.
struct Flag: Sendable {
    /// Without the dashes.
    let long: String
    let short: Character?
    /// What its value is called in help; nil where it takes none.
    let value: String?
    let summary: String
    /// Whether it may be given more than once.
    let repeats: Bool

    init(_ long: String, short: Character? = nil, value: String? = nil, repeats: Bool = false, _ summary: String) {
        self.long = long
        self.short = short
        self.value = value
        self.summary = summary
        self.repeats = repeats
    }

    static let json = Flag("json", "print JSON for programs instead of a table for people")
    static let socket = Flag(
        "socket", value: "PATH", "the controller's socket (default: PINFOLD_SOCKET, or the usual place)")
    static let help = Flag("help", short: "h", "show this help")
}

/// What a command was called with.
struct Arguments: Sendable {
    private var values: [String: [String]] = [:]
    /// Everything that is no flag.
    fileprivate(set) var words: [String] = []
    /// Where the first word stands among all arguments of the process; nil where there is none.
    fileprivate(set) var firstWord: Int?

    subscript(flag: String) -> String? { values[flag]?.last }
    func all(_ flag: String) -> [String] { values[flag] ?? [] }
    func has(_ flag: String) -> Bool { values[flag] != nil }
}

/// The command line was not understood: exit status 64 (`EX_USAGE`).
struct UsageError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension Arguments {
    /// Reads what stands behind a command's name.
    ///
    /// - Parameters:
    ///   - position: where the first of them stands among all arguments of the process.
    ///   - endsAtFirstWord: whether flags behind the first word belong to the command to be run.
    init(
        _ arguments: [String], startingAt position: Int, flags: [Flag], endsAtFirstWord: Bool
    ) throws(UsageError) {
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            if argument == "--" {
                takeWords(arguments, from: index, startingAt: position)
                return
            }
            guard argument.hasPrefix("-"), argument.count > 1, !Self.isNegativeNumber(argument) else {
                if endsAtFirstWord {
                    takeWords(arguments, from: index - 1, startingAt: position)
                    return
                }
                firstWord = firstWord ?? position + index - 1
                words.append(argument)
                continue
            }
            let (flag, attached) = try Self.find(argument, among: flags)
            guard let name = flag.value else {
                guard attached == nil else { throw UsageError("--\(flag.long) takes no value") }
                values[flag.long] = []
                continue
            }
            if let attached {
                try take(attached, for: flag)
            } else {
                guard index < arguments.count else {
                    throw UsageError("--\(flag.long) wants a value: --\(flag.long) \(name)")
                }
                try take(arguments[index], for: flag)
                index += 1
            }
        }
    }

    /// Chat systems name their groups by negative numbers, and a session is often named after one.
    private static func isNegativeNumber(_ argument: String) -> Bool {
        argument.dropFirst().allSatisfy(\.isNumber)
    }

    private mutating func takeWords(_ arguments: [String], from index: Int, startingAt position: Int) {
        guard index < arguments.count else { return }
        firstWord = firstWord ?? position + index
        words += arguments[index...]
    }

    private mutating func take(_ value: String, for flag: Flag) throws(UsageError) {
        guard flag.repeats || values[flag.long] == nil else { throw UsageError("--\(flag.long) is given twice") }
        values[flag.long, default: []].append(value)
    }

    private static func find(
        _ argument: String, among flags: [Flag]
    ) throws(UsageError) -> (flag: Flag, attached: String?) {
        if argument.hasPrefix("--") {
            let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts.first ?? "")
            guard let flag = flags.first(where: { $0.long == name }) else { throw unknown("--\(name)", flags) }
            return (flag, parts.count > 1 ? String(parts[1]) : nil)
        }
        let rest = argument.dropFirst()
        guard let letter = rest.first, let flag = flags.first(where: { $0.short == letter }) else {
            throw unknown(argument, flags)
        }
        return (flag, rest.count > 1 ? String(rest.dropFirst()) : nil)
    }

    private static func unknown(_ name: String, _ flags: [Flag]) -> UsageError {
        if name.hasPrefix("-m") || name.hasPrefix("--mem"), flags.contains(where: { $0.long == "set" }) {
            return UsageError("there is no flag \(name); a limit is a setting, such as --set MemoryMax=512M")
        }
        if name.hasPrefix("--"), let meant = NearestName.of(String(name.dropFirst(2)), among: flags.map(\.long)) {
            return UsageError("there is no flag \(name); did you mean --\(meant)?")
        }
        let known = flags.map { "--\($0.long)" }.joined(separator: ", ")
        return UsageError("there is no flag \(name); there are \(known)")
    }
}
