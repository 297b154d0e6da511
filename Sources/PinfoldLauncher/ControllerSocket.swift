package import PinfoldLinux
package import PinfoldProtocol

/// The client's end of a controller's socket: calls with a deadline each, answered or not.
///
/// A controller that is dead or does not answer gives an error, never a hang.
package struct ControllerSocket: ~Copyable {
    /// How long an answer may take that needs no other session.
    package static let responseTimeout = Duration.seconds(5)

    private let stream: LocalStream
    private let path: String
    private var reader = FrameReader(longest: Frame.longestReply)
    private var received = DescriptorList()
    private var buffer = [UInt8](repeating: 0, count: 16 << 10)

    /// - Throws: `ControllerUnavailable` without a listener at the path.
    package init(_ path: String) throws(ControllerUnavailable) {
        self.path = path
        do throws(Errno) {
            stream = try LocalStream.connect(to: path, timeout: Self.responseTimeout)
        } catch {
            throw ControllerUnavailable(path: path, error)
        }
    }

    package var descriptor: Int32 { stream.descriptor.number }

    package enum Incoming: Hashable, Sendable {
        case reply(Reply)
        /// Nothing whole is there yet.
        case nothing
        /// The controller is gone.
        case closed
    }

    /// Sends a call, waiting until the socket takes it.
    package borrowing func send(
        _ call: Call, descriptors: [Int32] = [], responseTimeout: Duration = ControllerSocket.responseTimeout
    ) throws(ControllerUnavailable) {
        let deadline = MonotonicClock.now().advanced(by: responseTimeout)
        var bytes = call.frame[...]
        var descriptors = descriptors
        do throws(Errno) {
            while !bytes.isEmpty {
                switch try stream.send(Array(bytes), descriptors: descriptors) {
                case .bytes(let count):
                    bytes = bytes.dropFirst(count)
                    descriptors = []
                // It may have sent the reason before it closed: the next read finds that, or the end.
                case .brokenPipe: return
                case .wouldBlock:
                    guard try !waitFor(descriptor, .writable, deadline: deadline).isEmpty else { throw Errno.timedOut }
                }
            }
        } catch {
            throw ControllerUnavailable(path: path, error)
        }
    }

    /// What has come, without waiting.
    package mutating func next() throws(ControllerUnavailable) -> Incoming {
        while true {
            if let reply = try takeReply() { return .reply(reply) }
            do throws(Errno) {
                switch try stream.receive(into: &buffer, accepting: 1) {
                case .closed: return .closed
                case .wouldBlock: return .nothing
                case .data(let count, var descriptors):
                    reader.append(buffer[..<count])
                    if let descriptor = descriptors.accepted.takeFirst() { received.append(descriptor) }
                }
            } catch {
                throw ControllerUnavailable(path: path, error)
            }
        }
    }

    private mutating func takeReply() throws(ControllerUnavailable) -> Reply? {
        do {
            return try reader.next().map { frame in try Reply(frame: frame) }
        } catch {
            throw ControllerUnavailable(path: path, reason: "it answers in another language: \(error)")
        }
    }

    /// The oldest descriptor that came and was not yet taken.
    package mutating func takeDescriptor() -> OwnedDescriptor? {
        received.takeFirst()
    }

    /// The next reply, waited for.
    ///
    /// - Throws: `ControllerUnavailable` where none comes in time.
    package mutating func reply(within responseTimeout: Duration?) throws(ControllerUnavailable) -> Reply {
        let deadline = responseTimeout.map { MonotonicClock.now().advanced(by: $0) }
        while true {
            switch try next() {
            case .reply(let reply): return reply
            case .closed: throw ControllerUnavailable(path: path, .connectionReset)
            case .nothing: break
            }
            do throws(Errno) {
                guard try !waitFor(descriptor, .readable, deadline: deadline).isEmpty else { throw Errno.timedOut }
            } catch {
                throw ControllerUnavailable(path: path, error)
            }
        }
    }

    /// One call and its one answer.
    package mutating func ask(
        _ request: Request, within responseTimeout: Duration? = ControllerSocket.responseTimeout
    ) throws(ControllerUnavailable) -> Reply {
        try send(request.call)
        return try reply(within: responseTimeout)
    }
}

/// There is no controller, or it does not answer.
package struct ControllerUnavailable: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    /// Whether it ended before it answered, as in a restart: the next one may answer the same call.
    package private(set) var isLost = false

    init(path: String, reason: String) {
        description = "cannot talk to the controller at \(path): \(reason)"
    }

    init(path: String, _ errno: Errno) {
        switch errno {
        case .noSuchFile:
            self.init(path: path, reason: "there is none; \(StartAdvice.text)")
        case .connectionRefused:
            self.init(path: path, reason: "it has died and left its socket; \(StartAdvice.text)")
        case .accessDenied:
            self.init(path: path, reason: "it belongs to another user; set PINFOLD_SOCKET to your own controller's")
        case .timedOut: self.init(path: path, reason: "it does not answer")
        case .connectionReset, .brokenPipe:
            self.init(path: path, reason: "it has ended")
            isLost = true
        default: self.init(path: path, reason: "\(errno)")
        }
    }
}
