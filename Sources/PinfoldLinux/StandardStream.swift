import Glibc

/// Standard output or standard error, as the parent process left it. It may be closed, or open for reading only, and
/// the open file behind it belongs to others too: nothing about it is changed.
package enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// The file behind it. The corresponding C function is `fstat`.
    package func status() throws(Errno) -> FileStatus {
        var facts = stat()
        try retried("fstat", ours: false) { unsafe fstat(rawValue, &facts) }
        return FileStatus(facts)
    }

    /// Writes everything, and waits for room. Needs no descriptor of its own.
    ///
    /// - Throws: EBADF where it is closed or cannot be written, EPIPE without a reader, ENOSPC.
    ///
    /// The corresponding C function is `write`.
    package func write(_ bytes: [UInt8]) throws(Errno) {
        var done = 0
        while done < bytes.count {
            do throws(Errno) {
                let rest = unsafe bytes.span.bytes.extracting(droppingFirst: done)
                done += unsafe try rest.withUnsafeBytes { buffer throws(Errno) in
                    try retried("write", ours: false) {
                        unsafe Glibc::write(rawValue, buffer.baseAddress, buffer.count)
                    }
                }
            } catch .again {
                // Somebody else made it non-blocking.
                _ = try waitFor(rawValue, .writable, deadline: nil)
            }
        }
    }
}
