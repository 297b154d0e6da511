import Glibc

/// The clock that no one sets. See clock_gettime(2), `CLOCK_MONOTONIC`; it stands still while the machine sleeps.
package enum MonotonicClock {
    /// A moment since an unnamed one, in nanoseconds.
    package struct Instant: Sendable, Hashable, Comparable {
        package var nanoseconds: UInt64

        package init(nanoseconds: UInt64) {
            self.nanoseconds = nanoseconds
        }

        package static func < (left: Instant, right: Instant) -> Bool {
            left.nanoseconds < right.nanoseconds
        }

        /// The moment so much later; never before the clock's start nor past its end.
        package func advanced(by duration: Duration) -> Instant {
            let (seconds, attoseconds) = duration.components
            let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
            if overflow { return Instant(nanoseconds: seconds > 0 ? .max : 0) }
            let delta = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
            if delta.overflow { return Instant(nanoseconds: seconds > 0 ? .max : 0) }
            let size = delta.partialValue.magnitude
            let moved =
                delta.partialValue < 0
                ? nanoseconds.subtractingReportingOverflow(size) : nanoseconds.addingReportingOverflow(size)
            return Instant(nanoseconds: moved.overflow ? (delta.partialValue < 0 ? 0 : .max) : moved.partialValue)
        }

        /// From here to there; negative where that is past.
        package func duration(to other: Instant) -> Duration {
            let size = Int64(clamping: max(nanoseconds, other.nanoseconds) - min(nanoseconds, other.nanoseconds))
            return .nanoseconds(other < self ? -size : size)
        }
    }

    package static func now() -> Instant {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    /// Rests for a while: only for the few places where the kernel offers no event to wait for, and never in the loop.
    ///
    /// The corresponding C function is `clock_nanosleep`.
    package static func rest(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        var left = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        var request = left
        while unsafe clock_nanosleep(CLOCK_MONOTONIC, 0, &request, &left) == EINTR { request = left }
    }
}

/// The clock on the wall: for records and people, never for deadlines. See clock_gettime(2), `CLOCK_REALTIME`.
package enum WallClock {
    package static func now() -> WallTime {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
    }
}

/// What marks one boot of the machine: monotonic times and process numbers of another boot mean nothing.
package func bootID() throws(Errno) -> String {
    let bytes = try OwnedDescriptor.open("/proc/sys/kernel/random/boot_id", .read).readToEnd(limit: 64)
    return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
}
