import PinfoldCgroups
import PinfoldJSON
import PinfoldLinux
import TestSupport
import Testing

/// An ordinary user of every Debian, with nothing of its own.
private let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]

/// Limits as the kernel has them, and figures as it counts them.
@Suite(.needsMemoryController)
struct LimitsTests {
    @Test func everyLimitOfThePolicyIsInTheKernel() throws {
        let policy = """
            [Session]
            MemoryMax=40M
            MemoryHigh=30M
            MemoryLow=4M
            TasksMax=33
            CPUWeight=50
            CPUQuota=40%
            AllowedCPUs=1
            OOMPolicy=continue
            """
        try Rig.with(policies: ["default.policy": policy]) { rig in
            let program = try rig.start("a")
            let held = [
                ("memory.max", "41943040"), ("memory.high", "31457280"), ("memory.low", "4194304"), ("pids.max", "33"),
                ("cpu.weight", "50"), ("cpu.max", "40000 100000"), ("cpuset.cpus", "1"), ("memory.oom.group", "0"),
                ("memory.swap.max", "0"), ("cgroup.max.descendants", "1000"), ("cgroup.max.depth", "32"),
            ]
            for (file, value) in held { #expect(try rig.file("a.1", file) == value, "\(file)") }
            let shown = try JSON.parse(try rig.pinfold("show", "a", "--json").output)
            #expect(shown["unenforced"]?.array?.isEmpty == true)
            #expect(shown["enforcement"]?.string == "kernel")
            #expect(program.errors() == "")
        }
    }

    @Test func figuresAreTheKernels() throws {
        try Rig.with { rig in
            let program = try rig.load("a", "threads=5 anon=30 ready stay", flags: ["--set", "MemoryMax=50M"])
            try rig.until("figures") { try rig.session("a")["memoryWorkingSet"]?.int64 ?? 0 > 30 << 20 }
            let session = try rig.session("a")
            let (current, used, peak) = (
                session["memoryCurrent"]?.int64 ?? 0, session["memoryWorkingSet"]?.int64 ?? 0,
                session["memoryPeak"]?.int64 ?? 0
            )
            #expect(session["enforcement"]?.string == "kernel")
            #expect(current >= used && used > 30 << 20 && current < 40 << 20)
            #expect(peak >= 30 << 20 && peak < 40 << 20)
            #expect(session["memoryMax"]?.int64 == 50 << 20)
            #expect(session["tasks"]?.int64 == 6)
            let row = try rig.pinfold("list").output.split(separator: "\n").last ?? ""
            #expect(row.split(separator: " ").dropFirst(6).first == "50M")
            withExtendedLifetime(program) {}
        }
    }

    /// Percentages are of what there really is: in a container, of its limit and not of the host's memory.
    @Test func percentIsOfTheLeastLimitAbove() throws {
        let pool = "MemoryMax=50%\nMemoryReserve=10%\nMemoryReserveHard=5%"
        try Rig.with(pool: pool, starts: false) { rig in
            #expect(try unwrap(try Cgroup.open(rig.slice)).write("memory.max", "400M") == .done)
            try rig.serve()
            let program = try rig.start("a", flags: ["--set", "MemoryMax=10%"])
            #expect(try rig.bytes("", "memory.max") == 200 << 20)
            #expect(try rig.bytes("a.1", "memory.max") == 40 << 20)
            #expect(try rig.session("a")["memoryMax"]?.int64 == 40 << 20)
            try rig.controller?.awaitErrors("400M of memory, enforcement kernel")
            withExtendedLifetime(program) {}
        }
    }

    @Test func setChangesTheKernelsLimitOfARunningSession() throws {
        try Rig.with { rig in
            let program = try rig.load("a", "anon=10 ready line anon=40 grown stay", input: .pipe)
            #expect(try rig.bytes("a.1", "memory.max") == 512 << 20)
            let set = try rig.pinfold("set", "a", "MemoryMax=30M", "TasksMax=7", "--json")
            #expect(set.status == 0 && set.errors == "")
            #expect(try JSON.parse(set.output)["memoryMax"]?.int64 == 30 << 20)
            #expect(try rig.bytes("a.1", "memory.max") == 30 << 20)
            #expect(try rig.file("a.1", "pids.max") == "7")
            // Looser again, before it grows.
            try rig.pinfold("set", "a", "MemoryMax=60M")
            try program.write("go\n")
            try program.awaitOutput("grown")
            #expect(try rig.session("a")["memoryMax"]?.int64 == 60 << 20)
            #expect(try rig.file("a.1", "pids.max") == "7", "what was set before stays")
            #expect(try rig.bytes("a.1", "memory.current") > 50 << 20)
        }
    }

    @Test func limitSetBelowTheUseEndsTheSessionAndReportsIt() throws {
        try Rig.with { rig in
            let sibling = try rig.load("sibling", "anon=10 ready stay")
            let program = try rig.load("a", "anon=40 ready stay")
            let set = try rig.pinfold("set", "a", "--force", "MemoryMax=20M")
            #expect(set.status == 0)
            #expect(try program.wait() == 137)
            #expect(program.errors().contains("over its own memory limit of 20M: 1 process was killed"))
            #expect(try rig.cause("a") == "memory_limit")
            #expect(try rig.cgroups() == ["sibling.1"])
            withExtendedLifetime(sibling) {}
        }
    }

    @Test(.enabled(if: ownUser() == 0, "only root can play several users"))
    func ordinaryUserTightensTheirOwnLimitsAndCannotLiftThem() throws {
        try Rig.with(policies: ["default.policy": "[Session]\nMemoryMax=40M\nTasksMax=50\n"]) { rig in
            try rig.openToOthers()
            // Everything a process in the session could write to be rid of its limits, or to hurt others.
            let script = """
                me=\(rig.sessions)/mine.1
                for file in memory.max memory.high pids.max memory.oom.group cgroup.kill cgroup.procs; do
                    (echo max > $me/$file) 2>/dev/null && echo wrote $file
                done
                (mkdir $me/x) 2>/dev/null && echo made x
                (echo 0 > \(rig.slice)/cgroup.procs) 2>/dev/null && echo escaped
                (echo 1 > \(rig.sessions)/ours.1/cgroup.kill) 2>/dev/null && echo killed
                (echo 0 > \(rig.sessions)/ours.1/cgroup.procs) 2>/dev/null && echo intruded
                echo ready; exec sleep 1000
                """
            let ours = try rig.start("ours")
            let mine = try rig.start("mine", script, wrapped: nobody)
            #expect(mine.output() == "ready\n")
            for (setting, status) in [("MemoryMax=30M", Int32(0)), ("MemoryMax=40M", 64), ("TasksMax=51", 64)] {
                let done = try rig.launch(["set", "mine", setting], wrapped: nobody).finish()
                #expect(done.status == status, "\(setting): \(done.errors)")
                #expect(done.errors.contains("gives more than the policy") == (status == 64))
            }
            #expect(try rig.bytes("mine.1", "memory.max") == 30 << 20)
            #expect(try rig.file("mine.1", "pids.max") == "50")
            #expect(try rig.pinfold("set", "mine", "MemoryMax=50M").status == 0)
            #expect(try rig.bytes("mine.1", "memory.max") == 50 << 20)
            withExtendedLifetime((ours, mine)) {}
        }
    }

    @Test func forkBombStopsAtItsLimitAndEndsCleanly() throws {
        try Rig.with { rig in
            let sibling = try rig.start("sibling")
            let bomb = try rig.load("bomb", "ready bomb", flags: ["--set", "TasksMax=40"])
            try rig.until("the bomb to reach its limit") {
                try rig.counter("bomb.1", "pids.events", "max") > 0 && rig.bytes("bomb.1", "pids.current") == 40
            }
            try rig.until("figures") { try rig.session("bomb")["tasks"]?.int64 == 40 }
            // Others start as ever.
            #expect(try rig.pinfold("run", "--", "true").status == 0)
            #expect(try rig.pinfold("kill", "bomb").status == 0)
            #expect(try bomb.wait() == 137)
            #expect(try rig.cgroups() == ["sibling.1"])
            withExtendedLifetime(sibling) {}
        }
    }

    @Test func tasksBeyondTheLimitAreRefusedAndTheOthersGoOn() throws {
        try Rig.with { rig in
            let program = try rig.start(
                "a", "sleep 1000 & sleep 1000 & echo ready; sleep 1000 & echo never", flags: ["--set", "TasksMax=3"])
            #expect(try program.wait() == 2)
            #expect(program.errors().contains("fork"))
            #expect(!program.output().contains("never"))
            #expect(try rig.cgroups() == [])
        }
    }

    @Test func quotaOfCPUHolds() throws {
        try Rig.with { rig in
            let program = try rig.start(
                "a", "echo ready; while :; do :; done", flags: ["--set", "CPUQuota=10%", "--set", "AllowedCPUs=1"])
            try rig.until("it to be held back") { try rig.counter("a.1", "cpu.stat", "nr_throttled") > 3 }
            #expect(try rig.file("a.1", "cpuset.cpus.effective") == "1")
            withExtendedLifetime(program) {}
        }
    }

    /// Over the high limit a session is slowed down, not killed.
    @Test func sessionOverItsHighLimitLives() throws {
        try Rig.with { rig in
            let program = try rig.load(
                "a", "anon=31 ready stay", flags: ["--set", "MemoryMax=60M", "--set", "MemoryHigh=30M"])
            #expect(try rig.counter("a.1", "memory.events", "high") > 0)
            #expect(try rig.counter("a.1", "memory.events", "max") == 0)
            #expect(try rig.processes(of: "a.1").count == 1)
            withExtendedLifetime(program) {}
        }
    }
}
