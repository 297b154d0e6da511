package import PinfoldCore

/// What a caller lays over the policy of one session: `--set Key=Value`, `pinfold set`.
package enum SettingsOverlay {
    /// The most bytes of one setting's value. The longest honest one lists processors; each is kept with its session,
    /// sent to every client that asks for it, and read again at every start.
    package static let longestValue = 256

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
    ) throws(PolicyDiagnostic) -> SessionPolicy {
        var result = policy
        var seen: Set<String> = []
        for setting in settings {
            guard let equals = setting.prefix(128).firstIndex(of: "=") else {
                throw PolicyDiagnostic(file: "--set", problem: "'\(setting.prefix(60))' has no '='; write Key=Value")
            }
            let key = String(setting[..<equals])
            let value = String(setting[setting.index(after: equals)...])
            do throws(ValueProblem) {
                // Before anything else looks at it: what is refused must cost next to nothing.
                guard value.utf8.count <= longestValue else {
                    throw ValueProblem(
                        "has \(value.utf8.count) bytes; a setting may have \(longestValue), a policy file more")
                }
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
                throw PolicyDiagnostic(file: "--set", key: key, value: value, problem: error.text)
            }
        }
        if let problem = CrossCheck.problem(in: result) { throw PolicyDiagnostic(file: "--set", problem: problem) }
        return result
    }

    /// Of settings that were accepted once, those that are right today: the policy below them may be another one by
    /// now, and so may the rules for values.
    package static func applicable(
        _ settings: [String], to policy: SessionPolicy, named name: String
    ) -> (policy: SessionPolicy, settings: [String], dropped: [PolicyDiagnostic]) {
        if let result = try? apply(settings, to: policy, named: name, mayLoosen: true) { return (result, settings, []) }
        var result = policy
        var kept: [String] = []
        var dropped: [PolicyDiagnostic] = []
        for setting in settings {
            do throws(PolicyDiagnostic) {
                result = try apply([setting], to: result, named: name, mayLoosen: true)
                kept.append(setting)
            } catch {
                dropped.append(error)
            }
        }
        return (result, kept, dropped)
    }
}
