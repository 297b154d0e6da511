/// What asking for something in a cgroup came to.
public enum Answer<Value> {
    /// It was there.
    case value(Value)
    /// The cgroup is there but not this file: its controller is not enabled here, or the kernel does not know it.
    case noFile
    /// The cgroup was removed.
    case gone
}

extension Answer {
    /// The value, nil where there is none.
    public var value: Value? {
        guard case .value(let value) = self else { return nil }
        return value
    }

    /// The same answer with another value; nil makes it ``noFile``.
    public func compactMap<Other>(_ transform: (Value) -> Other?) -> Answer<Other> {
        switch self {
        case .value(let value): transform(value).map { .value($0) } ?? .noFile
        case .noFile: .noFile
        case .gone: .gone
        }
    }
}

extension Answer: Sendable where Value: Sendable {}
extension Answer: Equatable where Value: Equatable {}
extension Answer: Hashable where Value: Hashable {}

/// What writing into a cgroup came to.
public enum Written: Sendable, Hashable {
    /// The kernel took it.
    case done
    /// The cgroup is there but not this file.
    case noFile
    /// The cgroup was removed.
    case gone
}
