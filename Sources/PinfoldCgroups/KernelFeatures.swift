/// What the kernel can do here, each found by trying and never by its version: distributions take parts of later
/// kernels, and containers forbid parts of all.
public struct KernelFeatures: Sendable, Hashable {
    /// One ability.
    public struct Feature: Sendable, Hashable {
        /// How much of it there is.
        public enum State: String, Sendable, Hashable {
            /// All of it.
            case available
            /// Something else does its work, less well.
            case degraded
            /// None of it.
            case missing
        }

        /// How much of it there is.
        public var state: State
        /// Why, as a sentence; empty where it is available.
        public var reason: String

        static let available = Feature(state: .available, reason: "")
        static func degraded(_ reason: String) -> Feature { Feature(state: .degraded, reason: reason) }
        static func missing(_ reason: String) -> Feature { Feature(state: .missing, reason: reason) }
    }

    /// Children can be born in their cgroup (`CLONE_INTO_CGROUP`); otherwise they must be held and attached.
    public var birthInCgroup: Feature
    /// A cgroup that was killed can be used again; otherwise whatever is born in it dies (many kernels).
    public var reuseAfterKill: Feature
    /// This process can start children in fresh cgroups; not so where its own was killed once, on the same kernels.
    public var untainted: Feature
    /// All of a cgroup can be killed at once.
    public var killAtOnce: Feature
    /// A cgroup can be made to stand still.
    public var freeze: Feature
    /// Memory can be taken back from a cgroup on demand.
    public var reclaim: Feature
    /// The peak of memory use can be measured anew.
    public var peakReset: Feature
    /// The kernel can wake us when memory is short.
    public var pressureTrigger: Feature
}
