package import PinfoldCore

/// A file of the policy folder, as read by the caller.
package struct PolicySource: Sendable {
    /// Below the policy folder: `pool.policy`, `agent.policy`, `agent.policy.d/10-more.conf`.
    package let name: String
    /// Its name in diagnostics.
    package let path: String
    package let content: Result<[UInt8], Unreadable>

    package struct Unreadable: Error, Sendable {
        package let reason: String

        package init(reason: String) {
            self.reason = reason
        }
    }

    package init(name: String, path: String, content: Result<[UInt8], Unreadable>) {
        self.name = name
        self.path = path
        self.content = content
    }
}

/// The contents of a policy folder, checked as a whole: all of it applies or none.
package struct PolicySet: Sendable {
    package let pool: PoolPolicy
    package let book: PolicyBook
    /// Where each key that is not at its default was set: policy, then key, to `FILE:LINE`.
    package let origins: [String: [String: String]]

    /// What serves where there is no policy folder.
    package static let standard = PolicySet(pool: PoolPolicy(), book: PolicyBook([]), origins: [:])

    /// Everything that is wrong with a folder, so that it can be mended in one go.
    package struct Rejection: Error, Sendable, CustomStringConvertible {
        package let diagnostics: [PolicyDiagnostic]

        package init(diagnostics: [PolicyDiagnostic]) {
            self.diagnostics = diagnostics
        }

        package var description: String {
            diagnostics.map(\.description).joined(separator: "\n")
        }
    }

    private init(pool: PoolPolicy, book: PolicyBook, origins: [String: [String: String]]) {
        self.pool = pool
        self.book = book
        self.origins = origins
    }

    /// Reads the files of a folder: `pool.policy`, `NAME.policy`, and the drop-ins `NAME.policy.d/*.conf` of each,
    /// which are laid over it in the order of their names.
    package init(_ sources: [PolicySource]) throws(Rejection) {
        var reader = PolicyReader()
        for source in sources.sorted(by: PolicyReader.comesBefore) { reader.take(source) }
        reader.check()
        guard reader.diagnostics.isEmpty else { throw Rejection(diagnostics: reader.diagnostics) }
        self.init(pool: reader.pool, book: PolicyBook(reader.entries), origins: reader.origins)
    }
}
