import Glibc

/// The socket of a service manager. See sd_notify(3), "Standalone Implementations".
package struct NotifySocket: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor
    private let address: LocalAddress

    /// - Parameter name: the value of `NOTIFY_SOCKET`: a path, or an abstract name after `@`.
    /// - Throws: EINVAL and ENAMETOOLONG for what is no such name.
    package init(_ name: String) throws(Errno) {
        let address = try name.hasPrefix("@") ? LocalAddress(abstract: String(name.dropFirst())) : LocalAddress(name)
        let socket = try once("socket") {
            Glibc::socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        }
        self.address = address
        descriptor = OwnedDescriptor(owning: socket)
    }

    /// Sends lines such as `READY=1`. Never waits: a manager that does not read must not stop its services.
    ///
    /// - Throws: EAGAIN where its queue is full, ECONNREFUSED and ENOENT where it is gone.
    package borrowing func send(_ lines: [String]) throws(Errno) {
        let message = Array(lines.joined(separator: "\n").utf8)
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
