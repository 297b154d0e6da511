import Glibc

/// The smallest piece of memory the kernel counts, in bytes.
let pageSize = UInt64(sysconf(Int32(_SC_PAGESIZE)))
