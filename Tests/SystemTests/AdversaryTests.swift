import PinfoldCgroups
import PinfoldJSON
import PinfoldLinux
import TestSupport
import Testing

/// Sessions that do what they can to stay, or to hurt others. `$me` is the session's own directory.
private let adversaries: [(name: String, script: String)] = [
    ("stopped, with signals ignored", "trap '' TERM INT HUP; sleep 1000 & kill -STOP $!; echo ready; kill -STOP $$"),
    ("freezes itself", "echo ready; echo 1 > $me/cgroup.freeze; exec sleep 1000"),
    (
        "freezes a part of itself",
        "mkdir $me/x; sh -c 'echo 0 > '$me'/x/cgroup.procs; echo 1 > '$me'/x/cgroup.freeze; exec sleep 1000' & "
            + "until grep -q 'frozen 1' $me/x/cgroup.events; do :; done; echo ready; exec sleep 1000"
    ),
    (
        "threaded, with a cgroup that is neither",
        "mkdir $me/x && echo threaded > $me/x/cgroup.type && echo 0 > $me/x/cgroup.threads && mkdir $me/x/y || exit 9; "
            + "trap '' TERM; sleep 1000 & echo ready; while :; do sleep 1000; done"
    ),
    (
        "as deep as it may, and wide",
        "at=$me; n=0; while mkdir $at/d 2>/dev/null; do at=$at/d; n=$((n+1)); done; i=0; "
            + "while test $i -lt 20; do mkdir $me/w$i; i=$((i+1)); done; "
            + "sh -c 'trap \"\" TERM; echo 0 > '$at'/cgroup.procs; exec sleep 1000' & "
            + "until grep -q . $at/cgroup.procs; do :; done; echo depth $n; echo ready; exec sleep 1000"
    ),
    (
        "forks in a loop, double-forked, with signals ignored",
        "trap '' TERM INT HUP; (setsid sh -c 'while :; do sleep 0.01 & wait; done' &); "
            + "f() { (setsid sleep 1000 &); sleep 0.01; }; echo ready; while :; do f; done"
    ),
    ("closes what its launcher gave it", "setsid sleep 1000 & echo ready; exec 0<&- 1>&- 2>&-; exec sleep 1000"),
]

@Suite(.needsCgroups)
struct AdversaryTests {
    /// The way with grace meets the same adversaries as the way without: `KillTests` has the latter.
    @Test(arguments: adversaries.map(\.name), ["end", "kill"])
    func nothingEscapesItsEnd(name: String, command: String) throws {
        let script = try #require(adversaries.first { $0.name == name }).script
        try Rig.with(policies: ["default.policy": "[Session]\nStdinCloseSec=50ms\nTermSec=100ms\n"]) { rig in
            let bystander = try rig.start("bystander")
            let victim = try rig.start("victim", "me=\(rig.sessions)/victim.1; " + script)
            #expect(try !rig.processes(of: "victim.1").isEmpty)
            #expect(try rig.pinfold(command, "victim").status == 0)
            #expect(try rig.cgroups() == ["bystander.1"])
            #expect(try victim.wait() == 137)
            #expect(try rig.cause("victim") == (command == "end" ? "ended" : "killed"))
            #expect(try rig.lives("bystander"))
            withExtendedLifetime(bystander) {}
        }
    }

    @Test func sessionMayNestOnlySoDeep() throws {
        try Rig.with { rig in
            let deep = try #require(adversaries.first { $0.name.hasPrefix("as deep") }).script
            let program = try rig.start("a", "me=\(rig.sessions)/a.1; " + deep)
            #expect(program.output().contains("depth 32\n"))
            try rig.pinfold("kill", "a")
            #expect(try rig.cgroups() == [])
            #expect(try program.wait() == 137)
        }
    }

    @Test func nothingOfAnAdversaryOutlivesItsLauncher() throws {
        try Rig.with { rig in
            let launcher = try rig.start("a", "me=\(rig.sessions)/a.1; " + adversaries[5].script)
            try launcher.send(.kill)
            try rig.await("ended", "a")
            #expect(try rig.cause("a") == "lease_lost")
            #expect(try rig.cgroups() == [])
        }
    }

    /// Root may leave its cgroup. The session is over then, and its launcher knows one process that is to go with it.
    @Test(.enabled(if: ownUser() == 0, "only root may leave a cgroup of root's"))
    func commandThatLeavesItsCgroupEndsWithItsSession() throws {
        try Rig.with { rig in
            let program = try rig.start(
                "a", "echo $$; echo ready; read line; echo 0 > \(rig.slice)/controller/cgroup.procs; exec sleep 1000",
                input: .pipe)
            let command = try #require(program.output().split(separator: "\n").first.flatMap { ProcessID($0) })
            try program.write("\n")
            #expect(try program.wait() == 137)
            #expect(program.errors().contains("no process is left in its cgroup"))
            try rig.until("the command's end") { ProcessStat.of(command).map { $0.state == "Z" } ?? true }
            #expect(try rig.cause("a") == "ended")
            #expect(try rig.cgroups() == [])
        }
    }

    /// Files in memory are nobody's processes: they stay when the session goes, and count for the pool until somebody
    /// deletes them.
    @Test(.needsMemoryController) func sharedMemoryOutlivesItsSessionAndCountsForThePool() throws {
        try Rig.with { rig in
            let file = "/dev/shm/pinfold-test-\(ownProcessID())"
            let done = try rig.pinfold(
                "run", "-s", "a", "--", "sh", "-c", "head -c 20M /dev/zero > \(file)")
            defer { _ = try? Program("rm", ["-f", file], rig: rig).wait() }
            #expect(done.status == 0)
            #expect(try rig.cgroups() == [])
            #expect(try rig.bytes("", "memory.current") > 20 << 20)
            #expect(try Program("rm", [file], rig: rig).wait() == 0)
            try rig.until("its memory to come back") { try rig.bytes("", "memory.current") < 10 << 20 }
        }
    }

    @Test(.needsMemoryController) func sharedMemoryOverTheLimitEndsTheSession() throws {
        try Rig.with { rig in
            let file = "/dev/shm/pinfold-test-over-\(ownProcessID())"
            let done = try rig.pinfold(
                "run", "-s", "a", "--set", "MemoryMax=10M", "--", "sh", "-c", "head -c 40M /dev/zero > \(file)")
            defer { _ = try? Program("rm", ["-f", file], rig: rig).wait() }
            #expect(done.status == 137)
            #expect(try rig.cause("a") == "memory_limit")
            #expect(try rig.cgroups() == [])
        }
    }
}
