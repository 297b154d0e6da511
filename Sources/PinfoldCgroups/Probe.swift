import PinfoldLinux

extension KernelFeatures {
    /// Tries each ability in a cgroup of its own below `parent`, which is one that may be written and whose children
    /// have their controllers, such as ``Slice/sessions``. Takes a few milliseconds and leaves nothing.
    public static func probe(below parent: borrowing Cgroup) throws(CgroupError) -> KernelFeatures {
        let name = "probe.\(ownProcessID()).\(MonotonicClock.now().nanoseconds)"
        let cgroup = try parent.create(name)
        do throws(CgroupError) {
            let features = try probe(cgroup)
            try cleanUp(cgroup)
            return features
        } catch {
            try? cleanUp(cgroup)
            throw error
        }
    }

    private static func cleanUp(_ cgroup: borrowing Cgroup) throws(CgroupError) {
        for _ in 0..<100 {
            _ = try cgroup.waitUntilEmpty(timeout: .seconds(1))
            guard case .busy = try cgroup.remove() else { return }
            MonotonicClock.rest(.milliseconds(1))
        }
    }

    private static func probe(_ cgroup: borrowing Cgroup) throws(CgroupError) -> KernelFeatures {
        let birth = birth(in: cgroup)
        let freeze = try freezes(cgroup)
        let peak = try? cgroup.directory.status(of: "memory.peak").permissions
        let reclaim = try? cgroup.directory.status(of: "memory.reclaim")
        let trigger = try pressure(cgroup)
        let hasMemory = try cgroup.amount("memory.max").value != nil
        let noMemory = Feature.missing("there is no memory controller here")

        // Last: from here on the cgroup is one that was killed.
        let kill = try cgroup.kill()
        _ = try cgroup.waitUntilEmpty(timeout: .seconds(1))
        let reborn = self.birth(in: cgroup)

        return KernelFeatures(
            birthInCgroup: birth.feature,
            reuseAfterKill: reuse(first: birth, second: reborn),
            untainted: birth == .died
                ? .missing(
                    "the cgroup this process lives in was killed once, and this kernel kills what it starts in another "
                        + "one: start it from another cgroup") : .available,
            killAtOnce: kill == .atOnce
                ? .available : .degraded("no cgroup.kill (Linux 5.14): frozen and killed one by one"),
            freeze: freeze,
            reclaim: reclaim != nil ? .available : hasMemory ? .missing("no memory.reclaim (Linux 5.19)") : noMemory,
            peakReset: peak.map { $0 & 0o200 != 0 } ?? false
                ? .available : hasMemory ? .missing("memory.peak cannot be written (Linux 6.12)") : noMemory,
            pressureTrigger: trigger)
    }

    private enum Birth: Equatable {
        case lived, died, refused(SpawnError)

        var feature: Feature {
            switch self {
            // That it died is another matter than that it was not born there.
            case .lived, .died: .available
            case .refused(let error): .degraded("\(error): children are held, and attached before they execute")
            }
        }
    }

    private static func birth(in cgroup: borrowing Cgroup) -> Birth {
        do throws(SpawnError) {
            var options = SpawnOptions()
            options.cgroup = cgroup.descriptor
            var child = try Child.spawnIdle(options: options)
            let lived = (try? child.waitUntilAlive()) ?? false
            child.abandonHold()
            _ = try? child.wait()
            return lived ? .lived : .died
        } catch {
            return .refused(error)
        }
    }

    private static func reuse(first: Birth, second: Birth) -> Feature {
        switch (first, second) {
        case (.lived, .died):
            .missing(
                "this kernel kills what is born in a cgroup that was killed once, as many do: "
                    + "every life gets a cgroup of its own")
        case (_, .lived): .available
        default: .missing("it could not be tried here")
        }
    }

    private static func freezes(_ cgroup: borrowing Cgroup) throws(CgroupError) -> Feature {
        guard case .value = try cgroup.read("cgroup.freeze") else { return .missing("no cgroup.freeze (Linux 5.2)") }
        guard try cgroup.freeze(), try cgroup.thaw() == .done else {
            return .missing("an empty cgroup could not be frozen")
        }
        return .available
    }

    private static func pressure(_ cgroup: borrowing Cgroup) throws(CgroupError) -> Feature {
        let trigger = try PressureTrigger.set(
            on: cgroup, .memory, .some, stall: .milliseconds(150), window: .seconds(1))
        switch trigger {
        case .none: return .missing("the kernel does not count pressure, or does not let us be woken by it")
        case .some(let trigger):
            return trigger.sampling == .prompt
                ? .available : .degraded("without CAP_SYS_RESOURCE the kernel looks every 2 s only")
        }
    }
}
