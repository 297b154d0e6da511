import Foundation
import PinfoldCgroups
import PinfoldJSON
import PinfoldLinux
import TestSupport
import Testing

/// Controllers that die, leave and come back. Sessions go on as if nothing had been.
@Suite(.enabled(if: Machine.canMakeCgroups, "cgroups cannot be made on this machine"))
struct RestartTests {
    @Test func killedControllerEndsNoSessionAndTheNextOneTakesOver() throws {
        try Rig.with { rig in
            let program = try rig.start("a", "echo ready; read line; echo got $line; exit 5", input: .pipe)
            let before = try rig.session("a")
            try rig.killController()
            #expect(try rig.pinfold("list").status == 69)
            try rig.serve()
            try rig.await("lease_taken", "a")
            let after = try rig.session("a")
            for key in ["life", "pid", "cgroup", "placement", "policy", "owner"] {
                #expect(after[key] == before[key], "\(key)")
            }
            try program.write("hello\n")
            #expect(try program.wait() == 5)
            #expect(program.output().contains("got hello"))
            #expect(program.errors() == "")
            #expect(try rig.cause("a") == "exited")
            #expect(try rig.cgroups() == [])
        }
    }

    /// The command ends while nobody is there to be told.
    @Test func statusOfACommandThatEndsMeanwhileIsNotLost() throws {
        try Rig.with { rig in
            let program = try rig.start("a", "echo ready; read line; exit 7", input: .pipe)
            try rig.killController()
            try program.write("go\n")
            try rig.serve()
            #expect(try program.wait() == 7)
            try rig.await("ended", "a")
            #expect(try rig.cause("a") == "exited")
            #expect(try rig.cgroups() == [])
        }
    }

    @Test func launcherThatDiedMeanwhileLeavesNothing() throws {
        try Rig.with { rig in
            let program = try rig.start("a", "setsid sleep 1000 & echo ready; exec sleep 1000")
            try rig.killController()
            try program.send(.kill)
            _ = try program.wait()
            try rig.serve()
            try rig.await("ended", "a")
            #expect(try rig.cause("a") == "lease_lost")
            #expect(try rig.cgroups() == [])
        }
    }

    @Test func controllerThatIsAskedToLeaveLeavesSessionsRunning() throws {
        try Rig.with { rig in
            let program = try rig.start("a")
            #expect(try rig.stopController() == 0)
            #expect(try rig.processes(of: "a.1").count == 1)
            try rig.serve()
            try rig.await("lease_taken", "a")
            try rig.pinfold("kill", "a")
            #expect(try program.wait() == 137)
        }
    }

