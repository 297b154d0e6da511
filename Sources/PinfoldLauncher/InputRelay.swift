import PinfoldLinux

/// Passes our standard input on to the command's, so that it can be closed for the command without being closed for us.
///
/// splice(2) moves pages, not bytes. Our own standard input may be shared with others, so it is never made
/// non-blocking: it is only read when the poller reports it readable.
struct InputRelay: ~Copyable {
    enum Progress {
        case moved, nothing
        /// Nothing more comes, or the reader is gone.
        case finished
    }

    private static let most = 1 << 20

    private let source: OwnedDescriptor
    private let sink: OwnedDescriptor
    /// A file is always readable, and epoll does not take it.
    private let isAlwaysReady: Bool
    private var waitsForSink = false
    private var splices = true
    /// Read but not yet written, where splicing is not possible.
    private var rest: ArraySlice<UInt8> = []

    /// - Parameters:
    ///   - source: our standard input.
    ///   - sink: the end of the pipe that the command reads.
    init(
        from source: consuming OwnedDescriptor, to sink: consuming OwnedDescriptor, poller: borrowing Poller
    ) throws(Errno) {
        try sink.setNonBlocking(true)
        var isAlwaysReady = false
        do throws(Errno) {
            try poller.add(source.number, token: LaunchToken.input, for: .readable)
        } catch .notPermitted {
            isAlwaysReady = true
        }
        self.isAlwaysReady = isAlwaysReady
        self.source = source
        self.sink = sink
    }

    /// Whether it can go on without the poller.
    var isReady: Bool { isAlwaysReady && !waitsForSink }

    /// Moves what is there.
    mutating func move(poller: borrowing Poller) throws(Errno) -> Progress {
        switch try splices ? splice() : copy() {
        case .bytes:
            try watch(sink: false, poller)
            return .moved
        case .endOfFile, .brokenPipe: return .finished
        case .wouldBlock:
            let isFull = try waitFor(sink.number, .writable, deadline: .init(nanoseconds: 0)).isEmpty
            try watch(sink: isFull, poller)
            return .nothing
        }
    }

    private mutating func splice() throws(Errno) -> SpliceOutcome {
        do throws(Errno) {
            return try source.splice(to: sink, count: Self.most)
        } catch .invalidArgument {
            // Neither pipe nor socket nor ordinary file: some devices can only be read.
            splices = false
            return try copy()
        }
    }

    private mutating func copy() throws(Errno) -> SpliceOutcome {
        if rest.isEmpty {
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            switch try source.read(into: &buffer) {
            case .bytes(let count): rest = buffer[..<count]
            case .endOfFile: return .endOfFile
            case .wouldBlock: return .wouldBlock
            }
        }
        switch try sink.write(Array(rest)) {
        case .bytes(let count):
            rest = rest.dropFirst(count)
            return .bytes(count)
        case .wouldBlock: return .wouldBlock
        case .brokenPipe: return .brokenPipe
        }
    }

    /// Waits for the side that holds things up, and not for the other, which would wake us without end.
    private mutating func watch(sink isFull: Bool, _ poller: borrowing Poller) throws(Errno) {
        guard isFull != waitsForSink else { return }
        waitsForSink = isFull
        if isFull {
            if !isAlwaysReady { try poller.remove(source.number) }
            try poller.add(sink.number, token: LaunchToken.inputSink, for: .writable)
        } else {
            try poller.remove(sink.number)
            if !isAlwaysReady { try poller.add(source.number, token: LaunchToken.input, for: .readable) }
        }
    }

    /// Closes the command's standard input. Ours is closed too, so that its writer gets EPIPE, as with no launcher
    /// in between.
    consuming func close(poller: borrowing Poller) {
        try? poller.remove(source.number)
        try? poller.remove(sink.number)
        _ = OwnedDescriptor(owning: 0)
        try? fillStandardDescriptors()
    }
}
