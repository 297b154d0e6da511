import Glibc

/// A socket that sends messages to an address of a receiver that need not be there. See unix(7), `SOCK_DGRAM`.
package struct DatagramSocket: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor
    private let address: LocalAddress

    /// - Parameter receiver: a path, or an abstract name after `@`.
    /// - Throws: EINVAL and ENAMETOOLONG for what is no such name.
    package init(to receiver: String) throws(Errno) {
        let address =
            try receiver.hasPrefix("@") ? LocalAddress(abstract: String(receiver.dropFirst())) : LocalAddress(receiver)
        let socket = try once("socket") {
            Glibc::socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        }
        self.address = address
        descriptor = OwnedDescriptor(owning: socket)
    }

    /// Sends one message. Never waits for the receiver.
    ///
    /// - Throws: EAGAIN where its queue is full, ECONNREFUSED and ENOENT where it is gone, EMSGSIZE.
    package borrowing func send(_ message: [UInt8]) throws(Errno) {
        let number = descriptor.number
        _ = try retried("sendto") {
            unsafe message.withUnsafeBytes { bytes in
                unsafe address.with {
                    unsafe Int32(clamping: sendto(number, bytes.baseAddress, bytes.count, Self.flags, $0, $1))
                }
            }
        }
    }

    private static let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
}
