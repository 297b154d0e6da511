import PinfoldCore

/// Finding a key by the name in a policy file.
enum KeyTable {
    static func apply<Policy>(
        _ assignment: UnitFile.Assignment, from keys: [PolicyKey<Policy>], to policy: inout Policy
    ) throws(ValueProblem) {
        guard let key = keys.first(where: { $0.name == assignment.key }) else {
            throw unknown(assignment.key, among: keys.map(\.name))
        }
        do {
            try key.apply(assignment.value, to: &policy)
        } catch {
            // What is wrong is then not what the value looks like.
            guard assignment.value.contains(" #") || assignment.value.contains(" ;") else { throw error }
            throw ValueProblem("has a comment behind the value; put it on a line of its own")
        }
    }

    /// An unknown key, with the one that was probably meant, or the section that it belongs in.
    static func unknown(_ name: String, among names: [String]) -> ValueProblem {
        let sections = [
            ("[Pool], in pool.policy", PoolKeys.all.map(\.name)),
            ("[Session], in a file such as default.policy", SessionKeys.all.map(\.name)),
            ("[Match], in a file such as agent.policy", MatchKeys.names),
        ]
        if let other = sections.first(where: { $0.1.contains(name) }) {
            return ValueProblem("this key belongs in \(other.0)")
        }
        if let nearest = NearestName.of(name, among: names) {
            return ValueProblem("this key is not known; did you mean \(nearest)=?")
        }
        return ValueProblem("this key is not known; known are \(names.joined(separator: ", "))")
    }
}

/// The keys of `[Match]`.
enum MatchKeys {
    static let names = ["Command", "Session", "User"]

    static func apply(_ assignment: UnitFile.Assignment, to match: inout MatchRule) throws(ValueProblem) {
        let glob: Glob?
        if assignment.value.isEmpty {
            glob = nil
        } else if let read = Glob(assignment.value) {
            glob = read
        } else {
            throw ValueProblem("is not a pattern: a '[' is not closed, or a '\\' stands at the end")
        }
        switch assignment.key {
        case "Command": match.command = glob
        case "Session": match.session = glob
        case "User": match.user = glob
        default: throw KeyTable.unknown(assignment.key, among: names)
        }
    }
}

/// Keys that are each right and together wrong.
enum CrossCheck {
    static func problem(in policy: SessionPolicy) -> String? {
        if policy.memoryHigh != .infinity, policy.memoryMax == .infinity {
            return "MemoryHigh= without MemoryMax= can throttle a session for ever; set both, or MemoryMax= alone"
        }
        if case .bytes(let high) = policy.memoryHigh, case .bytes(let max) = policy.memoryMax, high > max {
            return "MemoryHigh=\(SizeSyntax.write(policy.memoryHigh)) is above "
                + "MemoryMax=\(SizeSyntax.write(policy.memoryMax)) and would never act"
        }
        if case .bytes(let low) = policy.memoryLow, case .bytes(let max) = policy.memoryMax, low > max {
            return "MemoryLow=\(SizeSyntax.write(policy.memoryLow)) is above "
                + "MemoryMax=\(SizeSyntax.write(policy.memoryMax)), which can never be used"
        }
        return nil
    }

    static func problem(in pool: PoolPolicy) -> String? {
        let (soft, hard) = (pool.memoryReserve, pool.memoryReserveHard)
        guard SizeSyntax.isSurelyMore(hard, than: soft) else { return nil }
        return "MemoryReserveHard=\(SizeSyntax.write(hard)) is above MemoryReserve=\(SizeSyntax.write(soft)); "
            + "the hard reserve is the smaller one"
    }
}

extension SizeSyntax {
    static func isSurelyMore(_ left: MemoryAmount, than right: MemoryAmount) -> Bool {
        switch (left, right) {
        case (.bytes(let one), .bytes(let other)): one > other
        case (.share(let one), .share(let other)): one > other
        default: false
        }
    }
}
