/// A name, argument or variable as Linux sees it: bytes without NUL.
///
/// A `String` would replace what is no UTF-8: a file with such a name could then not be opened or removed, and a
/// program would get another argument than its caller gave.
package struct ByteString: FileName, Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    package var bytes: [UInt8]

    package init(bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    package init(_ text: some StringProtocol) {
        bytes = Array(text.utf8)
    }

    package init(stringLiteral text: String) {
        self.init(text)
    }

    /// For people; what is no UTF-8 is replaced.
    package var description: String { String(decoding: bytes, as: UTF8.self) }

    package func withName<Result>(
        _ body: (UnsafePointer<CChar>) throws(Errno) -> Result
    ) throws(Errno) -> Result {
        guard !bytes.contains(0) else { throw .invalidArgument }
        let characters = bytes.map(CChar.init(bitPattern:)) + [0]
        return unsafe try characters.withUnsafeBufferPointer { buffer throws(Errno) in
            guard let start = buffer.baseAddress else { throw .invalidArgument }
            return unsafe try body(start)
        }
    }
}

/// Byte strings as C's `char *const []`, ended by NULL, until its end.
@safe struct CStringArray: ~Copyable {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    /// - Throws: EINVAL where one has a NUL inside.
    init(_ strings: [ByteString]) throws(Errno) {
        guard !strings.contains(where: { $0.bytes.contains(0) }) else { throw .invalidArgument }
        count = strings.count
        unsafe pointers = .allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() {
            let text = UnsafeMutableRawBufferPointer.allocate(byteCount: string.bytes.count + 1, alignment: 1)
            unsafe text.copyBytes(from: string.bytes + [0])
            unsafe (pointers + index).initialize(to: text.baseAddress?.assumingMemoryBound(to: CChar.self))
        }
        unsafe (pointers + count).initialize(to: nil)
    }

    deinit {
        for index in 0..<count { unsafe UnsafeMutableRawPointer(pointers[index])?.deallocate() }
        unsafe pointers.deallocate()
    }
}
