package import PinfoldCore

/// Policies as text, for commands that show them or take single values.
package enum PolicyText {
    /// One key as it stands in force.
    package struct Row: Hashable, Sendable {
        package let key: String
        package let value: String
        /// `FILE:LINE`; nil for a default.
        package let origin: String?
    }

    /// A span of time in the policies' spelling; nil where the text is none, or `infinity`.
    package static func span(_ text: String) -> Duration? {
        try? SpanSyntax.read(text)
    }

    /// An amount of memory in the policies' spelling, bytes; nil where the text is none, a percentage or `infinity`.
    package static func size(_ text: String) -> UInt64? {
        guard case .bytes(let bytes)? = try? SizeSyntax.read(text, allowsZero: false) else { return nil }
        return bytes
    }

    package static func rows(of pool: PoolPolicy, in set: PolicySet) -> [Row] {
        PoolKeys.all.map { key in
            Row(key: key.name, value: key.write(pool), origin: set.origins[PolicyReader.poolName]?[key.name])
        }
    }

    package static func rows(of entry: PolicyBook.Entry, in set: PolicySet) -> [Row] {
        let matches = [("Command", entry.match.command), ("Session", entry.match.session), ("User", entry.match.user)]
        let match = matches.compactMap { name, glob in
            glob.map { Row(key: name, value: $0.pattern, origin: set.origins[entry.name]?[name]) }
        }
        return match
            + SessionKeys.all.map { key in
                Row(key: key.name, value: key.write(entry.policy), origin: set.origins[entry.name]?[key.name])
            }
    }
}
