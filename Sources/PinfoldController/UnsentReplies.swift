import PinfoldLinux

/// What a client has not yet taken of our replies, in their order.
struct UnsentReplies {
    /// Short replies are joined: a list of forty thousand would cost more to keep in order than what is in it.
    private static let chunkSize = 64 << 10
    /// As many pieces are sent at once, to a reader that keeps up with us.
    private static let chunksAtOnce = 4

    private struct Chunk {
        var bytes: [UInt8]
        var sent = 0
        var descriptor: SharedDescriptor?
    }

    private var chunks: [Chunk] = []
    private(set) var count = 0

    var isEmpty: Bool { chunks.isEmpty }

    mutating func append(_ bytes: [UInt8], _ descriptor: SharedDescriptor?) {
        count += bytes.count
        if descriptor == nil, let last = chunks.last, last.bytes.count + bytes.count <= Self.chunkSize {
            chunks[chunks.count - 1].bytes.append(contentsOf: bytes)
        } else {
            chunks.append(Chunk(bytes: bytes, descriptor: descriptor))
        }
    }

    /// Sends what the socket takes. False if the other end is closed.
    mutating func send(to stream: borrowing LocalStream) throws(Errno) -> Bool {
        for _ in 0..<Self.chunksAtOnce {
            guard let first = chunks.first else { return true }
            let outcome = unsafe try stream.send(
                first.bytes.span.bytes.extracting(droppingFirst: first.sent),
                descriptors: first.descriptor.map { [$0.number] } ?? [])
            switch outcome {
            case .wouldBlock: return true
            case .brokenPipe: return false
            case .bytes(let sent):
                count -= sent
                if first.sent + sent == first.bytes.count {
                    chunks.removeFirst()
                } else {
                    chunks[0].sent += sent
                    chunks[0].descriptor = nil
                }
            }
        }
        return true
    }
}

/// A descriptor that several may hold.
final class SharedDescriptor {
    private let descriptor: OwnedDescriptor
    var number: Int32 { descriptor.number }

    init(duplicating number: Int32) throws(Errno) {
        descriptor = try .duplicating(number)
    }
}
