import CPinfoldLinux
import Glibc

/// Who is at the other end, as it was when it connected or began to listen. See unix(7), `SO_PEERCRED`.
package struct PeerCredentials: Sendable, Hashable {
    /// 0 where it is not visible from our PID namespace.
    package var process: ProcessID
    package var user: UInt32
    package var group: UInt32

    package init(process: ProcessID, user: UInt32, group: UInt32) {
        self.process = process
        self.user = user
        self.group = group
    }
}

/// The kernel's facts about the process at the other end.
@frozen @usableFromInline package enum PeerProcess: ~Copyable, Sendable {
    case held(Pidfd)
    /// It was reaped, or there is no descriptor for it.
    case ended
    /// A kernel that keeps only its number.
    case unsupported
}

/// What came from a peer.
@frozen @usableFromInline package enum Received: ~Copyable, Sendable {
    /// So many bytes, and the descriptors that came with them.
    case data(count: Int, ReceivedDescriptors)
    /// Nothing now.
    case wouldBlock
    /// The peer is gone or sends nothing more.
    case closed
}

/// The descriptors that came with a message.
@frozen @usableFromInline package struct ReceivedDescriptors: ~Copyable, Sendable {
    package var accepted: DescriptorList
    /// Those that came beyond what was welcome. To close one may take as long as its sender wants: a socket
    /// lingers, a file of FUSE is flushed. So they are not closed on the way.
    package var refused: DescriptorList
    /// Whether the kernel had to drop some, for instance because we are at our limit of open files.
    package var lost: Bool
}

