import PinfoldCore
package import PinfoldJSON

/// Numbers as they come from outside, bounded where they are read: whatever calculates with them need not ask again.
/// See docs/decisions/0014.
extension JSONShape<Int32> {
    static var signal: Self {
        JSONShape<Int64>.int64.narrowed(to: "a signal's number, 1 to 64") { (1...64).contains($0) ? Int32($0) : nil }
    }

    static var exitStatus: Self {
        JSONShape<Int64>.int64.narrowed(to: "an exit status, 0 to 255") { (0...255).contains($0) ? Int32($0) : nil }
    }

    /// The kernel has no larger ones (`PID_MAX_LIMIT`); 0 and below mean groups of processes to some calls.
    package static var processID: Self {
        JSONShape<Int64>.int64.narrowed(to: "a process's number, 1 to 4194304") {
            (1...4_194_304).contains($0) ? Int32($0) : nil
        }
    }
}

extension JSONShape<UInt32> {
    package static var user: Self {
        JSONShape<UInt64>.uint64.narrowed(to: "a user's number of 32 bits") { UInt32(exactly: $0) }
    }
}

extension JSONShape<UInt64> {
    package static var lifeNumber: Self {
        uint64.narrowed(to: "a life's number, 0 to \(LifeID.largest)") { $0 <= LifeID.largest ? $0 : nil }
    }

    /// Up to 292 years, which is what fits 64 bits in nanoseconds.
    package static var milliseconds: Self {
        uint64.narrowed(to: "milliseconds, 0 to 9223372036854") { $0 <= 9_223_372_036_854 ? $0 : nil }
    }

    package static var seconds: Self {
        uint64.narrowed(to: "seconds, 0 to 9223372036") { $0 <= 9_223_372_036 ? $0 : nil }
    }

    /// Bytes that were counted or limited: the kernel counts no more than that.
    package static var bytes: Self {
        uint64.narrowed(to: "bytes, below 2^63") { $0 <= Int64.max.magnitude ? $0 : nil }
    }
}

extension JSONShape<Int> {
    static var position: Self {
        JSONShape<Int64>.int64.narrowed(to: "a place in the queue, from 1") { $0 >= 1 ? Int(exactly: $0) : nil }
    }
}
