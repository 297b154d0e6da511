/// Descriptors that came with a message, in its order. What is not taken is closed.
@usableFromInline package struct DescriptorList: ~Copyable, Sendable {
    private var numbers: [Int32]

    /// Takes over the duty to close each.
    package init(owning numbers: [Int32] = []) {
        self.numbers = numbers
    }

    deinit {
        for number in numbers { _ = OwnedDescriptor(owning: number) }
    }

    package var count: Int { numbers.count }

    /// The first one not taken yet.
    package mutating func takeFirst() -> OwnedDescriptor? {
        numbers.isEmpty ? nil : OwnedDescriptor(owning: numbers.removeFirst())
    }

    /// Takes one more over, behind these.
    package mutating func append(_ descriptor: consuming OwnedDescriptor) {
        numbers.append(descriptor.release())
    }

    /// Moves all of another list behind these.
    package mutating func append(_ other: consuming DescriptorList) {
        while let next = other.takeFirst() { append(next) }
    }
}
