import PinfoldCgroups
import PinfoldJSON
import PinfoldLinux
import TestSupport
import Testing

/// A limit is hit: who dies, who lives, and what is said of it.
@Suite(.needsMemoryController)
struct MemoryLimitTests {
    @Test func sessionOverItsLimitDiesWholeAndItsSiblingsLive() throws {
        try Rig.with { rig in
            let load = try Load.program
            let sibling = try rig.load("sibling", "anon=30 ready stay")
            // A grandchild in a session of its own, forked twice: nobody's process group and nobody's child.
            let greedy = try rig.start(
                "greedy", "(setsid \(load) anon=5 hidden stay &); echo ready; exec \(load) line anon=100 stay",
                flags: ["--set", "MemoryMax=40M"], input: .pipe)
            try greedy.awaitOutput("hidden")
            #expect(try rig.processes(of: "greedy.1").count == 2)
            try greedy.write("go\n")
            #expect(try greedy.wait() == 137)
            #expect(
                greedy.errors()
                    == "pinfold: session 'greedy' was ended: over its own memory limit of 40M: 2 processes were "
                    + "killed; raise MemoryMax= if it needs more\n")
            #expect(try rig.cgroups() == ["sibling.1"])
            #expect(try rig.processes(of: "sibling.1").count == 1)

            let cause = try #require(try rig.session("greedy")["cause"])
            #expect(cause["kind"]?.string == "memory_limit")
            #expect(cause["kills"]?.int64 == 2)
            #expect(cause["limitBytes"]?.int64 == 40 << 20)
            let peak = try #require(cause["peakBytes"]?.int64)
            #expect(peak > 38 << 20 && peak <= 40 << 20)
            #expect(try rig.session("greedy")["memoryPeak"]?.int64 == peak)
            #expect(try rig.state("greedy") == "ended")
            #expect(try rig.await("ended", "greedy")["cause"]?.string == "memory_limit")
            withExtendedLifetime(sibling) {}
        }
    }

    @Test func limitBelowWhatTheSessionUsesIsRefusedWithoutForce() throws {
        try Rig.with { rig in
            let program = try rig.load("a", "anon=60 ready stay")
            try rig.until("its memory to be seen") { try rig.session("a")["memoryWorkingSet"]?.int64 ?? 0 > 50 << 20 }
            let refused = try rig.pinfold("set", "a", "MemoryMax=10M")
            #expect(refused.status == 1)
            #expect(
                refused.errors.contains("with MemoryMax=10M the kernel would kill it; suspend it first, or say --force")
            )
            #expect(try rig.lives("a"))
            #expect(try rig.pinfold("set", "a", "MemoryMax=100M").status == 0)
            #expect(try rig.pinfold("set", "a", "--force", "MemoryMax=10M").status == 0)
            #expect(try program.wait() == 137)
        }
    }

    @Test func processorThatIsNotThereIsNamedWithThoseThatAre() throws {
        try Rig.with { rig in
            let done = try rig.pinfold("run", "--set", "AllowedCPUs=0-999", "--", "true")
            #expect(done.errors.contains("AllowedCPUs="))
            #expect(done.errors.contains("there is no such processor; this machine has 0"), "\(done.errors)")
        }
    }

    /// What the kernel does not take, we do: a process that is safe from the OOM killer does not outlive its session.
    @Test func processThatNoKillerMayTakeGoesWithItsSession() throws {
        try Rig.with { rig in
            let load = try Load.program
            let program = try rig.start(
                "a",
                "sh -c 'echo -1000 > /proc/self/oom_score_adj && exec setsid \(load) safe stay' & "
                    + "echo ready; exec \(load) line anon=100 stay", flags: ["--set", "MemoryMax=20M"], input: .pipe)
            try program.awaitOutput("safe")
            try program.write("go\n")
            #expect(try program.wait() == 137)
            #expect(try rig.cause("a") == "memory_limit")
            #expect(try rig.session("a")["cause"]?["kills"]?.int64 == 1)
            #expect(try rig.cgroups() == [])
        }
    }

    @Test func oneProcessDiesWhereThePolicyGoesOn() throws {
        try Rig.with(policies: ["default.policy": "[Session]\nMemoryMax=20M\nOOMPolicy=continue\n"]) { rig in
            let program = try rig.start(
                "a", "echo ready; \(try Load.program) anon=60; echo status $?; read line; exit 4", input: .pipe)
            try program.awaitOutput("status 137")
            // It may be seen at its limit before it is seen to be killed.
            while try rig.await("memory_event", "a")["kills"]?.int64 != 1 {}
            #expect(try rig.processes(of: "a.1").count == 1)
            try program.write("\n")
            #expect(try program.wait() == 4)
            #expect(try rig.cause("a") == "exited")
        }
    }

    /// A session with cgroups of its own is one session still: the limit is its, and all of it goes.
    @Test func sessionWithCgroupsOfItsOwnDiesWhole() throws {
        try Rig.with { rig in
            let load = try Load.program
            let script = """
                me=\(rig.sessions)/a.1; mkdir $me/x $me/y; echo $$ > $me/x/cgroup.procs
                echo +memory > $me/cgroup.subtree_control || exit 9
                sh -c 'echo 0 > '$me/y/cgroup.procs'; exec setsid \(load) anon=5 hidden stay' &
                echo ready; exec \(load) line anon=100 stay
                """
            let program = try rig.start("a", script, flags: ["--set", "MemoryMax=40M"], input: .pipe)
            try program.awaitOutput("hidden")
            try program.write("go\n")
            #expect(try program.wait() == 137)
            #expect(try rig.cause("a") == "memory_limit")
            #expect(try rig.session("a")["cause"]?["kills"]?.int64 == 2)
            #expect(try rig.cgroups() == [])
        }
    }

    @Test func poolOverItsLimitIsReportedFromASessionOverItsOwn() throws {
        try Rig.with(pool: "MemoryMax=64M\nMemoryReserve=0\nMemoryReserveHard=0") { rig in
            let load = try Load.program
            let calm = try rig.load("calm", "anon=10 ready stay")
            let greedy = try rig.start(
                "greedy", "(setsid \(load) hidden stay &); echo ready; exec \(load) line anon=100 stay", input: .pipe)
            try greedy.awaitOutput("hidden")
            try greedy.write("go\n")
            #expect(try greedy.wait() == 137)
            #expect(greedy.errors().contains("was ended: the pool was over its memory limit: 2 processes were killed"))
            #expect(try rig.cause("greedy") == "pool_limit")
            let cause = try rig.session("greedy")["cause"]
            #expect(cause?["kills"]?.int64 == 2)
            #expect(cause?["limitBytes"]?.int64 == 512 << 20, "its own limit, which it did not reach")
            while try rig.await("memory_event")["poolOutOfMemory"] == nil {}
            #expect(try rig.cgroups() == ["calm.1"])
            withExtendedLifetime(calm) {}
        }
    }

    /// In a container with a limit the host is that limit: whoever is above the pool kills, and it is neither the
    /// session's limit nor the pool's.
    @Test func limitAboveThePoolIsTheHosts() throws {
        try Rig.with(pool: "MemoryMax=infinity\nMemoryReserve=0\nMemoryReserveHard=0", starts: false) { rig in
            #expect(try unwrap(try Cgroup.open(rig.slice)).write("memory.max", "96M") == .done)
            try rig.serve()
            let calm = try rig.load("calm", "anon=10 ready stay")
            let greedy = try rig.load("greedy", "ready line anon=200 stay", input: .pipe)
            try greedy.write("go\n")
            #expect(try greedy.wait() == 137)
            #expect(greedy.errors().contains("was ended: the host was out of memory: 1 process was killed"))
            #expect(try rig.cause("greedy") == "host_memory")
            #expect(try rig.cgroups() == ["calm.1"])
            withExtendedLifetime(calm) {}
        }
    }

    @Test func memoryOfAKilledSessionIsBack() throws {
        try Rig.with { rig in
            let before = try rig.bytes("", "memory.current")
            for life in 1...3 {
                let program = try rig.load("a", "anon=30 ready stay")
                #expect(try rig.bytes("a.\(life)", "memory.current") > 30 << 20)
                #expect(try rig.pinfold("kill", "a").status == 0)
                #expect(try program.wait() == 137)
                #expect(try rig.cgroups() == [])
                try rig.until("its memory to come back") { try rig.bytes("", "memory.current") < before + 4 << 20 }
            }
        }
    }
}
