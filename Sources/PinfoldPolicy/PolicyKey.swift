import PinfoldCore

/// One key of a policy section: how its value is read into a policy, written back, and compared.
///
/// Parser, `policy show`, the reference page and the check on `--set` all come from the tables of these.
package struct PolicyKey<Policy: Sendable>: Sendable {
    package let name: String
    /// One line for the reference page.
    package let summary: String
    /// Takes the text over into a policy, or says what would be right.
    let read: @Sendable (String, inout Policy) throws(ValueProblem) -> Void
    /// The text that reads back as what the policy holds.
    package let write: @Sendable (Policy) -> String
    /// Sets the key back to its default.
    let reset: @Sendable (inout Policy) -> Void
    /// Whether `new` gives a session more than `old` does.
    let loosens: @Sendable (_ old: Policy, _ new: Policy) -> Bool

    /// A key that is one property of the policy.
    init<Value: Sendable>(
        _ name: String, _ summary: String, _ path: any WritableKeyPath<Policy, Value> & Sendable,
        default policy: Policy,
        read: @escaping @Sendable (String) throws(ValueProblem) -> Value,
        write: @escaping @Sendable (Value) -> String,
        loosens: @escaping @Sendable (_ old: Value, _ new: Value) -> Bool = { _, _ in false }
    ) {
        self.name = name
        self.summary = summary
        let initial = policy[keyPath: path]
        self.read = { (text: String, policy: inout Policy) throws(ValueProblem) in
            policy[keyPath: path] = try read(text)
        }
        self.write = { write($0[keyPath: path]) }
        self.reset = { $0[keyPath: path] = initial }
        self.loosens = { loosens($0[keyPath: path], $1[keyPath: path]) }
    }

    /// Reads a value; an empty one resets.
    func apply(_ value: String, to policy: inout Policy) throws(ValueProblem) {
        if value.isEmpty {
            reset(&policy)
        } else {
            try read(value, &policy)
        }
    }
}

extension PolicyKey {
    /// A key whose values are words.
    init<Word: RawRepresentable<String> & CaseIterable & Sendable & Equatable>(
        _ name: String, _ summary: String, _ path: any WritableKeyPath<Policy, Word> & Sendable, default policy: Policy,
        fromTight order: [Word] = []
    ) {
        self.init(
            name, summary, path, default: policy, read: ValueSyntax.word, write: \.rawValue,
            loosens: { old, new in
                guard let before = order.firstIndex(of: old), let after = order.firstIndex(of: new) else {
                    return false
                }
                return after > before
            })
    }

    /// A key whose value is a span of time; more is looser.
    init(
        _ name: String, _ summary: String, _ path: any WritableKeyPath<Policy, Duration> & Sendable,
        default policy: Policy
    ) {
        self.init(
            name, summary, path, default: policy, read: SpanSyntax.read, write: { SpanSyntax.write($0) },
            loosens: { $1 > $0 })
    }

    /// A key whose value is a span of time or `infinity`.
    init(
        _ name: String, _ summary: String, _ path: any WritableKeyPath<Policy, Duration?> & Sendable,
        default policy: Policy
    ) {
        self.init(
            name, summary, path, default: policy, read: SpanSyntax.readLimit, write: SpanSyntax.write,
            loosens: { PolicyKey.isMore($1, than: $0) })
    }

    /// Whether a limit is higher, where nil is none at all.
    static func isMore<Value: Comparable>(_ new: Value?, than old: Value?) -> Bool {
        guard let old else { return false }
        return new.map { $0 > old } ?? true
    }
}
