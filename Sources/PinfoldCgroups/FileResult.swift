/// What asking for something in a cgroup came to.
public enum FileResult<Value> {
    /// It was there.
    case value(Value)
    /// The cgroup is there but not this file: its controller is not enabled here, or the kernel does not know it.
    case noFile
    /// The cgroup was removed.
    case gone
}

extension FileResult {
    /// The value, nil where there is none.
    public var value: Value? {
        guard case .value(let value) = self else { return nil }
        return value
    }

    /// The same answer with another value; nil makes it ``noFile``.
    public func compactMap<Other>(_ transform: (Value) -> Other?) -> FileResult<Other> {
        switch self {
        case .value(let value): transform(value).map { .value($0) } ?? .noFile
        case .noFile: .noFile
        case .gone: .gone
        }
    }
}

extension FileResult: Sendable where Value: Sendable {}
extension FileResult: Equatable where Value: Equatable {}
extension FileResult: Hashable where Value: Hashable {}

/// What writing into a cgroup came to.
public enum WriteResult: Sendable, Hashable {
    /// The kernel took it.
    case done
    /// The cgroup is there but not this file.
    case noFile
    /// The cgroup was removed.
    case gone
}
