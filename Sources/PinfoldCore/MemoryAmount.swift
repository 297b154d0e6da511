/// An amount of memory as an operator writes it: bytes, a share of the effective limit, or no limit.
package enum MemoryAmount: Hashable, Sendable {
    /// Bytes.
    case bytes(UInt64)
    /// Hundredths of a percent of the effective limit: 10 000 is all of it.
    case share(UInt32)
    case infinity

    package static func mebibytes(_ count: UInt64) -> MemoryAmount { .bytes(count << 20) }
    package static func percent(_ count: UInt32) -> MemoryAmount { .share(count * 100) }

    /// The amount in bytes, nil for no limit.
    ///
    /// - Parameter effective: the least of physical memory and every visible ancestor's `memory.max`, in bytes.
    package func resolved(against effective: UInt64) -> UInt64? {
        switch self {
        case .bytes(let count): count
        case .share(let share): UInt64(clamping: UInt128(effective) * UInt128(share) / 10_000)
        case .infinity: nil
        }
    }
}
