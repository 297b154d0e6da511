/// A varlink message on the wire: a JSON object ended by a NUL byte. See varlink.org, "Method Call".
package enum Frame {
    /// The most bytes of one message that a controller takes from a client. The largest honest one brings a resume
    /// token of 256 KiB, of which JSON may make six times as many bytes.
    package static let longestCall = 2 << 20
    /// The most JSON values in one call. The longest command that the kernel starts by default has 233,000 arguments
    /// (2 MiB, of which each takes two bytes and a pointer), and each value is many bytes in memory, though only one
    /// on the wire.
    package static let mostValues = 1 << 18
    /// The most bytes of one message that a client takes from its controller: a list of some ten thousand sessions.
    package static let longestReply = 16 << 20
}

/// Cuts a stream of bytes into frames.
package struct FrameReader: Sendable {
    private var buffer: [UInt8] = []
    /// Everything before this has been handed out.
    private var start = 0
    /// No NUL stands between `start` and this: a long frame is not searched again from its beginning with every piece.
    private var searched = 0
    /// Where the next frame's NUL stands.
    private var end: Int?
    private let longest: Int
    /// What an idle connection keeps of the memory for its last frame.
    private static let keptCapacity = 4 << 10

    /// A frame that grows beyond the cap without an end: its sender does not use varlink.
    package struct TooLong: Error, Hashable, Sendable, CustomStringConvertible {
        package let longest: Int
        package var description: String { "a message has more than \(longest) bytes without an end" }
    }

    /// - Parameter longest: bytes a frame may have, its NUL not counted.
    package init(longest: Int) {
        self.longest = longest
    }

    package mutating func append(_ bytes: some Collection<UInt8>) {
        if start > 1 << 16 {
            buffer.removeSubrange(..<start)
            searched -= start
            end = end.map { $0 - start }
            start = 0
        }
        buffer.append(contentsOf: bytes)
        if end == nil { search() }
    }

    /// The next whole frame without its NUL; nil where more bytes are needed.
    package mutating func next() throws(TooLong) -> [UInt8]? {
        guard let end else {
            guard buffer.count - start <= longest else { throw TooLong(longest: longest) }
            return nil
        }
        guard end - start <= longest else { throw TooLong(longest: longest) }
        let frame = Array(buffer[start..<end])
        start = end + 1
        searched = start
        if start == buffer.count { clear() }
        search()
        return frame
    }

    /// Whether ``next()`` returns a frame or throws.
    package var hasFrame: Bool { end != nil || buffer.count - start > longest }

    /// Bytes of memory that are held for the frames not taken yet.
    package var held: Int { buffer.capacity }

    private mutating func search() {
        end = buffer[searched...].firstIndex(of: 0)
        searched = end ?? buffer.count
    }

    private mutating func clear() {
        buffer.removeAll(keepingCapacity: buffer.capacity <= Self.keptCapacity)
        (start, searched) = (0, 0)
    }

    /// Whether bytes of an unfinished frame are held.
    package var isInTheMiddle: Bool { start < buffer.count }
}
