package import PinfoldCore

/// The keys of `[Pool]`.
package enum PoolKeys {
    private static let standard = PoolPolicy()

    package static let all: [PolicyKey<PoolPolicy>] = [
        PolicyKey(
            "MemoryMax", "hard limit of all sessions together (memory.max of sessions/)", \.memoryMax,
            default: standard,
            read: { (text: String) throws(ValueProblem) in try SizeSyntax.read(text, allowsZero: false) },
            write: SizeSyntax.write),
        PolicyKey(
            "MemorySwapMax", "how much all sessions together may have swapped out", \.memorySwapMax,
            default: standard,
            read: { (text: String) throws(ValueProblem) in try SizeSyntax.read(text, allowsZero: true) },
            write: { $0.map(SizeSyntax.write) ?? "" }),
        PolicyKey(
            "MaxSessions", "how many sessions may live at a time", \.maxSessions, default: standard,
            read: { (text: String) throws(ValueProblem) in Int(try ValueSyntax.number(text, in: 1...100_000)) },
            write: { "\($0)" }),
        PolicyKey(
            "MaxSessionsPerUser", "how many sessions of one user may live at a time", \.maxSessionsPerUser,
            default: standard,
            read: { (text: String) throws(ValueProblem) in
                text == "infinity" ? nil : Int(try ValueSyntax.number(text, in: 1...100_000))
            },
            write: { $0.map { "\($0)" } ?? "infinity" }),
        count("MaxQueuedPerUser", "how many requests of one user may wait for a place", \.maxQueuedPerUser, 1...1_000),
        count(
            "MaxSuspendedPerUser", "how many suspended sessions one user may have", \.maxSuspendedPerUser, 1...16_384),
        reserve("MemoryReserve", "what must stay free; below it idle sessions are evicted with grace", \.memoryReserve),
        reserve("MemoryReserveHard", "below it they are killed at once", \.memoryReserveHard),
        PolicyKey(
            "PressureLimit", "evict above this memory pressure (full avg10); infinity turns it off",
            \.pressureLimit, default: standard,
            read: { (text: String) throws(ValueProblem) in
                if text == "infinity" { return nil }
                return UInt32(try ValueSyntax.percent(text, atMost: 10_000))
            },
            write: { $0.map { ValueSyntax.writePercent(UInt64($0)) } ?? "infinity" }),
        PolicyKey("PressureDurationSec", "how long the pressure must last", \.pressureDuration, default: standard),
        PolicyKey("AdmissionTimeoutSec", "how long a request waits for a place", \.admissionTimeout, default: standard),
        PolicyKey(
            "EvictQuietSec", "no further eviction with grace for this long after one", \.evictQuiet,
            default: standard),
        PolicyKey(
            "EvictBusy", "whether the hard reserve may take busy sessions: no or hard", \.evictBusy,
            default: standard),
        PolicyKey(
            "DryRun", "say who would be evicted, evict nobody", \.dryRun, default: standard,
            read: ValueSyntax.flag, write: { $0 ? "yes" : "no" }),
        PolicyKey(
            "Enforcement", "kernel: refuse where the kernel cannot hold the limits; best: start anyway, and say so",
            \.enforcement, default: standard),
    ]

    private static func count(
        _ name: String, _ summary: String, _ path: any WritableKeyPath<PoolPolicy, Int> & Sendable,
        _ range: ClosedRange<UInt64>
    ) -> PolicyKey<PoolPolicy> {
        PolicyKey(
            name, summary, path, default: standard,
            read: { (text: String) throws(ValueProblem) in Int(try ValueSyntax.number(text, in: range)) },
            write: { "\($0)" })
    }

    private static func reserve(
        _ name: String, _ summary: String, _ path: any WritableKeyPath<PoolPolicy, MemoryAmount> & Sendable
    ) -> PolicyKey<PoolPolicy> {
        PolicyKey(
            name, summary, path, default: standard,
            read: { (text: String) throws(ValueProblem) in
                try SizeSyntax.read(text, allowsZero: true, allowsInfinity: false)
            },
            write: SizeSyntax.write)
    }
}
