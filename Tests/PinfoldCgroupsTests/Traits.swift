import TestSupport
import Testing

extension Trait where Self == ConditionTrait {
    /// For tests that make cgroups.
    static var needsCgroups: Self {
        .enabled(if: Machine.canMakeCgroups, "cgroup v2 is not mounted, or may not be written")
    }

    /// For tests of limits.
    static var needsMemoryController: Self {
        .enabled(
            if: Machine.hasMemoryController, "the memory controller is not on cgroup v2: run in the virtual machine")
    }

    static var needsPidsController: Self {
        .enabled(if: Machine.hasPidsController, "the pids controller is not on cgroup v2: run in the virtual machine")
    }
}
