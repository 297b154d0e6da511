import PinfoldCgroups
import PinfoldJSON
import PinfoldLinux
import TestSupport
import Testing

/// Scripts that do what makes trees hard to kill. Each says `ready` when it has done so.
private let adversaries: [(name: String, script: String)] = [
    ("plain", "echo ready; exec sleep 1000"),
    ("children", "sleep 1000 & sleep 1000 & (sleep 1000 & sleep 1000 & wait) & echo ready; wait"),
    ("setsid", "setsid sleep 1000 & sleep 0.1; echo ready; wait"),
    ("double fork", "(setsid sh -c 'sleep 1000 & exit 0' &) ; sleep 0.1; echo ready; exec sleep 1000"),
    ("ignores every signal it can", "trap '' TERM INT HUP QUIT; echo ready; while :; do sleep 1000; done"),
    ("stops itself", "(sleep 0.2; kill -CONT $$) & echo ready; kill -STOP $$; exec sleep 1000"),
    ("stopped for good", "sleep 1000 & kill -STOP $!; echo ready; kill -STOP $$"),
    (
        "forks in a loop",
        "f() { (f & f &) ; exit 0; }; for i in 1 2 3; do (while :; do sleep 0.01 & wait; done) & done; echo ready; wait"
    ),
]

@Suite(.enabled(if: Machine.canMakeCgroups, "cgroups cannot be made on this machine"))
struct KillTests {
    @Test(arguments: adversaries.map(\.name))
    func nothingEscapesAKill(name: String) throws {
        let script = try #require(adversaries.first { $0.name == name }).script
        try Rig.with { rig in
            let bystander = try rig.start("bystander")
            let victim = try rig.start("victim", script)
            let before = try rig.processes(of: "victim.1")
            #expect(!before.isEmpty)
            #expect(try rig.pinfold("kill", "victim").status == 0)
            // When kill returns it is over: nobody left, no directory left.
            #expect(try rig.cgroups() == ["bystander.1"])
            #expect(try victim.wait() == 137)
            #expect(victim.errors().contains("killed by uid 0"))
            #expect(try rig.state("victim") == "ended")
            #expect(try rig.cause("victim") == "killed")
            #expect(try rig.lives("bystander"))
            withExtendedLifetime(bystander) {}
        }
    }

    @Test func endingGivesTimeAndThenNone() throws {
        try Rig.with(policies: ["default.policy": "[Session]\nStdinCloseSec=50ms\nTermSec=100ms\n"]) { rig in
            let polite = try rig.start(
                "polite", "trap 'echo bye; exit 4' TERM; echo ready; while :; do sleep 1000 & wait; done")
            let rude = try rig.start("rude", "trap '' TERM; echo ready; while :; do sleep 1000; done")
            #expect(try rig.pinfold("end", "polite", "rude").status == 0)
            #expect(try polite.wait() == 4)
            #expect(polite.output().contains("bye"))
            #expect(try rude.wait() == 137)
            #expect(try rig.cgroups() == [])
        }
    }

    @Test func closedInputIsAskedBeforeSIGTERM() throws {
        try Rig.with { rig in
            let program = try rig.start(
                "a", "trap 'echo terminated' TERM; echo ready; while read line; do :; done; echo input ended; exit 0",
                input: .pipe)
            #expect(try rig.pinfold("end", "a").status == 0)
            #expect(try program.wait() == 0)
            #expect(program.output().contains("input ended"))
            #expect(!program.output().contains("terminated"))
        }
    }

    @Test func whatTheCommandLeavesBehindGoesWithIt() throws {
        try Rig.with { rig in
            let done = try rig.pinfold("run", "-s", "a", "--", "sh", "-c", "setsid sleep 1000 & sleep 0.1; exit 6")
            #expect(done.status == 6)
            #expect(try rig.cgroups() == [])
        }
    }

    @Test func keptTreeGoesOnAfterItsCommand() throws {
        try Rig.with { rig in
            let done = try rig.pinfold(
                "run", "-s", "a", "--keep-tree", "--", "sh", "-c", "setsid sleep 1000 & sleep 0.1; exit 6")
            #expect(done.status == 6)
            #expect(try rig.processes(of: "a.1").count == 1)
            #expect(try rig.pinfold("end", "a").status == 0)
            #expect(try rig.cgroups() == [])
        }
    }

    @Test func sessionDiesWithItsLauncherHoweverThatDies() throws {
        try Rig.with { rig in
            let launcher = try rig.start("a", "setsid sleep 1000 & echo ready; exec sleep 1000")
            try launcher.send(.kill)
            try rig.await("ended", "a")
            #expect(try rig.cgroups() == [])
            #expect(try rig.cause("a") == "lease_lost")
        }
    }

    @Test func sessionDiesWithItsLaunchersParent() throws {
        try Rig.with { rig in
            let harness = try Program(
                "sh", ["-c", "'\(Program.pinfold)' run -s a -- sleep 1000 & wait"], rig: rig)
            try rig.await("started", "a")
            try harness.send(.kill)
            try rig.await("ended", "a")
            #expect(try rig.cgroups() == [])
        }
    }

    @Test func sessionThatMadeCgroupsOfItsOwnIsKilledAndRemovedWhole() throws {
        try Rig.with { rig in
            let script = """
                me=\(rig.sessions)/a.1
                mkdir -p $me/x/y $me/z
                for place in x x/y z; do sh -c 'echo 0 > '$me/$place'/cgroup.procs; exec sleep 1000' & done
                sleep 0.2; echo ready; exec sleep 1000
                """
            let program = try rig.start("a", script)
            #expect(try rig.processes(of: "a.1").count == 4)
            #expect(try rig.pinfold("kill", "a").status == 0)
            #expect(try rig.cgroups() == [])
            #expect(try program.wait() == 137)
        }
    }

    @Test func frozenSessionIsKilled() throws {
        try Rig.with { rig in
            let program = try rig.start("a")
            let cgroup = try unwrap(try Cgroup.open(rig.sessions + "/a.1"))
            #expect(try cgroup.freeze())
            #expect(try rig.pinfold("kill", "a").status == 0)
            #expect(try program.wait() == 137)
        }
    }

    /// In a threaded subtree processes cannot be listed, and `cgroup.kill` is refused below its root.
    @Test func sessionWithAThreadedSubtreeIsKilled() throws {
        try Rig.with { rig in
            let script = """
                me=\(rig.sessions)/a.1
                mkdir $me/x && echo threaded > $me/x/cgroup.type && echo 0 > $me/x/cgroup.threads || exit 9
                sleep 1000 & echo ready; exec sleep 1000
                """
            let program = try rig.start("a", script)
            let cgroup = try unwrap(try Cgroup.open(rig.sessions + "/a.1"))
            #expect(try cgroup.read("cgroup.type").value?.hasPrefix("domain threaded") == true)
            #expect(try rig.pinfold("kill", "a").status == 0)
            #expect(try rig.cgroups() == [])
            #expect(try program.wait() == 137)
        }
    }

    /// On many kernels whatever is born in a directory that was killed once dies at birth.
    @Test func sameNameLivesAgainAfterAKill() throws {
        try Rig.with { rig in
            for life in 1...5 {
                let program = try rig.start("a")
                #expect(try rig.session("a")["life"]?.int64 == Int64(life))
                #expect(try rig.pinfold("kill", "a").status == 0)
                #expect(try program.wait() == 137)
            }
        }
    }
}
