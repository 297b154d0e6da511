/// Every session policy of one folder, and the rule that picks one.
package struct PolicyBook: Hashable, Sendable {
    /// The policy that serves where nothing matches.
    package static let fallbackName = "default"

    package struct Entry: Hashable, Sendable {
        package let name: String
        package let match: MatchRule
        package let policy: SessionPolicy

        package init(name: String, match: MatchRule, policy: SessionPolicy) {
            self.name = name
            self.match = match
            self.policy = policy
        }
    }

    /// By name, ascending.
    package let entries: [Entry]

    package init(_ entries: [Entry]) {
        self.entries = entries.sorted { $0.name < $1.name }
    }

    /// Every name that stands for a policy, in order: of the files, and of what holds where there is none.
    package var names: [String] {
        Set(entries.map(\.name) + [Self.fallbackName]).sorted()
    }

    package func entry(named name: String) -> Entry? {
        if let entry = entries.first(where: { $0.name == name }) { return entry }
        return name == Self.fallbackName
            ? Entry(name: name, match: MatchRule(), policy: SessionPolicy()) : nil
    }

    /// Picks the policy for a session whose caller named none: the most specific match, else `default`.
    ///
    /// - Throws: `PolicyTie` where two policies match equally well, because either choice would be arbitrary.
    package func choose(for subject: MatchSubject) throws(PolicyTie) -> Entry {
        let matching = entries.filter { !$0.match.isEmpty && $0.match.matches(subject) }
        guard let best = matching.map(\.match.specificity).max() else {
            return entry(named: Self.fallbackName)
                ?? Entry(name: Self.fallbackName, match: MatchRule(), policy: SessionPolicy())
        }
        let winners = matching.filter { $0.match.specificity == best }
        guard winners.count == 1 else { throw PolicyTie(names: winners.map(\.name)) }
        return winners[0]
    }
}

/// Two or more policies that match a session equally well.
package struct PolicyTie: Error, Hashable, Sendable, CustomStringConvertible {
    package let names: [String]

    package var description: String {
        "the policies \(names.joined(separator: " and ")) match equally well; name one with -p, "
            + "or make the [Match] section of one more specific"
    }
}

/// The `[Match]` section: every pattern that is there must match.
package struct MatchRule: Hashable, Sendable {
    package var command: Glob?
    package var session: Glob?
    package var user: Glob?

    package init(command: Glob? = nil, session: Glob? = nil, user: Glob? = nil) {
        self.command = command
        self.session = session
        self.user = user
    }

    package var isEmpty: Bool { command == nil && session == nil && user == nil }

    /// First how many patterns there are, then how many characters they fix.
    package var specificity: Specificity {
        let globs = [command, session, user].compactMap { $0 }
        return Specificity(patterns: globs.count, characters: globs.map(\.fixedCharacters).reduce(0, +))
    }

    package struct Specificity: Hashable, Comparable, Sendable {
        package let patterns: Int
        package let characters: Int

        package static func < (left: Specificity, right: Specificity) -> Bool {
            (left.patterns, left.characters) < (right.patterns, right.characters)
        }
    }

    package func matches(_ subject: MatchSubject) -> Bool {
        (command.map { glob in subject.commandForms(for: glob).contains(where: glob.matches) } ?? true)
            && (session.map { $0.matches(subject.session) } ?? true)
            && (user.map { $0.matches(subject.user) || $0.matches(subject.userNumber) } ?? true)
    }
}

/// What a `[Match]` section is held against.
package struct MatchSubject: Sendable {
    package let command: [String]
    /// Empty where the caller chose no name.
    package let session: String
    /// The user's name, or again the number where there is no name.
    package let user: String
    package let userNumber: String

    package init(command: [String], session: String, user: String, userNumber: UInt32) {
        self.command = command
        self.session = session
        self.user = user
        self.userNumber = "\(userNumber)"
    }

    /// A pattern with a `/` means the program's path as it was given, one with a space the whole command line with the
    /// program's bare name, any other the bare name alone.
    fileprivate func commandForms(for glob: Glob) -> [String] {
        guard let program = command.first else { return [] }
        let bare = String(program.split(separator: "/").last ?? "")
        if glob.pattern.contains(" ") { return [([bare] + command.dropFirst()).joined(separator: " ")] }
        return glob.pattern.contains("/") ? [program] : [bare]
    }
}
