/// The socket of a service manager. See sd_notify(3), "Standalone Implementations".
package struct NotifySocket: ~Copyable, Sendable {
    private let socket: DatagramSocket

    /// - Parameter name: the value of `NOTIFY_SOCKET`: a path, or an abstract name after `@`.
    /// - Throws: EINVAL and ENAMETOOLONG for what is no such name.
    package init(_ name: String) throws(Errno) {
        socket = try DatagramSocket(to: name)
    }

    /// Sends lines such as `READY=1`. Never waits: a manager that does not read must not stop its services.
    ///
    /// - Throws: EAGAIN where its queue is full, ECONNREFUSED and ENOENT where it is gone.
    package borrowing func send(_ lines: [String]) throws(Errno) {
        try socket.send(Array(lines.joined(separator: "\n").utf8))
    }
}
