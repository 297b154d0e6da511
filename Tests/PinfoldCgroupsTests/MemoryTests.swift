import PinfoldCgroups
import PinfoldLinux
import TestSupport
import Testing

private let mebibyte: UInt64 = 1 << 20

/// Takes so many MiB, says so, and keeps them.
private func hog(_ mebibytes: Int) -> Command {
    Command(
        "/usr/bin/python3", ["-c", ByteString("x = b'x' * (\(mebibytes) << 20); print('up', flush=True); input()")])
}

/// A hog in a cgroup, with a standard input that stays open.
private final class Hog {
    let input: Pipe
    var child: PipedChild

    init(_ mebibytes: Int, in cgroup: borrowing Cgroup) throws {
        input = try Pipe()
        var options = SpawnOptions()
        options.standardInput = input.reading.number
        child = try PipedChild(hog(mebibytes), in: cgroup.descriptor, options)
    }

    /// False: it was killed before it had its memory.
    func isUp() throws -> Bool { try child.lines(1) == ["up"] }

    func end() throws -> ProcessChange { try child.process.wait() }
}

private func limits(_ max: UInt64, group: Bool = false) -> Limits {
    var limits = Limits()
    limits.memoryMax = .number(max)
    limits.memorySwapMax = .number(0)
    limits.oomGroup = group
    return limits
}

/// A cgroup whose children have memory and pids.
private func withLimitedCgroup(_ purpose: String, _ body: (borrowing Cgroup) throws -> Void) throws {
    try withTestCgroup(purpose, controllers: ["memory", "pids"]) { top throws in
        #expect(try top.enable(["memory", "pids"]) == [:])
        try body(top)
    }
}

/// The kernel has no swap accounting everywhere; the rest must be held.
private func expectHeld(_ results: [LimitResult]) {
    for result in results where result.write.file != "memory.swap.max" {
        #expect(result.isEnforced, "\(result.write.file): \(result.outcome)")
    }
}

/// Here memory is really taken, limited and given back.
@Suite(.needsMemoryController, .serialized) struct MemoryTests {
    @Test func limitIsRoundedToPagesAndHeld() throws {
        try withLimitedCgroup("round") { top throws in
            let cgroup = try top.create("a")
            #expect(cgroup.apply(limits(1_000_000)).last?.outcome == .held("999424"))
            #expect(try cgroup.amount("memory.max") == .value(.number(999_424)))
        }
    }

    @Test func sessionOverItsLimitIsKilledAndItsSiblingLives() throws {
        try withLimitedCgroup("over") { top throws in
            let over = try top.create("greedy")
            let under = try top.create("modest")
            expectHeld(over.apply(limits(30 * mebibyte)))
            expectHeld(under.apply(limits(200 * mebibyte)))
            let sibling = try Hog(20, in: under)
            #expect(try sibling.isUp())
            let before = try #require(try over.memoryEvents().value)
            let hog = try Hog(100, in: over)
            #expect(try !hog.isUp())
            #expect(try hog.end() == .signaled(.kill, dumpedCore: false))
            #expect(try over.waitUntilEmpty(timeout: .seconds(60)) == true)
            let delta = try #require(try over.memoryEvents().value).since(before)
            #expect(delta.oom >= 1 && delta.oomKill == 1 && delta.max > 0)
            #expect(try under.memoryEvents().value?.oomKill == 0)
            #expect(try under.state()?.isPopulated == true)
        }
    }

    @Test(arguments: [true, false]) func groupDiesWholeIfAskedFor(whole: Bool) throws {
        try withLimitedCgroup("group") { top throws in
            let cgroup = try top.create("a")
            expectHeld(cgroup.apply(limits(60 * mebibyte, group: whole)))
            let idlers = Idlers()
            try idlers.add(3, to: cgroup)
            let hog = try Hog(200, in: cgroup)
            #expect(try !hog.isUp())
            _ = try hog.end()
            if whole {
                #expect(try cgroup.waitUntilEmpty(timeout: .seconds(60)) == true)
                let events = try #require(try cgroup.memoryEvents().value)
                #expect(events.oomKill >= 4, "every process is counted")
                #expect(events.oomGroupKill <= 1)
            } else {
                #expect(try cgroup.processes().count == 3)
            }
        }
    }

    @Test func limitAboveIsReportedFromTheOwnOne() throws {
        try withLimitedCgroup("above") { top throws in
            let pool = try top.create("pool")
            #expect(try pool.enable(["memory"]) == [:])
            expectHeld(pool.apply(limits(60 * mebibyte)))
            let session = try pool.create("session")
            expectHeld(session.apply(limits(500 * mebibyte)))
            let hog = try Hog(200, in: session)
            #expect(try !hog.isUp())
            _ = try hog.end()
            #expect(try session.waitUntilEmpty(timeout: .seconds(60)) == true)
            let own = try #require(try session.localMemoryEvents().value)
            let above = try #require(try pool.localMemoryEvents().value)
            #expect(own.oomKill == 1 && own.oom == 0, "killed, but not for its own limit")
            #expect(above.oom >= 1)
        }
    }

