/// The host's memory, from a kept descriptor on `/proc/meminfo`. A reading allocates nothing.
package struct HostMemory: ~Copyable, Sendable {
    /// One reading, in bytes.
    package struct Reading: Sendable, Hashable {
        package var total: UInt64 = 0
        /// What can be had without swapping: free memory and what the kernel would give back.
        package var available: UInt64 = 0
        package var swapTotal: UInt64 = 0
        package var swapFree: UInt64 = 0

        package init() {}
    }

    private let file: OwnedDescriptor

    package init(path: String = "/proc/meminfo") throws(Errno) {
        file = try .open(path, .read)
    }

    package borrowing func read() throws(Errno) -> Reading {
        var storage = InlineArray<4096, UInt8>(repeating: 0)
        var span = storage.mutableSpan
        var raw = unsafe span.mutableBytes
        let count = try file.read(into: &raw, at: 0)
        return Self.parse(span.span.extracting(..<count))
    }

    /// Reads lines such as `MemTotal:       24683244 kB`; a key that is missing stays 0.
    package static func parse(_ text: Span<UInt8>) -> Reading {
        var reading = Reading()
        var at = 0
        while at < text.count {
            let key = at
            while at < text.count, text[at] != UInt8(ascii: ":"), text[at] != UInt8(ascii: "\n") { at += 1 }
            let keyEnd = at
            var value: UInt64 = 0
            while at < text.count, text[at] != UInt8(ascii: "\n") {
                // What has more digits than any machine's memory needs is cut off, so that it fits in bytes too.
                if (48...57).contains(text[at]), value < 1 << 49 { value = value * 10 + UInt64(text[at] - 48) }
                at += 1
            }
            at += 1
            let name = text.extracting(key..<keyEnd)
            if equal(name, "MemTotal") { reading.total = value << 10 }
            if equal(name, "MemAvailable") { reading.available = value << 10 }
            if equal(name, "SwapTotal") { reading.swapTotal = value << 10 }
            if equal(name, "SwapFree") { reading.swapFree = value << 10 }
        }
        return reading
    }
}

/// Whether the bytes are these letters; without making a string of them.
package func equal(_ bytes: Span<UInt8>, _ letters: StaticString) -> Bool {
    guard bytes.count == letters.utf8CodeUnitCount else { return false }
    return letters.withUTF8Buffer { letters in
        for index in 0..<bytes.count where unsafe bytes[index] != letters[index] { return false }
        return true
    }
}
