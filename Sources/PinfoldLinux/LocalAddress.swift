import Glibc

let streamType = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)

/// A path as a unix socket's address. See unix(7).
struct LocalAddress {
    private let address: sockaddr_un
    private let size: socklen_t

    /// - Throws: ENAMETOOLONG over 107 bytes, EINVAL where it is empty or has a NUL: the kernel would take an empty
    ///   one for "any name" and one that starts with NUL for an abstract name.
    init(_ path: String) throws(Errno) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, !bytes.contains(0) else { throw .invalidArgument }
        try self.init(bytes, terminated: true)
    }

    /// A name in the abstract namespace, which has no file.
    ///
    /// - Throws: as for a path.
    init(abstract name: String) throws(Errno) {
        let bytes = Array(name.utf8)
        guard !bytes.isEmpty, !bytes.contains(0) else { throw .invalidArgument }
        try self.init([0] + bytes, terminated: false)
    }

    private init(_ bytes: [UInt8], terminated: Bool) throws(Errno) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < room else { throw .nameTooLong }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        self.address = address
        size = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (terminated ? 1 : 0))
    }

    /// Lends it to `bind` or `connect`.
    func with(_ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        unsafe withUnsafePointer(to: address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe call($0, size) }
        }
    }

    /// The path that a socket is bound to; nil where it has none. The corresponding C function is `getsockname`.
    static func path(of socket: Int32) -> String? {
        var address = sockaddr_un()
        var size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(socket, $0, &size) }
        }
        guard result == 0, address.sun_family == sa_family_t(AF_UNIX) else { return nil }
        let bytes = unsafe withUnsafeBytes(of: &address.sun_path) { unsafe Array($0.prefix { $0 != 0 }) }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