    @Test func memoryComesBackToTheParent() throws {
        try withLimitedCgroup("back") { top throws in
            let session = try top.create("session")
            let hog = try Hog(80, in: session)
            #expect(try hog.isUp())
            let files = try unwrap(try SessionFiles(of: session))
            let reading = try files.read()
            #expect(reading.memoryCurrent.map { $0 >= 80 * mebibyte } == true)
            #expect(reading.tasks == 1)
            #expect(try session.memoryStat().value.map { $0.anon >= 80 * mebibyte } == true)
            if case .value(let peak) = try session.memoryPeak() { #expect(peak >= 80 * mebibyte) }
            let used = try #require(try top.amount("memory.current").value?.number)

            _ = try session.kill()
            #expect(try session.waitUntilEmpty(timeout: .seconds(60)) == true)
            _ = try hog.end()
            let deadline = MonotonicClock.now().advanced(by: .seconds(60))
            var left = used
            while left + 70 * mebibyte > used, MonotonicClock.now() < deadline {
                left = try #require(try top.amount("memory.current").value?.number)
            }
            #expect(left + 70 * mebibyte <= used)
            while case .busy = try session.remove(), MonotonicClock.now() < deadline {}
            #expect(session.isGone == true)
        }
    }

    @Test func effectiveLimitIsTheLeastAbove() throws {
        try withLimitedCgroup("effective") { top throws in
            let pool = try top.create("pool")
            #expect(try pool.enable(["memory"]) == [:])
            expectHeld(pool.apply(limits(64 * mebibyte)))
            let session = try pool.create("session")
            let mountPoint = try #require(Machine.mountPoint)
            let levels = try EffectiveMemory.levels(of: session.path, mountPoint: mountPoint)
            #expect(levels.first?.path == session.path)
            let host = try HostMemory().read()
            let limit = EffectiveMemory.limit(levels: levels, hostTotal: host.total)
            #expect(limit == .init(bytes: 64 * mebibyte, cgroup: pool.path))
            let available = EffectiveMemory.available(levels: levels, hostAvailable: host.available)
            #expect(available <= 64 * mebibyte && available >= 60 * mebibyte)
        }
    }

    @Test func loweringTheLimitOfARunningSessionTakesEffect() throws {
        try withLimitedCgroup("lower") { top throws in
            let session = try top.create("session")
            let hog = try Hog(80, in: session)
            #expect(try hog.isUp())
            _ = session.apply(limits(20 * mebibyte))
            #expect(try session.waitUntilEmpty(timeout: .seconds(60)) == true)
            #expect(try hog.end() == .signaled(.kill, dumpedCore: false))
        }
    }

    @Test func sliceEnablesMemoryForItsSessions() async {
        await #expect(processExitsWith: .success) {
            try withTestCgroup("memslice", controllers: ["memory", "pids"]) { top throws in
                try top.attach(0)
                let slice = try Slice.takeOver(top.path)
                #expect(slice.report.enabled.contains("memory") && slice.report.enabled.contains("pids"))
                let session = try slice.sessions.create("a.1")
                expectHeld(session.apply(limits(64 * mebibyte)))
                expectHeld(slice.sessions.apply(limits(128 * mebibyte)))
                let features = try KernelFeatures.probe(below: slice.sessions)
                let reclaim = try session.write("memory.reclaim", "1")
                #expect((features.reclaim.state == .available) == (reclaim == .done))
            }
        }
    }
}

@Suite(.needsPidsController) struct TasksTests {
    @Test func thirdProcessIsRefused() throws {
        try withLimitedCgroup("pids") { top throws in
            let cgroup = try top.create("a")
            var limits = Limits()
            limits.pidsMax = .number(2)
            expectHeld(cgroup.apply(limits))
            let idlers = Idlers()
            try idlers.add(2, to: cgroup)
            #expect(throws: SpawnError(.cloneFailed(.again), command: "/")) { try idlers.add(1, to: cgroup) }
            #expect(try unwrap(try SessionFiles(of: cgroup)).read().tasks == 2)
        }
    }

    @Test func forkBombAtItsLimitDies() throws {
        try withLimitedCgroup("bomb") { top throws in
            let cgroup = try top.create("a")
            var limits = Limits()
            limits.pidsMax = .number(64)
            expectHeld(cgroup.apply(limits))
            // Without end and growing: what only the limit keeps from taking the machine.
            let bomb = try PipedChild("echo up; f() { f | f & f; }; f 2>/dev/null", in: cgroup.descriptor)
            #expect(try bomb.lines(1) == ["up"])
            #expect(try cgroup.kill() == .atOnce)
            #expect(try cgroup.waitUntilEmpty(timeout: .seconds(60)) == true)
            extendLifetime(bomb)
        }
    }
}
