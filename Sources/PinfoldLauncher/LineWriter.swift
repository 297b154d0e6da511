import PinfoldLinux

/// Writes to a descriptor as it takes bytes, and keeps what it does not take yet.
struct LineWriter: ~Copyable {
    /// Beyond this much that waits, nothing more is read from the other side.
    private static let enough = 256 << 10

    private let stream: LocalStream
    private let isSocket: Bool
    private let token: UInt64
    private var waiting: [UInt8] = []
    /// Bytes of it that are written already.
    private var written = 0
    private var isWatched = false
    /// Nobody reads any more.
    private(set) var isBroken = false

    /// - Parameter descriptor: ours alone, non-blocking.
    init(_ descriptor: consuming OwnedDescriptor, token: UInt64) {
        self.init(descriptor, token: token, isSocket: false)
    }

    private init(_ descriptor: consuming OwnedDescriptor, token: UInt64, isSocket: Bool) {
        stream = LocalStream(owning: descriptor)
        self.token = token
        self.isSocket = isSocket
    }

    /// Output to a descriptor that may be shared with others, so that it must not be made
    /// non-blocking: a pipe is opened anew, a socket has a flag for each call, and a file or a terminal does not block.
    init(to number: Int32, token: UInt64) throws(Errno) {
        let shared = try OwnedDescriptor.duplicating(number)
        switch try shared.status().kind {
        case .pipe:
            if let own = try? OwnedDescriptor.open("/proc/self/fd/\(number)", [.write, .nonBlocking]) {
                self.init(own, token: token, isSocket: false)
            } else {
                self.init(shared, token: token, isSocket: false)
            }
        case .socket: self.init(shared, token: token, isSocket: true)
        default: self.init(shared, token: token, isSocket: false)
        }
    }

    var isEmpty: Bool { waiting.isEmpty }
    var isFull: Bool { waiting.count - written > Self.enough }

    private var number: Int32 { stream.descriptor.number }

    /// Watches for the end of the reader, and for room if output waits.
    func watch(_ poller: borrowing Poller) {
        // A file has no end and always room, and epoll does not take it.
        try? poller.add(number, token: token, for: [])
    }

    mutating func append(_ line: [UInt8], endsLine: Bool) {
        guard !isBroken else { return }
        // A long line is taken over, not copied.
        if waiting.isEmpty { waiting = line } else { waiting.append(contentsOf: line) }
        if endsLine { waiting.append(UInt8(ascii: "\n")) }
    }

    /// Writes what can be written now.
    mutating func flush(_ poller: borrowing Poller) {
        while !waiting.isEmpty {
            switch (try? write()) ?? .brokenPipe {
            case .bytes(let count):
                written += count
                if written == waiting.count { forget() }
            case .wouldBlock:
                watchRoom(true, poller)
                return
            case .brokenPipe: disconnect()
            }
        }
        watchRoom(false, poller)
    }

    private func write() throws(Errno) -> WriteOutcome {
        let bytes = unsafe waiting.span.bytes.extracting(droppingFirst: written)
        return isSocket ? try stream.send(bytes) : try stream.descriptor.write(bytes)
    }

    private mutating func forget() {
        // What is small may keep its room for the next line.
        waiting.removeAll(keepingCapacity: waiting.capacity <= Self.enough)
        written = 0
    }

    private mutating func watchRoom(_ isWanted: Bool, _ poller: borrowing Poller) {
        guard isWanted != isWatched else { return }
        isWatched = isWanted
        try? poller.change(number, token: token, for: isWanted ? .writable : [])
    }

    mutating func disconnect() {
        isBroken = true
        forget()
    }

    func close(_ poller: borrowing Poller) {
        try? poller.remove(number)
    }
}
