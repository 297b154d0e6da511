import CTestSupport
import Glibc
import PinfoldCgroups
import PinfoldLinux
import TestSupport
import Testing

@Suite struct ReadingTests {
    private static let session: Tree = [
        "cgroup.procs": "", "cgroup.events": "populated 1\nfrozen 0\n", "memory.current": "123456\n",
        "memory.events": "low 0\nhigh 0\nmax 4\noom 1\noom_kill 2\noom_group_kill 1\n", "pids.current": "17\n",
        "cpu.stat": "usage_usec 5000\nuser_usec 4000\nsystem_usec 1000\n", "memory.peak": "999999\n",
        "memory.stat": "anon 7\nfile 8\n", "memory.events.local": "oom 9\n",
    ]

    @Test func everythingIsReadFromAWholeCgroup() throws {
        try withFolder(Self.session) { folder throws in
            let cgroup = try unwrap(try Cgroup.open(folder))
            let files = try unwrap(try SessionFiles(of: cgroup))
            let reading = try files.read()
            #expect(reading.memoryCurrent == 123456)
            #expect(reading.memoryEvents?.oomKill == 2)
            #expect(reading.tasks == 17)
            #expect(reading.cpuMicroseconds == 5000)
            #expect(try files.read(includingCPU: false).cpuMicroseconds == nil)
            #expect(files.memoryEventsDescriptor.map { $0 >= 0 } == true)
            #expect(try cgroup.memoryPeak() == .value(999999))
            #expect(try cgroup.memoryStat().value?.anon == 7)
            #expect(try cgroup.localMemoryEvents().value?.oom == 9)
            #expect(try cgroup.memoryEvents().value?.max == 4)
        }
    }

    @Test func missingControllersLeaveTheirFiguresOut() throws {
        try withFolder(["cgroup.procs": "", "cgroup.events": "populated 0\n"]) { folder throws in
            let cgroup = try unwrap(try Cgroup.open(folder))
            let files = try unwrap(try SessionFiles(of: cgroup))
            #expect(try files.read() == SessionReading())
            #expect(try cgroup.memoryStat() == .noFile)
            #expect(try cgroup.memoryPeak() == .noFile)
        }
    }

    @Test(arguments: [1, 510, 511, 512, 513, 8000, 8191, 9000])
    func fileOfAnyLengthIsRead(length: Int) throws {
        let text = String(repeating: "x", count: length)
        try withFolder(["cgroup.procs": "", "file": .file(text), "memory.stat": .file(text)]) { folder throws in
            let cgroup = try unwrap(try Cgroup.open(folder))
            for name in ["file", "memory.stat"] {
                let file = try unwrap(try ControlFile(name, of: cgroup))
                #expect(try file.read { $0.count } == min(length, 8191))
            }
        }
    }

    @Test func nonsenseIsAnErrorWithItsFile() throws {
        try withFolder(["cgroup.procs": "", "cgroup.events": "", "memory.current": "many\n"]) { folder throws in
            let cgroup = try unwrap(try Cgroup.open(folder))
            let files = try unwrap(try SessionFiles(of: cgroup))
            let error = #expect(throws: CgroupError.self) { _ = try files.read() }
            #expect(error?.code == .malformed)
            #expect(error?.path == "\(folder)/memory.current")
        }
    }

    @Test func readingAllocatesNothing() throws {
        try withFolder(Self.session) { folder throws in
            let cgroup = try unwrap(try Cgroup.open(folder))
            let files = try unwrap(try SessionFiles(of: cgroup))
            let host = try HostMemory()
            // First the counter itself: an array is an allocation.
            test_count_allocations()
            let array = [UInt8](repeating: UInt8(truncatingIfNeeded: folder.utf8.count), count: 5000)
            let counted = test_allocations()
            #expect(array.count == 5000)
            guard counted >= 0 else { return }
            #expect(counted >= 1, "the counter sees an array")

            _ = try files.read()
            test_count_allocations()
            for _ in 0..<100 {
                _ = try files.read()
                _ = try host.read()
            }
            let allocations = test_allocations()
            #expect(allocations == 0)
        }
    }

    @Test func pollingAllocatesNothing() throws {
        let pair = try LocalStreamPair()
        var poller = try Poller()
        try poller.add(pair.first.descriptor.number, token: 1, for: [.readable, .writable])
        _ = try poller.wait(timeout: .zero)
        var seen = 0
        test_count_allocations()
        // To go through the events would allocate in a debug build, by the loop's doing and not ours.
        for _ in 0..<100 { seen += try poller.wait(timeout: .zero).count }
        let allocations = test_allocations()
        #expect(seen == 100)
        #expect(allocations <= 0)
        extendLifetime(pair)
    }

    @Test(.needsCgroups) func realCgroupIsRead() throws {
        try withTestCgroup("reading") { cgroup throws in
            let files = try unwrap(try SessionFiles(of: cgroup))
            #expect(try files.events.read()?.isPopulated == false)
            let idlers = Idlers()
            try idlers.add(2, to: cgroup)
            #expect(try files.events.read()?.isPopulated == true)
            #expect(try files.read().cpuMicroseconds != nil)
        }
    }
}