/// One end of a connection on a unix socket that carries bytes and descriptors. Never blocks. See unix(7).
@frozen @usableFromInline package struct LocalStream: ~Copyable, Sendable {
    package let descriptor: OwnedDescriptor

    /// Takes over a connected, non-blocking stream socket.
    package init(owning descriptor: consuming OwnedDescriptor) {
        self.descriptor = descriptor
    }

    /// Connects to a path.
    ///
    /// - Parameter timeout: how long to wait for a listener that is alive but does not accept.
    /// - Throws: ECONNREFUSED and ENOENT without a listener, ETIMEDOUT, ENAMETOOLONG (107 bytes are allowed).
    ///
    /// The corresponding C function is `connect`.
    package static func connect(to path: String, timeout: Duration) throws(Errno) -> LocalStream {
        let address = try LocalAddress(path)
        let socket = OwnedDescriptor(owning: try once("socket") { Glibc::socket(AF_UNIX, streamType, 0) })
        let number = socket.number
        // A non-blocking connect returns EAGAIN at once if the queue is full, and no event follows when it no longer
        // is; a blocking one waits for room and keeps to the send timeout.
        let microseconds = Int(max(timeout, .milliseconds(1)).wholeMicroseconds)
        var limit = timeval(tv_sec: microseconds / 1_000_000, tv_usec: suseconds_t(microseconds % 1_000_000))
        _ = try once("setsockopt") {
            unsafe setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        do throws(Errno) {
            try retried("connect") { unsafe address.with { unsafe Glibc::connect(number, $0, $1) } }
        } catch .again {
            throw .timedOut
        }
        try socket.setNonBlocking(true)
        return LocalStream(owning: socket)
    }

    /// Sends what there is room for. The descriptors go with the first byte, or not at all.
    ///
    /// - Parameters:
    ///   - bytes: at least one where there are descriptors.
    ///   - descriptors: borrowed numbers, at most 253.
    ///
    /// The corresponding C function is `sendmsg`.
    package borrowing func send(_ bytes: RawSpan, descriptors: [Int32] = []) throws(Errno) -> WriteOutcome {
        precondition(descriptors.count <= Int(PINFOLD_MOST_DESCRIPTORS), "one message carries 253 descriptors at most")
        let number = descriptor.number
        do throws(Errno) {
            let sent = unsafe try bytes.withUnsafeBytes { buffer throws(Errno) in
                try retried("sendmsg") {
                    unsafe pinfold_send(number, buffer.baseAddress, buffer.count, descriptors, descriptors.count)
                }
            }
            return .bytes(sent)
        } catch {
            switch error {
            case .again: return .wouldBlock
            case .brokenPipe, .connectionReset: return .brokenPipe
            default: throw error
            }
        }
    }

    /// Sends what there is room for.
    package borrowing func send(_ bytes: [UInt8], descriptors: [Int32] = []) throws(Errno) -> WriteOutcome {
        unsafe try send(bytes.span.bytes, descriptors: descriptors)
    }

    /// Receives what is there. Descriptors are close-on-exec from the start; one receive never joins the bytes of two
    /// messages that both carry descriptors.
    ///
    /// - Parameter most: how many descriptors are welcome; all others are given apart.
    ///
    /// The corresponding C function is `recvmsg`.
    package borrowing func receive(into bytes: inout [UInt8], accepting most: Int = 0) throws(Errno) -> Received {
        let number = descriptor.number
        var numbers = [Int32](repeating: -1, count: Int(PINFOLD_MOST_DESCRIPTORS))
        var (found, lost) = (0, false)
        let count: Int
        do throws(Errno) {
            count = unsafe try bytes.withUnsafeMutableBufferPointer { buffer throws(Errno) in
                try retried("recvmsg") {
                    guard let start = buffer.baseAddress else { return 0 }
                    return unsafe numbers.withUnsafeMutableBufferPointer { numbers in
                        guard let first = numbers.baseAddress else { return 0 }
                        return unsafe pinfold_receive(number, start, buffer.count, first, &found, &lost)
                    }
                }
            }
        } catch {
            switch error {
            case .again: return .wouldBlock
            case .connectionReset: return .closed
            default: throw error
            }
        }
        let refused = DescriptorList(owning: Array(numbers[min(most, found)..<found]))
        let accepted = DescriptorList(owning: Array(numbers[..<min(most, found)]))
        guard count > 0 else { return .closed }
        return .data(count: count, ReceivedDescriptors(accepted: accepted, refused: refused, lost: lost))
    }

    /// Who is at the other end.
    package borrowing func peer() throws(Errno) -> PeerCredentials {
        let socket = descriptor.number
        var (process, user, group): (Int32, UInt32, UInt32) = (0, 0, 0)
        _ = try once("getsockopt") { unsafe pinfold_peer_credentials(socket, &process, &user, &group) }
        return PeerCredentials(process: process, user: user, group: group)
    }

    /// The process at the other end, as it was when it connected. See unix(7), `SO_PEERPIDFD` (Linux 6.5).
    package borrowing func peerProcess() -> PeerProcess {
        let socket = descriptor.number
        do throws(Errno) {
            let pidfd = try once("getsockopt") { pinfold_peer_pidfd(socket) }
            return .held(Pidfd(owning: OwnedDescriptor(owning: pidfd)))
        } catch .noProtocolOption {
            return .unsupported
        } catch {
            return .ended
        }
    }

    /// Whether the peer may send descriptors; where not, its sendmsg(2) fails with EPERM.
    ///
    /// - Returns: false where the kernel cannot refuse them (before 6.16). The corresponding option is `SO_PASSRIGHTS`.
    @discardableResult
    package borrowing func passDescriptors(_ on: Bool) -> Bool {
        pinfold_pass_descriptors(descriptor.number, on) == 0
    }

    /// Delivers urgent bytes (`MSG_OOB`) among all others. Else the kernel throws them away on the way of a receive,
    /// and closes the descriptors that came with them.
    ///
    /// The corresponding option is `SO_OOBINLINE`.
    package borrowing func takeUrgentBytesInline() {
        var on: Int32 = 1
        _ = unsafe setsockopt(descriptor.number, SOL_SOCKET, SO_OOBINLINE, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Whether descriptors may have come that were not received. Closing the socket closes them.
    ///
    /// From `scm_fds` in `/proc/self/fdinfo` (Linux 5.11); true where the kernel does not show it and anything is unread.
    package var holdsDescriptors: Bool {
        guard pinfold_unread(descriptor.number) != 0 else { return false }
        let facts = try? OwnedDescriptor.open("/proc/self/fdinfo/\(descriptor.number)", .read).readToEnd()
        return !String(decoding: facts ?? [], as: UTF8.self).split(separator: "\n").contains("scm_fds: 0")
    }

    /// Gives up the socket as a stream.
    package consuming func takeDescriptor() -> OwnedDescriptor { descriptor }

    /// Sends nothing more; what was sent still arrives. The corresponding C function is `shutdown`.
    package borrowing func finishSending() {
        _ = shutdown(descriptor.number, Int32(SHUT_WR))
    }

    /// Ends the conversation both ways; the descriptor stays open, and a poller sees the end.
    ///
    /// The corresponding C function is `shutdown` with `SHUT_RDWR`.
    package borrowing func hangUp() {
        _ = shutdown(descriptor.number, Int32(SHUT_RDWR))
    }
}

/// Two ends that are connected with each other.
@frozen @usableFromInline package struct LocalStreamPair: ~Copyable, Sendable {
    package var first: LocalStream
    package var second: LocalStream

    /// The corresponding C function is `socketpair`.
    package init() throws(Errno) {
        var pair: [Int32] = [-1, -1]
        _ = try once("socketpair") {
            unsafe socketpair(AF_UNIX, streamType | Int32(SOCK_NONBLOCK.rawValue), 0, &pair)
        }
        first = LocalStream(owning: OwnedDescriptor(owning: pair[0]))
        second = LocalStream(owning: OwnedDescriptor(owning: pair[1]))
    }
}
