/// A moment on the monotonic clock of this boot, in nanoseconds.
///
/// The core never reads a clock: each event comes with its time. The clock behind it is
/// `CLOCK_MONOTONIC` (`clock_gettime(2)`), so that setting the wall clock makes no session idle.
package struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the clock's own beginning.
    package var nanoseconds: UInt64

    package init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    package static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The moment `span` later; the last representable moment where the sum would not fit.
    package static func + (moment: Instant, span: Duration) -> Instant {
        Instant(nanoseconds: moment.nanoseconds.addingUpToMost(span.wholeNanoseconds))
    }

    /// The earlier of two; nil where there is neither.
    package static func earliest(_ one: Instant?, _ other: Instant?) -> Instant? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }

    /// The last moment that is not yet this one.
    package var justBefore: Instant {
        Instant(nanoseconds: nanoseconds > 0 ? nanoseconds - 1 : 0)
    }

    /// The time since `earlier`; zero where `earlier` is in fact later.
    package func since(_ earlier: Instant) -> Duration {
        guard self > earlier else { return .zero }
        return .nanoseconds(Int64(clamping: nanoseconds - earlier.nanoseconds))
    }
}

extension Duration {
    /// The span in nanoseconds, never negative, `UInt64.max` where it would not fit.
    package var wholeNanoseconds: UInt64 {
        guard self > .zero else { return 0 }
        // Before they are taken apart: of a sum of two that is longer than 64 bits of seconds there are no components.
        guard self < .seconds(1 << 40) else { return .max }
        let (seconds, attoseconds) = components
        return UInt64(seconds).multipliedUpToMost(by: 1_000_000_000)
            .addingUpToMost(UInt64(attoseconds) / 1_000_000_000)
    }

    /// The span in whole milliseconds, for messages and records.
    package var wholeMilliseconds: Int64 {
        Int64(clamping: wholeNanoseconds / 1_000_000)
    }
}
