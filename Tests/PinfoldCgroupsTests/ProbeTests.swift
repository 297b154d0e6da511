import CTestSupport
import Glibc
import PinfoldCgroups
import PinfoldLinux
import TestSupport
import Testing

@Suite(.needsCgroups) struct ProbeTests {
    @Test func probeLeavesNothing() throws {
        try withTestCgroup("probe") { cgroup throws in
            let features = try KernelFeatures.probe(below: cgroup)
            #expect(features.birthInCgroup.state == .available)
            #expect(features.untainted.state == .available)
            #expect(try cgroup.children() == [])
            #expect(try cgroup.allProcesses() == [])
        }
    }

    /// What the probe says of the kernel is what then happens: the one is tried against the other.
    @Test func birthInAKilledCgroupIsAsTheProbeReports() throws {
        try withTestCgroup("reuse") { cgroup throws in
            let features = try KernelFeatures.probe(below: cgroup)
            let killed = try cgroup.create("killed")
            _ = try killed.kill()
            var options = SpawnOptions()
            options.cgroup = killed.descriptor
            var child = try Child.spawn(Command("true"), options: options)
            let outcome = try child.finishStart()
            if features.reuseAfterKill.state == .available {
                #expect(outcome == .executing)
                #expect(try child.wait() == .exited(0))
            } else {
                #expect(outcome == .diedAtBirth)
                #expect(try child.wait() == .signaled(.kill, dumpedCore: false), "it is reaped, and its end kept")
            }
        }
    }

    @Test func controllerThatLivesInAKilledCgroupIsReported() async {
        await #expect(processExitsWith: .success) {
            try withTestCgroup("taint") { cgroup throws in
                let reuse = try KernelFeatures.probe(below: cgroup).reuseAfterKill
                let killed = try cgroup.create("killed")
                _ = try killed.kill()
                try alone {
                    try killed.attach(0)
                    let features = try KernelFeatures.probe(below: cgroup)
                    try check(features.untainted.state == reuse.state, "\(features.untainted)")
                    try check(try cgroup.children() == ["killed"])
                    // A child that is held and attached lives: what a caller falls back to.
                    var child = try Child.spawnIdle()
                    try check(try child.waitUntilAlive(), "alive")
                    let fresh = try cgroup.create("fresh")
                    try check(try fresh.attach(child.pid), "attached")
                    child.abandonHold()
                    try check(try child.wait() == .exited(125), "left by itself")
                }
            }
        }
    }

    @Test func withoutClone3ChildrenAreToBeAttached() async {
        await #expect(processExitsWith: .success) {
            try withTestCgroup("noclone3") { cgroup throws in
                try #require(test_forbid(TEST_CLONE3, ENOSYS) == 0)
                let features = try KernelFeatures.probe(below: cgroup)
                #expect(features.birthInCgroup.state == .degraded)
                #expect(features.birthInCgroup.reason.contains("attached"))
            }
        }
    }

    @Test(arguments: ["gone", "not a cgroup", "invalid domain"])
    func placeWhereNoChildCanBeCreatedIsReported(place: String) throws {
        try withTestCgroup("nobirth") { cgroup throws in
            func error(_ descriptor: Int32) throws -> Errno? {
                var options = SpawnOptions()
                options.cgroup = descriptor
                let error = #expect(throws: SpawnError.self) { _ = try Child.spawnIdle(options: options) }
                guard case .cloneFailed(let errno) = error?.reason else { return nil }
                return errno
            }
            switch place {
            case "gone":
                let gone = try cgroup.create("x")
                _ = try gone.remove()
                let found = try error(gone.descriptor)
                // By the letter of clone(2) it is ENODEV; kernels have been seen to say ENOENT.
                #expect(found == .noSuchDevice || found == .noSuchFile)
            case "invalid domain":
                _ = try cgroup.create("t").write("cgroup.type", "threaded")
                let invalid = try cgroup.create("i")
                #expect(try invalid.read("cgroup.type").value == "domain invalid")
                #expect(try error(invalid.descriptor) == .notSupported)
            default:
                let other = try Directory("/")
                #expect(try error(other.descriptor.number) == .badDescriptor)
            }
        }
    }
}

@Suite(.needsCgroups) struct PressureTests {
    @Test func pressureOfACgroupIsRead() throws {
        try withTestCgroup("pressure") { cgroup throws in
            for resource in PressureResource.allCases {
                guard case .value(let pressure) = try cgroup.pressure(resource) else { continue }
                #expect(pressure.some.avg10 == 0 && pressure.full.total == 0, "nobody ever was in it")
            }
        }
    }

    @Test func pressureOfTheHostIsReadAndWaitedFor() throws {
        guard let pressure = Pressure.ofHost(.memory) else { return }
        #expect(pressure.some.total >= pressure.full.total)
        let trigger = try PressureTrigger.setOnHost(.memory, .full, stall: .seconds(1), window: .seconds(2))
        #expect(isNil(trigger) == false)
    }

    @Test func triggerTakesTheBestThatCanBeHad() throws {
        try withTestCgroup("trigger") { cgroup throws in
            guard case .value = try cgroup.pressure(.memory) else { return }
            let trigger = try PressureTrigger.set(
                on: cgroup, .memory, .some, stall: .milliseconds(150), window: .seconds(1))
            switch consume trigger {
            case .some(let trigger):
                let isPrompt = trigger.sampling == .prompt
                #expect(trigger.window == (isPrompt ? .seconds(1) : .seconds(2)))
                var poller = try Poller()
                try poller.add(trigger.descriptor, token: 1, for: .priority)
                #expect(try poller.wait(timeout: .zero).isEmpty, "nothing is short in an empty cgroup")
            case .none:
                Issue.record("triggers are counted here, but none can be set")
            }
        }
    }

    @Test func triggerReportsThatItsCgroupIsGone() throws {
        try withTestCgroup("triggergone") { top throws in
            guard case .value = try top.pressure(.memory) else { return }
            let cgroup = try top.create("x")
            let trigger = try unwrap(
                try PressureTrigger.set(on: cgroup, .memory, .full, stall: .milliseconds(300), window: .seconds(2)))
            var poller = try Poller()
            try poller.add(trigger.descriptor, token: 1, for: .priority)
            _ = try cgroup.remove()
            let events = try poller.wait(timeout: .seconds(20))
            #expect(events.first?.ready.contains(.error) == true)
            #expect(
                try isNil(PressureTrigger.set(on: cgroup, .memory, .full, stall: .seconds(1), window: .seconds(2)))
                    == true)
            extendLifetime(trigger)
        }
    }

    @Test func senselessTriggerIsRefused() throws {
        try withTestCgroup("badtrigger") { cgroup throws in
            let trigger = try PressureTrigger.set(on: cgroup, .memory, .some, stall: .seconds(9), window: .seconds(1))
            #expect(isNil(trigger) == true, "more stall than window")
        }
    }
}
