import PinfoldCore

/// Turns files into policies, one after the other, and collects what is wrong with them.
struct PolicyReader {
    static let poolName = "pool"

    private(set) var pool = PoolPolicy()
    private(set) var origins: [String: [String: String]] = [:]
    private(set) var diagnostics: [PolicyDiagnostic] = []
    private var sessions: [String: (match: MatchRule, policy: SessionPolicy)] = [:]
    private var paths: [String: String] = [:]

    var entries: [PolicyBook.Entry] {
        sessions.map { PolicyBook.Entry(name: $0.key, match: $0.value.match, policy: $0.value.policy) }
    }

    /// Files before their drop-ins, drop-ins by name.
    static func comesBefore(_ left: PolicySource, _ right: PolicySource) -> Bool {
        let leftIsDropIn = left.name.contains("/")
        let rightIsDropIn = right.name.contains("/")
        return leftIsDropIn == rightIsDropIn ? left.name < right.name : rightIsDropIn
    }

    mutating func take(_ source: PolicySource) {
        guard let name = policyName(of: source) else { return }
        let bytes: [UInt8]
        switch source.content {
        case .success(let read): bytes = read
        case .failure(let unreadable):
            diagnostics.append(PolicyDiagnostic(file: source.path, problem: unreadable.reason))
            return
        }
        do {
            let file = try UnitFile(name: source.path, bytes: bytes)
            if paths[name] == nil { paths[name] = source.path }
            if name != Self.poolName, sessions[name] == nil { sessions[name] = (MatchRule(), SessionPolicy()) }
            for section in file.sections {
                guard let problem = Self.problem(ofSection: section.name, in: name) else { continue }
                diagnostics.append(PolicyDiagnostic(file: source.path, line: section.line, problem: problem))
            }
            take(file.assignments, of: name, from: source.path)
        } catch {
            diagnostics.append(error)
        }
    }

    /// The policy a file belongs to; a drop-in of a policy that does not exist is most likely a slip in its name.
    private mutating func policyName(of source: PolicySource) -> String? {
        let parts = source.name.split(separator: "/", omittingEmptySubsequences: false)
        let suffix = parts.count == 2 ? ".policy.d" : ".policy"
        guard let first = parts.first, first.hasSuffix(suffix) else { return nil }
        let name = String(first.dropLast(suffix.count))
        let isPlain = !name.isEmpty && name.first != "." && name.utf8.allSatisfy(Self.isPlain)
        guard isPlain else {
            diagnostics.append(
                PolicyDiagnostic(
                    file: source.path,
                    problem: "the policy's name '\(name)' may have only letters, digits, '-', '_' and '.'"))
            return nil
        }
        let standsAlone = name == Self.poolName || name == PolicyBook.fallbackName
        if parts.count == 2, !standsAlone, sessions[name] == nil {
            let diagnostic = PolicyDiagnostic(
                file: source.path, problem: "is a drop-in of '\(name).policy', which is not there")
            if !diagnostics.contains(where: { $0.file.hasSuffix("/\(name).policy") }) { diagnostics.append(diagnostic) }
            return nil
        }
        return name
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private mutating func take(_ assignments: [UnitFile.Assignment], of name: String, from path: String) {
        var lines: [String: Int] = [:]
        for assignment in assignments {
            let full = "\(assignment.section).\(assignment.key)"
            if let first = lines[full] {
                report(path, assignment, "stands twice in this file, first in line \(first); keep one of them")
                continue
            }
            lines[full] = assignment.line
            do {
                try take(assignment, of: name)
                origins[name, default: [:]][assignment.key] =
                    assignment.value.isEmpty ? nil : "\(path):\(assignment.line)"
            } catch {
                report(path, assignment, error.text)
            }
        }
    }

    private mutating func report(_ path: String, _ assignment: UnitFile.Assignment, _ problem: String) {
        diagnostics.append(
            PolicyDiagnostic(
                file: path, line: assignment.line, key: assignment.key, value: assignment.value, problem: problem))
    }

    private mutating func take(_ assignment: UnitFile.Assignment, of name: String) throws(ValueProblem) {
        let isPool = name == Self.poolName
        switch (assignment.section, isPool) {
        case ("Pool", true):
            try KeyTable.apply(assignment, from: PoolKeys.all, to: &pool)
        case ("Session", false):
            var policy = sessions[name]?.policy ?? SessionPolicy()
            try KeyTable.apply(assignment, from: SessionKeys.all, to: &policy)
            sessions[name]?.policy = policy
        case ("Match", false):
            var match = sessions[name]?.match ?? MatchRule()
            try MatchKeys.apply(assignment, to: &match)
            sessions[name]?.match = match
        default: break
        }
    }

    /// Judged where it begins, not by its keys: one without any may be a slip too.
    private static func problem(ofSection section: String, in name: String) -> String? {
        switch (section, name == poolName) {
        case ("Pool", true), ("Session", false), ("Match", false): nil
        case ("Pool", false): "the section [Pool] belongs in pool.policy"
        case ("Session", true), ("Match", true):
            "the section [\(section)] belongs in a file of its own, for example agent.policy"
        case (_, let isPool):
            "the section [\(section)] is not known; here are \(isPool ? "[Pool]" : "[Match] and [Session]")"
        }
    }

    /// What only shows when everything is read: keys that contradict each other.
    mutating func check() {
        guard diagnostics.isEmpty else { return }
        for name in sessions.keys.sorted() {
            guard let policy = sessions[name]?.policy, let problem = CrossCheck.problem(in: policy) else { continue }
            diagnostics.append(PolicyDiagnostic(file: paths[name] ?? name, problem: problem))
        }
        if let problem = CrossCheck.problem(in: pool) {
            diagnostics.append(PolicyDiagnostic(file: paths[Self.poolName] ?? "pool.policy", problem: problem))
        }
    }
}