    @Test(arguments: ["SIGTERM", "SIGKILL"])
    func requestThatIsQueuedWhenTheControllerEndsIsServedByTheNextOne(signal: String) throws {
        try Rig.with(pool: "MaxSessions=1") { rig in
            let first = try rig.start("a")
            let second = try rig.launch(["run", "-s", "b", "--", "sh", "-c", "exit 7"])
            try second.awaitErrors("waiting for a place")
            if signal == "SIGTERM" { #expect(try rig.stopController() == 0) } else { try rig.killController() }
            try rig.serve()
            try rig.await("lease_taken", "a")
            try rig.pinfold("kill", "a")
            #expect(try first.wait() == 137)
            #expect(try second.wait() == 7, "\(second.errors())")
        }
    }

    @Test func suspendedSessionIsKnownAfterARestart() throws {
        try Rig.with { rig in
            let program = try rig.start("a")
            try rig.pinfold("pin", "a")
            #expect(try rig.pinfold("suspend", "a").status == 0)
            #expect(try program.wait() == 75)
            try rig.killController()
            try rig.serve()
            let session = try rig.session("a")
            #expect(session["state"]?.string == "suspended")
            #expect(session["pinned"]?.bool == true)
            #expect(session["cause"]?["kind"]?.string == "ended")
            let again = try rig.start("a")
            #expect(try rig.session("a")["life"]?.int64 == 2)
            withExtendedLifetime(again) {}
        }
    }

    @Test func cgroupThatNoRecordKnowsIsClearedAway() throws {
        try Rig.with { rig in
            try rig.killController()
            let sessions = try unwrap(try Cgroup.open(rig.sessions))
            let stray = try sessions.create("nobody.3")
            let child = try PipedChild("echo there; exec sleep 1000", in: stray.descriptor)
            _ = try child.lines(1)
            try rig.serve()
            #expect(try stray.waitUntilEmpty(timeout: Rig.patience))
            withExtendedLifetime(child) {}
        }
    }

    @Test func recordThatCannotBeReadIsSetAsideAndTheOthersStand() throws {
        try Rig.with { rig in
            for name in ["good", "bad"] {
                let program = try rig.start(name)
                try rig.pinfold("suspend", name)
                _ = try program.wait()
            }
            _ = try rig.stopController()
            let records = rig.folder + "/state/sessions"
            try Data("{\"version\": 1, \"sess".utf8).write(to: URL(filePath: records + "/bad.json"))
            try rig.serve()
            #expect(try rig.list().compactMap { $0["id"]?.string } == ["good"])
            let said = try rig.await("record_set_aside")
            #expect(said["message"]?.string?.contains("bad.json is not a record (line 1, column") == true)
            let names = try FileManager.default.contentsOfDirectory(atPath: records)
            #expect(names.contains { $0.hasPrefix("bad.json.unreadable-") })
        }
    }

    /// As an older controller took it, and ended over it at every start.
    @Test func settingInARecordThatIsNoLongerRightIsLeftOutAloneAndReported() throws {
        try Rig.with { rig in
            let program = try rig.start("a", flags: ["--set", "TasksMax=50", "--set", "TermSec=2s"])
            try rig.pinfold("suspend", "a")
            _ = try program.wait()
            _ = try rig.stopController()
            let record = rig.folder + "/state/sessions/a.json"
            let text = try text(ofFile: record)
            #expect(text.contains("TasksMax=50"))
            let changed = text.replacingOccurrences(of: "TasksMax=50", with: "CPUQuota=184467440737095516%")
            try Data(changed.utf8).write(to: URL(filePath: record))
            try rig.serve()
            #expect(try rig.state("a") == "suspended")
            let said = "a session's setting is left out: --set: CPUQuota=184467440737095516%: is more than 819200%"
            #expect(rig.controller?.errors().contains(said) == true)
            #expect(try rig.pinfold("show", "a").output.contains("TermSec=2s"))
            #expect(try rig.pinfold("run", "-s", "a", "--", "true").status == 0)
        }
    }

    @Test func secondControllerOnTheSameSliceIsRefused() throws {
        try Rig.with { rig in
            let program = try rig.start("a")
            var arguments = rig.serveArguments
            arguments[arguments.count - 1] = rig.folder + "/other"
            let state = try #require(arguments.firstIndex(of: "--state"))
            arguments[state + 1] = rig.folder + "/other-state"
            let second = try Program(Program.pinfold, arguments, rig: rig)
            let done = try second.finish()
            #expect(done.status == 1)
            #expect(done.errors.contains("another controller holds \(rig.slice)"))
            #expect(try rig.lives("a"))
            withExtendedLifetime(program) {}
        }
    }

    /// With another slice it would take the sessions recorded there for dead ones and rewrite their records.
    @Test func secondControllerWithTheSameStateIsRefusedBeforeItTouchesASlice() throws {
        try Rig.with { rig in
            let program = try rig.start("a")
            var arguments = rig.serveArguments
            arguments[arguments.count - 1] = rig.folder + "/other"
            let slice = try #require(arguments.firstIndex(of: "--slice"))
            arguments[slice + 1] = rig.slice + "/other"
            let done = try Program(Program.pinfold, arguments, rig: rig).finish()
            #expect(done.status == 1)
            #expect(done.errors.contains("keeps its records in \(rig.folder)/state"))
            #expect(!FileManager.default.fileExists(atPath: rig.slice + "/other"))
            #expect(try rig.lives("a"))
            withExtendedLifetime(program) {}
        }
    }

    @Test func socketOfADeadControllerIsReplacedButNotALivingOnes() throws {
        try Rig.with { rig in
            // The first one died of SIGKILL and left its socket.
            try rig.killController()
            try rig.serve()
            #expect(try rig.pinfold("list").status == 0)
            try withTestCgroup("other") { other in
                let places = [rig.slice: other.path, rig.folder + "/state": rig.folder + "/other-state"]
                let arguments = rig.serveArguments.map { places[$0] ?? $0 }
                let second = try Program(Program.pinfold, arguments, rig: rig)
                let done = try second.finish()
                #expect(done.status == 1)
                #expect(done.errors.contains("somebody listens there already"))
            }
        }
    }

    @Test func deafControllerIsNotWaitedForForEver() throws {
        try Rig.with { rig in
            try rig.controller?.send(.stop)
            for arguments in [["list"], ["kill", "a"], ["run", "--", "true"], ["doctor", "--json"]] {
                let done = try rig.pinfold(arguments)
                if arguments[0] != "doctor" {
                    #expect(done.status == 69)
                    #expect(done.errors.contains("does not answer"))
                    #expect(done.errors.split(separator: "\n").count == 1)
                }
            }
            try rig.controller?.send(.resume)
        }
    }

    @Test(arguments: ["list", "events", "explain", "reload", "run"])
    func missingControllerIsReportedInOneLine(command: String) throws {
        try Rig.with(starts: false) { rig in
            let done = try rig.pinfold(command == "run" ? ["run", "--", "true"] : [command])
            #expect(done.status == 69)
            #expect(done.errors.split(separator: "\n").count == 1)
            #expect(done.errors.contains("pinfold serve"))
        }
    }

    @Test func controllerWithACommandExitsWithItAndEndsAllSessions() throws {
        try Rig.with(starts: false) { rig in
            let script =
                "'\(Program.pinfold)' run -s a -- sleep 1000 & "
                + "until '\(Program.pinfold)' list | grep -q busy; do sleep 0.05; done; cat /proc/self/cgroup; exit 6"
            let controller = try Program(Program.pinfold, rig.serveArguments + ["--", "sh", "-c", script], rig: rig)
            let done = try controller.finish()
            #expect(done.status == 6)
            #expect(done.output.contains("/command\n"))
            #expect(try rig.cgroups() == [])
        }
    }

    @Test(arguments: [("no-such-program", Int32(127)), ("/etc/passwd", 126)])
    func controllerWhoseCommandCannotStartReportsIt(program: String, status: Int32) throws {
        try Rig.with(starts: false) { rig in
            let done = try Program(Program.pinfold, rig.serveArguments + ["--", program], rig: rig).finish()
            #expect(done.status == status)
            #expect(done.errors.contains(program))
        }
    }

    /// Whenever the controller is killed: the launchers come through, the records can be read, nothing is left.
    @Test func controllerKilledAtAnyMomentLosesNothing() throws {
        try Rig.with { rig in
            for round in 0..<6 {
                let programs = try (0..<3).map { number in
                    try rig.launch(["run", "-s", "s\(number)", "--", "sh", "-c", "sleep 0.0\(round); exit \(number)"])
                }
                try rig.killController()
                try rig.serve()
                for (number, program) in programs.enumerated() {
                    let status = try program.wait()
                    // It was still asking when the controller died, or it got through whole.
                    #expect(status == 69 || status == Int32(number), "\(program.errors())")
                }
                try rig.pinfold("kill", "--all")
                #expect(try rig.cgroups() == [])
            }
        }
    }

    /// The socket is taken: the slice has been taken over by then.
    @Test func startThatFailsLeavesNoDirectoryOfItsOwnInTheTree() throws {
        try Rig.with { rig in
            for slice in [rig.slice + "/made", rig.slice + "/there"] {
                let isThere = slice.hasSuffix("there")
                if isThere { _ = try unwrap(try Cgroup.open(rig.slice)).create("there") }
                var arguments = rig.serveArguments
                arguments[2] = slice
                arguments[6] = rig.folder + "/state2"
                let done = try Program(Program.controller, arguments, rig: rig).finish()
                #expect(done.status == 1)
                #expect(done.errors.contains("somebody listens there already"), "\(done.errors)")
                #expect((try Cgroup.open(slice) != nil) == isThere)
                #expect(try Cgroup.open(slice)?.children() ?? [] == [])
            }
        }
    }
}
