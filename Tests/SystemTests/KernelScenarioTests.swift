import Foundation
import PinfoldCgroups
import PinfoldJSON
import PinfoldLinux
import TestSupport
import Testing

/// What the kernel's own selftests of cgroups (tools/testing/selftests/cgroup) try with bare files, through our commands.
///
/// Those of them that are told elsewhere: `cg_kill forkbomb` and `pids max` in `LimitsTests`, `clone_into_killed`,
/// threaded trees and `lesser_euid_open` in `KillTests` and `LimitsTests`, most of `memcontrol` in `MemoryLimitTests`
/// and `ReserveTests`.
@Suite(.needsCgroups)
struct KernelScenarioTests {
    /// test_kill, simple
    @Test func hundredProcessesAreGoneWhenKillReturns() throws {
        try Rig.with { rig in
            let program = try rig.start(
                "a", "i=0; while test $i -lt 100; do sleep 1000 & i=$((i+1)); done; echo ready; wait")
            let processes = try rig.processes(of: "a.1")
            #expect(processes.count == 101)
            #expect(try rig.pinfold("kill", "a").status == 0)
            #expect(try rig.cgroups() == [])
            // Whoever adopts orphans may not have buried them all yet.
            for process in processes { #expect(ProcessStat.of(process).map { $0.state == "Z" } ?? true) }
            #expect(try program.wait() == 137)
        }
    }

    /// test_kill, tree: A{B{C,D},E{F{G{H}}},I,K} with processes in C, H and three in K
    @Test(arguments: ["kill", "end"])
    func treeOfCgroupsGoesWithItsProcesses(command: String) throws {
        try Rig.with(policies: ["default.policy": "[Session]\nStdinCloseSec=50ms\nTermSec=100ms\n"]) { rig in
            let script = """
                me=\(rig.sessions)/a.1; mkdir -p $me/B/C $me/B/D $me/E/F/G/H $me/I $me/K
                for place in B/C E/F/G/H K K K; do
                    sh -c "trap '' TERM; echo 0 > $me/$place/cgroup.procs; exec sleep 1000" &
                done
                trap '' TERM; echo ready; while :; do wait; done
                """
            let program = try rig.start("a", script)
            try rig.until("everybody to be in place") {
                try ["B/C": 1, "E/F/G/H": 1, "K": 3].allSatisfy { try rig.processes(of: "a.1/" + $0).count == $1 }
            }
            #expect(try rig.processes(of: "a.1").count == 6)
            #expect(try rig.pinfold(command, "a").status == 0)
            #expect(try rig.cgroups() == [])
            #expect(try program.wait() == 137)
        }
    }

    /// test_core, populated
    @Test func sessionLivesForAsLongAsAnyoneBelowIt() throws {
        try Rig.with { rig in
            let script = """
                me=\(rig.sessions)/a.1; mkdir -p $me/x/y $me/z
                sh -c "echo 0 > $me/x/y/cgroup.procs; exec sleep 1000" & echo $!
                """
            let done = try rig.pinfold(
                "run", "-s", "a", "--keep-tree", "--", "sh", "-c",
                script + "\nuntil grep -q . $me/x/y/cgroup.procs; do :; done")
            #expect(done.status == 0)
            #expect(try rig.lives("a"))
            let last = try #require(ProcessID(done.output.trimmingCharacters(in: .newlines)))
            #expect(try rig.processes(of: "a.1") == [last])
            try Pidfd(last).send(.kill)
            try rig.await("ended", "a")
            #expect(try rig.cgroups() == [])
        }
    }

    /// test_freezer, simple, mkdir and rmdir; and what a freezer is for here
    @Test func idleSessionIsFrozenAndGoesOnWithItsInput() throws {
        let policy = "[Session]\nIdleAfterSec=100ms\nFreezeIdleSec=3s\nActivity=stdin touch\nTermSec=1h\n"
        try Rig.with(policies: ["default.policy": policy]) { rig in
            let program = try rig.start(
                "a", "mkdir \(rig.sessions)/a.1/x; echo ready; while read line; do echo got $line; done; exit 5",
                input: .pipe)
            func isFrozen(_ directory: String) throws -> Bool {
                try rig.counter(directory, "cgroup.events", "frozen") == 1
            }
            try rig.await("frozen", "a")
            try rig.until("everybody to stand still") { try isFrozen("a.1") && isFrozen("a.1/x") }
            try program.write("hello\n")
            try program.awaitOutput("got hello")
            try rig.await("frozen", "a")
            #expect(try rig.pinfold("touch", "a").status == 0)
            try rig.await("thawed", "a")
            try rig.await("thawed", "a")
            try rig.await("frozen", "a")
            // Frozen, it could not hear that it is to leave.
            #expect(try rig.pinfold("end", "a").status == 0)
            #expect(try program.wait() == 5)
        }
    }

    /// test_freezer, after a crash of the one who froze it
    @Test func frozenSessionGoesOnAfterItsControllerDied() throws {
        let policy = "[Session]\nIdleAfterSec=100ms\nFreezeIdleSec=3s\nActivity=stdin touch\n"
        try Rig.with(policies: ["default.policy": policy]) { rig in
            let program = try rig.start("a", "echo ready; read line; echo got $line; exit 5", input: .pipe)
            try rig.await("frozen", "a")
            try rig.killController()
            try program.write("hello\n")
            try rig.serve()
            #expect(try program.wait() == 5)
        }
    }

    /// test_memcontrol, sessions with a promise: low
    @Test(.needsMemoryController)
    func cacheThatIsPromisedToASessionIsNotTakenByOthers() throws {
        try withDisk { disk in
            // What is left of the cache of one who only waits, once another one has read more than there is room. Each
            // has a controller that knows nothing of what others before them used.
            func left(_ name: String, promise: String, _ own: Int, _ others: Int) throws -> UInt64 {
                var left: UInt64 = 0
                try Rig.with(pool: "MemoryMax=64M\nMemoryReserve=0\nMemoryReserveHard=0") { rig in
                    let program = try rig.load(
                        name, "read=\(disk)/\(own):24 ready stay",
                        flags: ["--set", "MemoryLow=\(promise)", "--set", "Evict=never"])
                    let other = try rig.load("greedy-\(name)", "read=\(disk)/\(others):80 ready stay")
                    left = try rig.counter("\(name).1", "memory.stat", "file")
                    try rig.pinfold("kill", "--all")
                    _ = try (program.wait(), other.wait())
                }
                return left
            }
            // The promise is one among sessions. Where other tests make the host itself short, it takes from everybody,
            // and what is left says nothing.
            for _ in 0..<5 {
                let before = try takenByTheHost()
                let promised = try left("promised", promise: "24M", 1, 2)
                let plain = try left("plain", promise: "0", 3, 4)
                let taken = try takenByTheHost() - before
                if taken > 0 && promised <= 20 << 20 { continue }
                #expect(promised > 20 << 20, "\(promised) of 24 MiB are left; the host took \(taken) pages")
                #expect(plain < 12 << 20, "\(plain) of 24 MiB are left")
                return
            }
            Issue.record("the host was short of memory in each of five tries")
        }
    }

    /// Pages that the host took back for want of memory of its own, and not for the limit of a cgroup.
    private func takenByTheHost() throws -> UInt64 {
        try text(ofFile: "/proc/vmstat").split(separator: "\n").reduce(0) { sum, line in
            let words = line.split(separator: " ")
            guard words.count == 2, ["pgsteal_kswapd", "pgsteal_direct"].contains(words[0]) else { return sum }
            return sum + (UInt64(words[1]) ?? 0)
        }
    }

    /// test_memcontrol, swap_max
    @Test(.needsMemoryController) func sessionDoesNotSwapUnlessThePolicyAllowsIt() throws {
        try Rig.with { rig in
            let program = try rig.start("a")
            #expect(try rig.bytes("a.1", "memory.swap.max") == 0)
            let other = try rig.start("b", flags: ["--set", "MemorySwapMax=8M"])
            #expect(try rig.bytes("b.1", "memory.swap.max") == 8 << 20)
            withExtendedLifetime((program, other)) {}
        }
    }

    /// test_memcontrol, current_peak
    @Test(.needsMemoryController) func peakIsKeptAfterTheMemoryIsBack() throws {
        try Rig.with { rig in
            let program = try rig.start(
                "a", "\(try Load.program) anon=30; echo ready; exec sleep 1000")
            try rig.until("a look at it") { try rig.session("a")["memoryPeak"]?.int64 ?? 0 > 0 }
            let session = try rig.session("a")
            #expect(session["memoryPeak"]?.int64 ?? 0 > 30 << 20)
            #expect(session["memoryCurrent"]?.int64 ?? .max < 10 << 20)
            try rig.pinfold("kill", "a")
            _ = try program.wait()
            #expect(try rig.session("a")["memoryPeak"]?.int64 ?? 0 > 30 << 20)
            #expect(try rig.await("ended", "a")["peakBytes"]?.int64 ?? 0 > 30 << 20)
        }
    }
}
