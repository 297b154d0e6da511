package import PinfoldCore
package import PinfoldLinux
import PinfoldProtocol

/// One client: its socket, what it sent that is not yet a whole call, what it has not yet taken of our replies.
package final class ClientConnection {
    package let id: ClientID
    package let peer: PeerCredentials
    let number: Int32
    private var stream: LocalStream?
    private let closingThread: ClosingThread
    private var reader = FrameReader(longest: Frame.longestCall)
    /// A descriptor that came and is not yet claimed by a call.
    private var received: OwnedDescriptor?
    private var unsent = UnsentReplies()

    /// The life whose lease this connection is.
    var lease: LifeID?
    /// Whether a process of its is being moved.
    var isAttaching = false
    /// The call whose replies are still coming.
    var open: OpenCall?
    /// Whether that call wants no reply.
    var isOpenOneway = false

    /// A call that is not answered at once.
    enum OpenCall {
        case lease
        case events
        case order(SessionID)
        case settings(SessionID)
        case token(SessionID)
    }

    init(id: ClientID, stream: consuming LocalStream, closingThread: ClosingThread) throws(Errno) {
        self.id = id
        peer = try stream.peer()
        number = stream.descriptor.number
        stream.takeUrgentBytesInline()
        self.stream = consume stream
        self.closingThread = closingThread
    }

    deinit {
        if let received = received.take() { closingThread.close(received, of: peer.user) }
        guard let stream = stream.take() else { return }
        // Nothing can come from here on; what has come may be descriptors.
        stream.hangUp()
        if stream.holdsDescriptors { closingThread.close(stream.takeDescriptor(), of: peer.user) }
    }

    var user: UserID { UserID(peer.user) }

    /// Whether the next call may be looked at: on most connections only once the last one is answered, and the answer
    /// read. A lease takes calls that want no answer while its own answers come.
    var mayCall: Bool {
        switch open {
        case nil: !isCut && unsent.isEmpty
        case .lease?: !isCut
        case .events?, .order?, .settings?, .token?: false
        }
    }

    /// Whether a whole call is there.
    var hasCall: Bool { reader.hasFrame }
    /// Whether more bytes are wanted from it. Bytes that are not processed yet stay in the socket, which has room for
    /// little.
    var isRead: Bool { mayCall && !hasCall }
    /// Whether a call has begun that is not whole.
    var isInTheMiddle: Bool { isRead && reader.isInTheMiddle }

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

    /// What the poller watches it for.
    var interest: Poller.Interest = [.readable, .peerClosed]
    /// What of it is in the controller's account.
    var accounted = ClientUse.Amount()
    /// Since when its present call comes in pieces, and whether that is looked after.
    var frameSince: Instant?
    var isTimed = false

    /// Whether it is only still there because the loop is in the middle of something.
    private(set) var isCut = false

    /// Ends the connection and frees its buffers. The poller then reports its end.
    func cut() {
        isCut = true
        unsent = UnsentReplies()
        reader = FrameReader(longest: Frame.longestCall)
        stream?.hangUp()
    }

    /// Whether there are bytes that the socket would not take.
    var wantsToSend: Bool { !unsent.isEmpty }
    var amount: ClientUse.Amount {
        ClientUse.Amount(connections: 1, input: reader.held, unsent: unsent.count)
    }

    /// Whether a descriptor may come: a lease waits for `Attach`.
    var awaitsAttach = false {
        didSet { if awaitsAttach != oldValue { stream?.passDescriptors(awaitsAttach) } }
    }

    enum SendPermission {
        /// There may be more.
        case some
        case nothing
        case closed
        /// An unexpected descriptor came.
        case unwelcome
    }

    /// Takes in what has come, as much of it as fits into the buffer.
    func receive(into buffer: inout [UInt8]) throws(Errno) -> SendPermission {
        // One at a time: a queue of them could use up our own.
        let room = awaitsAttach && received == nil ? 1 : 0
        guard let arrival = try stream?.receive(into: &buffer, accepting: room) else { return .closed }
        switch arrival {
        case .closed: return .closed
        case .wouldBlock: return .nothing
        case .data(let count, var descriptors):
            reader.append(buffer[..<count])
            if let descriptor = descriptors.accepted.takeFirst() { received = consume descriptor }
            guard descriptors.refused.count == 0 else {
                closingThread.close(descriptors.refused, of: peer.user)
                return .unwelcome
            }
            return .some
        }
    }

    /// The process that connected.
    func peerProcess() -> PeerProcess {
        switch stream {
        case .some(let stream): stream.peerProcess()
        case .none: .ended
        }
    }

    func nextFrame() throws(FrameReader.TooLong) -> [UInt8]? {
        try reader.next()
    }

    func takeDescriptor() -> OwnedDescriptor? {
        received.take()
    }

    /// Sends a frame, now or as soon as the socket takes it.
    ///
    /// - Parameter descriptor: goes along with the first byte.
    /// - Returns: false where the client is gone.
    func send(_ frame: [UInt8], descriptor: Int32? = nil) -> Bool {
        do throws(Errno) {
            guard let descriptor else {
                unsent.append(frame, nil)
                return try flush()
            }
            if unsent.isEmpty, let isDone = try sendAtOnce(frame, descriptor) { return isDone }
            // Kept by a duplicate: the original may be closed before it is this message's turn.
            unsent.append(frame, try SharedDescriptor(duplicating: descriptor))
            return try flush()
        } catch {
            return false
        }
    }

    /// Sends a frame without a duplicate of its descriptor, which could be the one that there is no room for. Nil if the
    /// socket takes nothing now.
    private func sendAtOnce(_ frame: [UInt8], _ descriptor: Int32) throws(Errno) -> Bool? {
        let outcome: WriteOutcome
        switch stream {
        case .some(let stream): outcome = unsafe try stream.send(frame.span.bytes, descriptors: [descriptor])
        case .none: return false
        }
        switch outcome {
        case .wouldBlock: return nil
        case .brokenPipe: return false
        case .bytes(let sent):
            if sent < frame.count { unsent.append(Array(frame[sent...]), nil) }
            return true
        }
    }

    /// Sends what the socket takes. False if the other end is closed.
    func flush() throws(Errno) -> Bool {
        switch stream {
        case .some(let stream): try unsent.send(to: stream)
        case .none: false
        }
    }
}
