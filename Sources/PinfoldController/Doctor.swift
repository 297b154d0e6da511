package import PinfoldCgroups
import PinfoldLinux
package import PinfoldProtocol

/// What this host can do for sessions: per ability whether it is there, why not, and what to type to have it.
package enum Doctor {
    /// What the take-over of a slice, or a look at one, found about controllers.
    package struct ControllerFacts {
        package var enabled: [String]
        package var unavailable: [String: String]

        package init(enabled: [String], unavailable: [String: String]) {
            self.enabled = enabled
            self.unavailable = unavailable
        }

        package init(_ report: Slice.Report) {
            enabled = report.enabled
            unavailable = report.unavailable.mapValues(\.description)
        }
    }

    package static func examine(
        _ hierarchy: Hierarchy, slice: String, controllers: ControllerFacts,
        features: Result<KernelFeatures, WorldError>
    ) -> [FeatureReport] {
        var reports = [FeatureReport("cgroup v2", .available, reason: "\(hierarchy.mode.rawValue), \(slice)")]
        reports += Slice.controllers.map { controller($0, controllers, hierarchy) }
        reports.append(swap())
        switch features {
        case .failure(let error):
            reports.append(FeatureReport("kernel", .missing, reason: error.description))
        case .success(let features): reports += kernel(features)
        }
        return reports
    }

    private static func controller(
        _ name: String, _ facts: ControllerFacts, _ hierarchy: Hierarchy
    ) -> FeatureReport {
        let purpose =
            switch name {
            case "memory": "MemoryMax= and its like"
            case "pids": "TasksMax="
            case "cpu": "CPUWeight=, CPUQuota="
            case "io": "IOWeight="
            default: "AllowedCPUs="
            }
        if facts.enabled.contains(name) {
            return FeatureReport(name, .available, reason: "enforced by the kernel: \(purpose)")
        }
        let reason = facts.unavailable[name] ?? "it is not enabled here"
        let remedy =
            hierarchy.mode == .hybrid
            ? "boot with systemd.unified_cgroup_hierarchy=1 cgroup_no_v1=all; until then, Enforcement=best"
            : "under systemd, name \(name) in Delegate= (for users: in user@.service)"
        return FeatureReport(name, .missing, reason: "\(purpose) cannot be enforced: \(reason)", remedy: remedy)
    }

    private static func swap() -> FeatureReport {
        guard let host = try? HostMemory(), let memory = try? host.read() else {
            return FeatureReport("host memory", .missing, reason: "/proc/meminfo cannot be read", remedy: "mount /proc")
        }
        return memory.swapTotal > 0
            ? FeatureReport("swap", .available, reason: "there is some; MemorySwapMax=0 keeps sessions out of it")
            : FeatureReport("swap", .available, reason: "there is none; nothing can be swapped out")
    }

    private static func kernel(_ features: KernelFeatures) -> [FeatureReport] {
        [
            report(
                "birth in cgroup", features.birthInCgroup, "commands start inside their limits (placement into)",
                remedy: "allow clone3 in the seccomp profile, or use Linux 5.7 or later"),
            report(
                "untainted", features.untainted, "our own cgroup was never killed",
                remedy: "start the controller, and launchers, from another cgroup"),
            report(
                "reuse after kill", features.reuseAfterKill, "this kernel has no spurious-kill bug",
                remedy: "nothing here needs it; a kernel on which this line says available has it"),
            report("cgroup.kill", features.killAtOnce, "a tree dies at once", remedy: "use Linux 5.14 or later"),
            report("cgroup.freeze", features.freeze, "FreezeIdleSec= works", remedy: "use Linux 5.2 or later"),
            report(
                "memory.reclaim", features.reclaim, "ReclaimIdleSec= works",
                remedy: "needs the memory controller and Linux 5.19"),
            report(
                "memory.peak", features.peakReset, "peaks can be measured per interval",
                remedy: "needs the memory controller and Linux 6.12"),
            report(
                "pressure trigger", features.pressureTrigger, "the kernel wakes us when memory is short",
                remedy: features.pressureTrigger.state == .missing
                    ? "boot with psi=1" : "give the controller CAP_SYS_RESOURCE"),
        ]
    }

    private static func report(
        _ name: String, _ feature: KernelFeatures.Feature, _ benefit: String, remedy: String
    ) -> FeatureReport {
        switch feature.state {
        case .available: FeatureReport(name, .available, reason: benefit)
        case .degraded: FeatureReport(name, .degraded, reason: feature.reason, remedy: remedy)
        case .missing: FeatureReport(name, .missing, reason: feature.reason, remedy: remedy)
        }
    }

    /// Examines without taking anything over: for when no controller runs.
    package static func examine(sliceNamed named: String?) -> [FeatureReport] {
        let hierarchy: Hierarchy
        do throws(CgroupError) {
            hierarchy = try Hierarchy.find()
        } catch {
            return [FeatureReport("cgroup v2", .missing, reason: error.description)]
        }
        do {
            let path = try SliceLocation.find(named: named, in: hierarchy)
            // A controller would make it; to look is no reason to.
            var place = path
            while place.count > 1, (try? FileStatus.of(path: place)) == nil { place = parent(of: place) }
            guard let cgroup = try Cgroup.open(place) else { throw WorldError("\(place) is no cgroup") }
            let offered = try cgroup.controllers()
            let missing = Slice.controllers.filter { !offered.contains($0) }
            let facts = ControllerFacts(
                enabled: Slice.controllers.filter(offered.contains),
                unavailable: Dictionary(uniqueKeysWithValues: missing.map { ($0, "\(place) does not offer it") }))
            let features = probe(below: cgroup)
            // Where nothing can be made, nothing is held either, whatever is offered.
            if case .failure(let error) = features { throw error }
            return examine(hierarchy, slice: path, controllers: facts, features: features)
        } catch {
            return [
                FeatureReport(
                    "cgroup v2", hierarchy.mountPoint == nil ? .missing : .degraded,
                    reason: "\(hierarchy.mode.rawValue); \(error)",
                    remedy: "see docs/operators.md, \"Where the sessions live\"")
            ]
        }
    }

    private static func parent(of path: String) -> String {
        let shorter = path.split(separator: "/").dropLast()
        return "/" + shorter.joined(separator: "/")
    }

    package static func probe(below parent: borrowing Cgroup) -> Result<KernelFeatures, WorldError> {
        do throws(CgroupError) {
            return .success(try KernelFeatures.probe(below: parent))
        } catch {
            return .failure(WorldError("cannot be probed: \(error.description)"))
        }
    }
}
