import Glibc

/// A service manager's end of sd_notify(3), or the journal's of its own protocol.
package final class NotificationReceiver {
    private let socket: Int32

    /// - Parameter name: a path, or an abstract name after `@`.
    package init(_ name: String) throws {
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let isAbstract = name.hasPrefix("@")
        let bytes = isAbstract ? [0] + Array(name.dropFirst().utf8) : Array(name.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1))
        let result = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, size) }
        }
        guard result == 0 else { throw Missing("a socket at \(name): errno \(errno)") }
    }

    deinit {
        close(socket)
    }

    /// The next message; nil where there is none.
    package func next() -> String? {
        nextBytes().map { String(decoding: $0, as: UTF8.self) }
    }

    package func nextBytes() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        let count = recv(socket, &buffer, buffer.count, 0)
        return count < 0 ? nil : Array(buffer[..<count])
    }
}
