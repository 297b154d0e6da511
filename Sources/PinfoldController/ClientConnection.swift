package import PinfoldCore
package import PinfoldLinux
import PinfoldProtocol

/// One client: its socket, what it sent that is not yet a whole call, what it has not yet taken of our replies.
package final class ClientConnection {
    /// A client that does not read may make us keep this much for it, bytes; then it is cut off.
    static let mostUnsent = 4 << 20

    package let id: ClientID
    package let peer: PeerCredentials
    let stream: LocalStream
    private var reader = FrameReader(longest: Frame.longestCall)
    /// Descriptors that came and are not yet claimed by a call.
    private var received = DescriptorList()
    private var unsent: [Unsent] = []
    private var unsentBytes = 0

    /// The life whose lease this connection is.
    var lease: LifeID?
    /// The call whose replies are still coming.
    var open: OpenCall?

    /// A call that is not answered at once.
    enum OpenCall {
        case lease
        case events
        case order(SessionID)
        case settings(SessionID)
        case token(SessionID)
    }

    private struct Unsent {
        var bytes: ArraySlice<UInt8>
        var descriptor: SharedDescriptor?
    }

    init(id: ClientID, stream: consuming LocalStream) throws(Errno) {
        self.id = id
        peer = try stream.peer()
        self.stream = stream
    }

    var user: UserID { UserID(peer.user) }

    /// Whether the next call may be looked at: on most connections only once the last one is answered. A lease takes
    /// calls that want no answer while its own answers come.
    var mayCall: Bool {
        switch open {
        case nil, .lease?: true
        case .events?, .order?, .settings?, .token?: false
        }
    }

    /// Whether the answer it waits for promises something that only a record keeps beyond this controller.
    var reliesOnRecord: Bool {
        switch open {
        case .order?: !isTouching
        case .settings?, .token?: true
        case nil, .lease?, .events?: false
        }
    }
    /// Whether its order is `touch`, of which nothing is kept.
    var isTouching = false

    var isWatchedForWriting = false
    /// Whether there are bytes that the socket would not take.
    var wantsToSend: Bool { !unsent.isEmpty }

    enum Intake {
        /// There may be more.
        case some
        case nothing
        case closed
    }

    /// Takes in what has come, as much of it as fits into the buffer.
    func receive(into buffer: inout [UInt8]) throws(Errno) -> Intake {
        switch try stream.receive(into: &buffer, accepting: 1) {
        case .closed: return .closed
        case .wouldBlock: return .nothing
        case .data(let count, var descriptors):
            reader.append(buffer[..<count])
            // One at a time: nobody needs more, and a queue of them would be a way to use up ours.
            if let descriptor = descriptors.accepted.takeFirst(), received.count == 0 { received.append(descriptor) }
            return .some
        }
    }

    func nextFrame() throws(FrameReader.TooLong) -> [UInt8]? {
        try reader.next()
    }

    func takeDescriptor() -> OwnedDescriptor? {
        received.takeFirst()
    }

    /// Sends a reply, now or as soon as the socket takes it.
    ///
    /// - Parameter descriptor: goes along with the first byte.
    /// - Returns: false where the client is gone, or does not read.
    func send(_ reply: Reply, descriptor: Int32? = nil) -> Bool {
        let bytes = reply.frame[...]
        do throws(Errno) {
            // Kept by a duplicate: the original may be closed before it is this message's turn.
            let kept = try descriptor.map { number throws(Errno) in try SharedDescriptor(duplicating: number) }
            unsent.append(Unsent(bytes: bytes, descriptor: kept))
            unsentBytes += bytes.count
            return try flush() && unsentBytes <= Self.mostUnsent
        } catch {
            return false
        }
    }

    /// Sends what the socket takes. False where nobody is at the other end.
    func flush() throws(Errno) -> Bool {
        while let first = unsent.first {
            switch try stream.send(Array(first.bytes), descriptors: first.descriptor.map { [$0.number] } ?? []) {
            case .wouldBlock: return true
            case .brokenPipe: return false
            case .bytes(let count):
                unsentBytes -= count
                if count == first.bytes.count {
                    unsent.removeFirst()
                } else {
                    unsent[0].bytes = first.bytes.dropFirst(count)
                    unsent[0].descriptor = nil
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
