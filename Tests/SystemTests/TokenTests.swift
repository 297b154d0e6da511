import Foundation
import PinfoldJSON
import PinfoldLinux
import TestSupport
import Testing

/// Somebody who may not even know that there is another user's session.
private let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]

/// What a session leaves for its next life by `pinfold token`, and finds in PINFOLD_RESUME.
@Suite(.enabled(if: Machine.canMakeCgroups, "cgroups cannot be made on this machine"))
struct TokenTests {
    /// Tells what it found, then waits like a REPL, and saves its state when it is asked to leave.
    private static let saving = """
        echo "found=${PINFOLD_RESUME-nothing}"
        trap '"\(Program.pinfold)" token "saved in life $PINFOLD_LIFE" || echo refused; exit 0' TERM
        sleep 1000 &
        echo ready
        wait
        """
    /// No time for the first stage, and enough for the second on a busy machine.
    private static let patient = ["--set", "StdinCloseSec=0", "--set", "TermSec=60s"]
    private static let reporting = "echo \"found=${PINFOLD_RESUME-nothing}\"; echo ready; exec sleep 1000"

    private func found(_ program: Program) throws -> String {
        let line = program.output().split(separator: "\n").first { $0.hasPrefix("found=") }
        return String(try #require(line).dropFirst(6))
    }

    /// What a command finds that is started as this session now.
    private func foundBy(_ rig: Rig, _ name: String) throws -> String {
        let done = try rig.pinfold("run", "-s", name, "--", "sh", "-c", "printf %s \"${PINFOLD_RESUME-nothing}\"")
        #expect(done.status == 0, "\(done.errors)")
        return done.output
    }

    @Test func stateSavedInTheSecondStageIsFoundByTheNextLifeAndTheOneAfterIt() throws {
        try Rig.with { rig in
            for life in 1...3 {
                let program = try rig.start("a", Self.saving, flags: Self.patient)
                #expect(try found(program) == (life == 1 ? "nothing" : "saved in life \(life - 1)"))
                #expect(try rig.session("a")["resumable"]?.bool == (life > 1))
                #expect(try rig.pinfold("suspend", "a").status == 0)
                #expect(try program.wait() == 75)
                #expect(!program.output().contains("refused"))
                let session = try rig.session("a")
                #expect(session["state"]?.string == "suspended")
                #expect(session["resumable"]?.bool == true)
            }
        }
    }

    @Test func evictionIsAMomentToSaveToo() throws {
        let restless = "[Session]\nIdleAfterSec=50ms\nStdinCloseSec=0\nTermSec=60s\n"
        try Rig.with(pool: "MaxSessions=1", policies: ["default.policy": restless]) { rig in
            let program = try rig.start("a", Self.saving)
            try rig.await("idle", "a")
            #expect(try rig.pinfold("run", "-s", "b", "--", "true").status == 0)
            #expect(try program.wait() == 75)
            #expect(try rig.cause("a") == "pool_full")
            #expect(try foundBy(rig, "a") == "saved in life 1")
        }
    }

    /// A command that ends by itself is not suspended; what it left is there for whoever starts it again.
    @Test(arguments: [true, false])
    func endedSessionIsResumedAlsoOverTheDeathOfTheController(isKilled: Bool) throws {
        try Rig.with { rig in
            let done = try rig.pinfold("run", "-s", "a", "--", Program.pinfold, "token", "left behind")
            #expect(done.status == 0, "\(done.errors)")
            try rig.await("ended", "a")
            #expect(try rig.state("a") == "ended")
            if isKilled {
                try rig.killController()
            } else {
                #expect(try rig.stopController() == 0)
            }
            try rig.serve()
            #expect(try rig.session("a")["resumable"]?.bool == true)
            #expect(try foundBy(rig, "a") == "left behind")
        }
    }

    /// Whoever was told that the token is kept can rely on it, whatever happens to the controller in the next moment.
    @Test func tokenSurvivesAControllerThatIsKilledRightAfterwards() throws {
        try Rig.with { rig in
            let program = try rig.start("a", Self.reporting, input: .pipe)
            for round in 0..<5 {
                #expect(try rig.pinfold("token", "-s", "a", "round \(round)").status == 0)
                try rig.killController()
                let record = try text(ofFile: rig.folder + "/state/sessions/a.json")
                #expect(record.contains("round \(round)"))
                try rig.serve()
                try rig.await("lease_taken", "a")
            }
            try rig.pinfold("kill", "a")
            #expect(try program.wait() == 137)
            #expect(try foundBy(rig, "a") == "round 4")
        }
    }

    @Test func recordWithATokenIsItsOwnersAlone() throws {
        try Rig.with { rig in
            let program = try rig.start("a")
            #expect(try rig.pinfold("token", "-s", "a", "secret").status == 0)
            let folder = rig.folder + "/state/sessions"
            for (path, mode) in [(folder, 0o700), (folder + "/a.json", 0o600)] {
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                #expect(attributes[.posixPermissions] as? Int == mode)
            }
            for arguments in [["show", "a"], ["list", "--json"], ["events", "--json"]] {
                #expect(try !rig.pinfold(arguments).output.contains("secret"))
            }
            withExtendedLifetime(program) {}
        }
    }

    @Test func ownerWhoEndsASessionForgetsWhatItLeft() throws {
        try Rig.with { rig in
            let program = try rig.start("a", Self.saving, flags: Self.patient)
            #expect(try rig.pinfold("token", "-s", "a", "before").status == 0)
            #expect(try rig.pinfold("end", "a").status == 0)
            #expect(try program.wait() == 0)
            // What it wanted to save on its way out was not taken either.
            #expect(program.output().contains("refused"))
            #expect(program.errors().contains("is being ended for good"))
            #expect(try rig.session("a")["resumable"]?.bool == false)
            #expect(try foundBy(rig, "a") == "nothing")
        }
    }

    @Test func clearedTokenIsNotFound() throws {
        try Rig.with { rig in
            for word in ["x", "--clear"] {
                let done = try rig.pinfold("run", "-s", "a", "--", Program.pinfold, "token", word)
                #expect(done.status == 0, "\(done.errors)")
            }
            #expect(try foundBy(rig, "a") == "nothing")
        }
    }

    /// A variable that came with the caller is not this session's, as little as its PINFOLD_SESSION is.
    @Test func tokenOfAnotherSessionIsNotInherited() throws {
        try Rig.with { rig in
            let inner = "'\(Program.pinfold)' run -s inner -- sh -c 'echo found=${PINFOLD_RESUME-nothing}'"
            #expect(try rig.pinfold("run", "-s", "outer", "--", Program.pinfold, "token", "outer's").status == 0)
            let done = try rig.launch(
                ["run", "-s", "outer", "--", "sh", "-c", inner], wrapped: ["env", "PINFOLD_RESUME=a stranger's"]
            ).finish()
            #expect(done.output == "found=nothing\n", "\(done.errors)")
        }
    }

    /// As long as the kernel lets one variable be, and not a byte longer: the next life must be able to start.
    @Test func longestTokenReachesTheNextLifeAndALongerOneIsRefused() throws {
        try Rig.with { rig in
            let longest = 131_056
            let text = String(repeating: "x", count: longest)
            let program = try rig.start("a")
            #expect(try rig.pinfold(["token", "-s", "a", "-"], input: text + "\n").status == 0)
            let tooLong = try rig.pinfold(["token", "-s", "a", "-"], input: text + "x")
            #expect(tooLong.status == 64)
            #expect(tooLong.errors.contains("may have \(longest) bytes, not \(longest + 1)"))
            try rig.pinfold("kill", "a")
            _ = try program.wait()
            #expect(try foundBy(rig, "a") == text)
        }
    }

    @Test(arguments: [
        (["token", "x"], Int32(64), "not called inside a session"), (["token"], 64, "not called inside a session"),
        (["token", "-s", "a"], 64, "give one value"), (["token", "-s", "a", "x", "y"], 64, "give one value"),
        (["token", "-s", "a", "--clear", "x"], 64, "either a value or --clear"),
        (["token", "-s", "a", ""], 64, "say --clear"), (["token", "-s", "b", "x"], 1, "no session 'b'"),
        (["token", "-s", "../a", "x"], 64, "has a '/'"),
    ])
    func wrongUseIsReportedInOneLineAndChangesNothing(arguments: [String], status: Int32, words: String) throws {
        try Rig.with { rig in
            #expect(try rig.pinfold("run", "-s", "a", "--", Program.pinfold, "token", "kept").status == 0)
            let done = try rig.launch(arguments, wrapped: ["env", "-u", "PINFOLD_SESSION"]).finish()
            #expect(done.status == status)
            #expect(done.errors.contains(words), "\(done.errors)")
            #expect(done.errors.split(separator: "\n").count == 1)
            #expect(try foundBy(rig, "a") == "kept")
        }
    }

    @Test func bytesThatAreNoTextAreRefusedAndNotRepaired() throws {
        try Rig.with { rig in
            let script = "'\(Program.pinfold)' token \"$(printf 'a\\377b')\"; echo $?"
            let done = try rig.pinfold("run", "-s", "a", "--", "sh", "-c", script)
            #expect(done.output == "64\n")
            #expect(done.errors.contains("no UTF-8"))
            #expect(try rig.session("a")["resumable"]?.bool == false)
        }
    }

    /// A process that outlived its life, or has its environment from it, has nothing to say about a later one.
    @Test func oldLifeIsRefused() throws {
        try Rig.with { rig in
            #expect(try rig.pinfold("run", "-s", "a", "--", Program.pinfold, "token", "first").status == 0)
            let program = try rig.start("a", Self.reporting)
            #expect(try found(program) == "first")
            let old = ["env", "PINFOLD_SESSION=a", "PINFOLD_LIFE=1"]
            let late = try rig.launch(["token", "late"], wrapped: old).finish()
            #expect(late.status == 1)
            #expect(late.errors.contains("life 1 of 'a' is over"))
            let odd = try rig.launch(["token", "x"], wrapped: ["env", "PINFOLD_SESSION=a", "PINFOLD_LIFE=one"]).finish()
            #expect(odd.status == 64)
            try rig.pinfold("kill", "a")
            _ = try program.wait()
            #expect(try foundBy(rig, "a") == "first")
        }
    }

    @Test(.enabled(if: ownUser() == 0, "only root can become somebody else"))
    func anothersSessionIsNotThereAtAll() throws {
        try Rig.with { rig in
            // Others reach the rig's folder, as they reach /run.
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: rig.folder)
            let program = try rig.start("a")
            let done = try rig.launch(["token", "-s", "a", "x"], wrapped: nobody).finish()
            #expect(done.status == 1)
            #expect(done.errors.contains("there is no session 'a'"))
            #expect(try rig.session("a")["resumable"]?.bool == false)
            withExtendedLifetime(program) {}
        }
    }
}
