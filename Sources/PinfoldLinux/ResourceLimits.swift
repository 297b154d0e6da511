import CPinfoldLinux
import Glibc

/// Raises the soft limit of open files to the hard one, and returns what it was.
///
/// For us, who hold a few descriptors per session. Not for children: a program that uses select(2) breaks at 1024, so
/// give the old value back to each by ``SpawnOptions/openFilesLimit``. See getrlimit(2).
package func raiseOpenFilesLimit() throws(Errno) -> UInt64 {
    var limit = rlimit()
    _ = try once("getrlimit") { unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) }
    let before = UInt64(limit.rlim_cur)
    limit.rlim_cur = limit.rlim_max
    _ = try once("setrlimit") { unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) }
    return before
}

/// How many files this process may have open. See getrlimit(2).
package func openFilesLimit() -> UInt64 {
    var limit = rlimit()
    let result = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return result == 0 ? UInt64(limit.rlim_cur) : 1_024
}

/// Gives freed memory back to the kernel beyond this many bytes. See mallopt(3).
///
/// Left alone, glibc raises what it keeps to twice the largest block that was ever freed, up to 64 MB.
package func limitKeptMemory(to bytes: Int32) {
    pinfold_limit_kept_memory(bytes)
}

/// Makes orphans below this process its own children, as they are PID 1's in a container. See prctl(2).
///
/// From then on children appear that this process did not start, and they must be reaped.
package func becomeSubreaper(_ on: Bool = true) throws(Errno) {
    _ = try once("prctl") { pinfold_set_subreaper(on) }
}

/// Opens `/dev/null` wherever 0, 1 or 2 is closed.
///
/// To be called first thing: else the next file opened would get such a number, and a message meant for standard
/// error would be written into it.
package func fillStandardDescriptors() throws(Errno) {
    for number: Int32 in 0...2 {
        do throws(Errno) {
            _ = try once("fcntl", ours: false) { fcntl(number, F_GETFD) }
        } catch {
            // The lowest free number is this one.
            _ = try retried("open") { unsafe open("/dev/null", O_RDWR) }
        }
    }
}
