/// What a test cannot go on without.
package struct Missing: Error, CustomStringConvertible {
    package var description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// The value inside, for values that cannot be copied: `#require` takes none.
package func unwrap<Value: ~Copyable>(
    _ value: consuming Value?, _ what: String = "a value", file: StaticString = #fileID, line: UInt = #line
) throws -> Value {
    switch consume value {
    case .some(let value): return value
    case .none: throw Missing("\(file):\(line): \(what) is missing")
    }
}
