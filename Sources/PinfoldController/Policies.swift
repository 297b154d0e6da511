import PinfoldCore
import PinfoldLinux
package import PinfoldPolicy

/// The policies, read again while sessions live.
extension Controller {
    /// Reads the folder again. The pool's policy holds at once, a session's from its next life on: running work
    /// is cut down by an edit. What cannot be understood changes nothing.
    package func reloadPolicies() throws(PolicySet.Rejection) {
        let fresh: PolicySet
        do throws(PolicySet.Rejection) {
            try checkPolicyFolder()
            fresh = try PolicyFolder.set(in: configuration.policyFolder)
        } catch {
            log(LoggedEvent(.policyRejected, nil, [("message", .text(error.description))]))
            throw error
        }
        policies = fresh
        users = .ofThisMachine()
        let budget = PoolBudget(
            policy: fresh.pool, effectiveLimit: pool.budget.effectiveLimit, taskLimit: pool.budget.taskLimit)
        world.setPoolLimits(budget)
        dispatch(.budgetChanged(budget))
        log(
            LoggedEvent(.policyReloaded, nil, [("policies", .number(Int64(fresh.book.entries.count)))]))
    }

    /// A folder that was there and is gone is a mistake, or is being replaced at this moment: not a wish for standard
    /// policies.
    private func checkPolicyFolder() throws(PolicySet.Rejection) {
        guard let folder = configuration.policyFolder else { return }
        if PolicyFolder.exists(folder) {
            hadPolicyFolder = true
        } else if hadPolicyFolder {
            let problem = "the folder is gone; for the standard policies put an empty one in its place"
            throw PolicySet.Rejection(diagnostics: [PolicyDiagnostic(file: folder, problem: problem)])
        }
    }
}

extension PolicyFolder {
    /// The policies of a folder; the defaults if there is none.
    package static func set(in path: String?) throws(PolicySet.Rejection) -> PolicySet {
        guard let path else { return .standard }
        let found: [PolicySource]
        do throws(WorldError) {
            found = try sources(in: path)
        } catch {
            throw PolicySet.Rejection(diagnostics: [PolicyDiagnostic(file: path, problem: error.description)])
        }
        return try PolicySet(found)
    }
}
