import Foundation
import PinfoldCgroups
import PinfoldJSON
import PinfoldLinux
import TestSupport
import Testing

/// An ordinary user of every Debian, with nothing of its own.
private let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]

@Suite(
    .enabled(if: Machine.canMakeCgroups, "cgroups cannot be made on this machine"),
    .enabled(if: ownUser() == 0, "only root can play several users"))
struct PlacementTests {
    @Test func ordinaryUserOfRootsControllerIsAttached() throws {
        try Rig.with { rig in
            try rig.openToOthers()
            let program = try rig.start(
                "a", "cat /proc/self/cgroup; id -u; echo ready; exec sleep 1000", wrapped: nobody)
            #expect(try rig.session("a")["placement"]?.string == "attach")
            #expect(try rig.session("a")["owner"]?.int64 == 65_534)
            #expect(program.output().contains("/sessions/a.1\n65534\n"))
            try rig.pinfold("kill", "a")
            #expect(try program.wait() == 137)
            #expect(try rig.cgroups() == [])
        }
    }

    @Test func userWithAllTheirPlacesIsRefusedAndOthersAreNot() throws {
        try Rig.with(pool: "MaxSessionsPerUser=1", policies: ["default.policy": "[Session]\nEvict=never\n"]) { rig in
            try rig.openToOthers()
            let theirs = try rig.start("theirs", wrapped: nobody)
            let refused = try rig.launch(["run", "-s", "more", "--wait", "1s", "--", "true"], wrapped: nobody).finish()
            #expect(refused.status == 73)
            #expect(refused.errors.contains("MaxSessionsPerUser="))
            #expect(try rig.pinfold("run", "-s", "ours", "--", "true").status == 0)
            withExtendedLifetime(theirs) {}
        }
    }

    @Test func usersSeeAndMoveTheirOwnSessionsAlone() throws {
        try Rig.with { rig in
            try rig.openToOthers()
            let theirs = try rig.start("theirs", wrapped: nobody)
            let ours = try rig.start("ours")
            let list = try rig.launch(["list", "--json"], wrapped: nobody).finish()
            #expect(try JSON.parse(list.output)["sessions"]?.array?.compactMap { $0["id"]?.string } == ["theirs"])
            for arguments in [["kill", "ours"], ["show", "ours"], ["set", "ours", "TasksMax=1"], ["pin", "ours"]] {
                let done = try rig.launch(arguments, wrapped: nobody).finish()
                #expect(done.status == 1)
                #expect(done.errors.contains("there is no session 'ours'"))
            }
            let events = try rig.launch(["events", "--json"], wrapped: nobody).finish().output
            #expect(!events.contains("ours"))
            #expect(try rig.launch(["reload"], wrapped: nobody).finish().errors.contains("only root"))
            #expect(try rig.launch(["kill", "theirs"], wrapped: nobody).finish().status == 0)
            #expect(try rig.lives("ours"))
            withExtendedLifetime((theirs, ours)) {}
        }
    }

    @Test func usersMayTightenAndNotLoosen() throws {
        try Rig.with(policies: ["default.policy": "[Session]\nIdleTimeoutSec=1h\n"]) { rig in
            try rig.openToOthers()
            let loose = try rig.launch(["run", "--set", "IdleTimeoutSec=2h", "--", "true"], wrapped: nobody).finish()
            #expect(loose.status == 64)
            #expect(loose.errors.contains("gives more than the policy 'default' does (IdleTimeoutSec=1h)"))
            #expect(
                try rig.launch(["run", "--set", "IdleTimeoutSec=1min", "--", "true"], wrapped: nobody).finish().status
                    == 0)
            #expect(try rig.pinfold("run", "--set", "IdleTimeoutSec=2h", "--", "true").status == 0)
        }
    }

    /// On many kernels, whoever lives in a cgroup that was killed once cannot give birth in another one.
    @Test func launcherInAOnceKilledCgroupStillStartsItsCommand() throws {
        try Rig.with { rig in
            try withTestCgroup("tainted") { tainted in
                _ = try tainted.kill()
                let enter = ["sh", "-c", "echo $$ > \(tainted.path)/cgroup.procs; exec \"$@\"", "sh"]
                let program = try rig.start("a", wrapped: enter)
                let placement = try rig.session("a")["placement"]?.string
                let features = try JSON.parse(try rig.pinfold("doctor", "--json").output)["features"]?.array
                let isBuggy =
                    features?.first { $0["name"]?.string == "reuse after kill" }?["status"]?.string == "missing"
                #expect(placement == (isBuggy ? "attach" : "into"))
                try rig.pinfold("kill", "a")
                #expect(try program.wait() == 137)
            }
        }
    }

    @Test func ordinaryUserWithoutDelegationIsRefusedWithTheRemedy() throws {
        try Rig.with(starts: false) { rig in
            try rig.openToOthers()
            let state = rig.folder + "/theirs"
            try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: false)
            try FileManager.default.setAttributes(
                [.ownerAccountID: 65_534, .groupOwnerAccountID: 65_534], ofItemAtPath: state)
            let done = try rig.launch(
                [
                    "serve", "--slice", rig.slice, "--policies", rig.folder + "/policies", "--state", state, "--socket",
                    state + "/s",
                ], wrapped: nobody
            ).finish()
            #expect(done.status == 1)
            #expect(done.errors.contains("belongs to somebody else"))
            #expect(done.errors.contains("Delegate=yes"))
        }
    }

    @Test func readOnlyTreeIsNamedWithWhatToAskFor() throws {
        try Rig.with(starts: false) { rig in
            let mountPoint = try unwrap(Machine.mountPoint)
            let script =
                "mount --bind \(mountPoint) \(mountPoint) && mount -o remount,bind,ro \(mountPoint) && exec \"$@\""
            let done = try rig.launch(rig.serveArguments, wrapped: ["unshare", "-m", "sh", "-c", script, "sh"]).finish()
            #expect(done.status == 1)
            #expect(done.errors.contains("is mounted read-only"))
            #expect(done.errors.contains("writable"))
        }
    }

    @Test func directoryThatIsNoCgroupIsRefused() throws {
        try Rig.with(starts: false) { rig in
            let arguments = rig.serveArguments.map { $0 == rig.slice ? rig.folder : $0 }
            let done = try Program(Program.pinfold, arguments, rig: rig).finish()
            #expect(done.status == 1)
            #expect(done.errors.contains("is not in a cgroup v2 tree"))
        }
    }
}
