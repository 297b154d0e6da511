import PinfoldCgroups
import PinfoldLinux
import TestSupport
import Testing

@Suite struct LimitsTests {
    private static var all: Limits {
        var limits = Limits()
        limits.memoryMax = .number(1 << 30)
        limits.memoryHigh = .max
        limits.memoryLow = 4096
        limits.memorySwapMax = .number(0)
        limits.oomGroup = true
        limits.pidsMax = .number(512)
        limits.cpuWeight = 200
        limits.cpuMax = CPUQuota(quota: 150_000)
        limits.ioWeight = 50
        limits.cpusetCpus = "0-1"
        limits.maxDescendants = .number(10)
        limits.maxDepth = .number(3)
        return limits
    }

    @Test func everyLimitHasItsFileAndForm() {
        let writes = Self.all.writes.map { "\($0.file) = \($0.value)" }
        #expect(
            writes == [
                "cgroup.max.descendants = 10", "cgroup.max.depth = 3", "memory.oom.group = 1", "memory.low = 4096",
                "memory.swap.max = 0", "memory.max = 1073741824", "memory.high = max", "pids.max = 512",
                "cpu.weight = 200", "cpu.max = 150000 100000", "io.weight = default 50", "cpuset.cpus = 0-1",
            ])
        #expect(Limits().writes.isEmpty)
        var unlimited = Limits()
        unlimited.cpuMax = CPUQuota(quota: nil, period: 50_000)
        unlimited.oomGroup = false
        unlimited.cpuIdle = true
        #expect(unlimited.writes.map(\.file) == ["memory.oom.group", "cpu.idle", "cpu.max"])
        #expect(unlimited.writes.map(\.value) == ["0", "1", "max 50000"])
    }

    @Test func limitIsHeldOnlyIfItWasReadBack() throws {
        let long = "99999999999999999999"
        try withFolder(["memory.max": .file(long), "pids.max": "7\n", "cgroup.procs": ""]) { folder throws in
            let cgroup = try unwrap(try Cgroup.open(folder))
            var limits = Limits()
            limits.memoryMax = .number(4096)
            limits.pidsMax = .number(9)
            limits.cpuWeight = 100
            let results = cgroup.apply(limits)
            // A plain file keeps what a shorter text does not cover: like a kernel that makes something else of it.
            #expect(
                results.map(\.outcome) == [
                    .notEnforced(found: "4096" + long.dropFirst(4)), .held("9"),
                    .unavailable(reason: "the cpu controller is not enabled here"),
                ])
            #expect(results.map(\.isEnforced) == [false, true, false])
        }
    }

    @Test func refusedLimitReportsWhy() throws {
        try withFolder(["memory.max": [:], "cgroup.procs": ""]) { folder throws in
            let cgroup = try unwrap(try Cgroup.open(folder))
            var limits = Limits()
            limits.memoryMax = .max
            #expect(cgroup.apply(limits).map(\.outcome) == [.failed(.isDirectory)])
        }
    }

    @Test(arguments: [
        ("memory.max", "1000000", "999424", true), ("memory.max", "1000000", "1000000", true),
        ("memory.max", "1000000", "995328", false), ("memory.max", "1000000", "1003520", false),
        ("memory.max", "max", "max", true), ("memory.max", "1000000", "max", false),
        ("pids.max", "100", "99", false), ("io.weight", "default 50", "default 50\n8:0 100", true),
        ("io.weight", "default 50", "default 100", false), ("cpuset.cpus", "0,1,2", "0-2", true),
        ("cpuset.cpus", "0-1", "0", false), ("cpu.max", "150000 100000", "150000 100000", true),
    ])
    func roundingIsHeldAndAnythingElseIsNot(file: String, wanted: String, found: String, isSame: Bool) throws {
        #expect(LimitWrite(file: file, value: wanted).isSame(as: found) == isSame)
    }

    @Test(
        arguments: [
            ("0", [0]), ("0-3,8", [0, 1, 2, 3, 8]), ("", []), ("3-1", nil), ("x", nil), ("1-2-3", nil), ("-1", nil),
            ("0-99999999", nil),
        ] as [(String, Set<Int>?)])
    func listsOfProcessorsAreRead(text: String, numbers: Set<Int>?) {
        #expect(processors(text) == numbers)
    }
}
