package import PinfoldCore

/// What a caller lays over the policy of one session: `--set Key=Value`, `pinfold set`.
package enum SettingsOverlay {
    /// Settings laid over settings: of each key the later one stays.
    package static func merged(_ settings: [String], _ later: [String]) -> [String] {
        func key(_ setting: String) -> Substring { setting.prefix { $0 != "=" } }
        let replaced = Set(later.map(key))
        return settings.filter { !replaced.contains(key($0)) } + later
    }

    /// The policy with the settings laid over it.
    ///
    /// - Parameters:
    ///   - settings: each `Key=Value`, with the keys of `[Session]`.
    ///   - mayLoosen: whether the caller may also give more than the policy does: root and the controller's own user.
    package static func apply(
        _ settings: [String], to policy: SessionPolicy, named name: String, mayLoosen: Bool
    ) throws(PolicyComplaint) -> SessionPolicy {
        var result = policy
        var seen: Set<String> = []
        for setting in settings {
            guard let equals = setting.firstIndex(of: "=") else {
                throw PolicyComplaint(file: "--set", problem: "'\(setting.prefix(60))' has no '='; write Key=Value")
            }
            let key = String(setting[..<equals])
            let value = String(setting[setting.index(after: equals)...])
            do throws(ValueProblem) {
                guard seen.insert(key).inserted else { throw ValueProblem("is set twice; keep one of them") }
                guard !value.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
                    throw ValueProblem("has a control character")
                }
                let assignment = UnitFile.Assignment(section: "Session", key: key, value: value, line: 0)
                try KeyTable.apply(assignment, from: SessionKeys.all, to: &result)
                if !mayLoosen, let entry = SessionKeys.key(key), entry.loosens(policy, result) {
                    let allowed = entry.write(policy)
                    throw ValueProblem(
                        "gives more than the policy '\(name)' does (\(key)=\(allowed)); only root and the controller's "
                            + "own user may do that")
                }
            } catch {
                throw PolicyComplaint(file: "--set", key: key, value: value, problem: error.text)
            }
        }
        if let problem = CrossCheck.problem(in: result) { throw PolicyComplaint(file: "--set", problem: problem) }
        return result
    }
}
