import PinfoldACP
import PinfoldLinux

/// Cuts what comes from a descriptor into lines.
struct LineReader: ~Copyable {
    enum Chunk: Hashable {
        case line([UInt8])
        /// What stood before the end, without a line feed.
        case half([UInt8])
        case overlong(MessageHeader)
    }

    /// Enough for what matters of a line that is dropped.
    private static let headerLength = 4 << 10

    private let descriptor: OwnedDescriptor
    private let token: UInt64
    private let cap: Int
    private var chunk = [UInt8](repeating: 0, count: 64 << 10)
    private var rest: [UInt8] = []
    private var isDropping = false
    private var isWatched = false
    private(set) var isAtEnd = false
    /// A file is always readable, and epoll does not take it.
    private(set) var isAlwaysReady = false

    init(_ descriptor: consuming OwnedDescriptor, token: UInt64, cap: Int) {
        self.descriptor = descriptor
        self.token = token
        self.cap = cap
    }

    /// Whether what comes is wanted now. Who is not watched fills its pipe, and then waits: that is how a slow reader
    /// holds up a fast writer through us.
    mutating func watch(_ isWanted: Bool, _ poller: borrowing Poller) throws(Errno) {
        let wanted = isWanted && !isAtEnd && !isAlwaysReady
        guard wanted != isWatched else { return }
        isWatched = wanted
        guard wanted else {
            try poller.remove(descriptor.number)
            return
        }
        do throws(Errno) {
            try poller.add(descriptor.number, token: token, for: .readable)
        } catch .notPermitted {
            isAlwaysReady = true
            isWatched = false
        }
    }

    /// One read, and the lines that it completed. Nil where there is nothing to read.
    mutating func read() -> [Chunk]? {
        guard !isAtEnd else { return nil }
        var chunks: [Chunk] = []
        switch (try? descriptor.read(into: &chunk)) ?? .endOfFile {
        case .wouldBlock: return nil
        case .bytes(let count): cut(count, &chunks)
        case .endOfFile:
            isAtEnd = true
            if isDropping {
                chunks.append(.overlong(MessageHeader(rest, cap: cap)))
            } else if !rest.isEmpty {
                chunks.append(.half(rest))
            }
            rest = []
        }
        return chunks
    }

    private mutating func cut(_ count: Int, _ chunks: inout [Chunk]) {
        var start = 0
        while let end = chunk.firstIndex(of: UInt8(ascii: "\n"), in: start..<count) {
            if isDropping {
                chunks.append(.overlong(MessageHeader(rest, cap: cap)))
                isDropping = false
            } else if rest.isEmpty {
                chunks.append(.line(Array(chunk[start..<end])))
            } else {
                rest.append(contentsOf: chunk[start..<end])
                chunks.append(.line(rest))
            }
            rest = []
            start = end + 1
        }
        guard !isDropping else { return }
        rest.append(contentsOf: chunk[start..<count])
        guard rest.count > cap else { return }
        isDropping = true
        rest = Array(rest.prefix(Self.headerLength))
    }
}
