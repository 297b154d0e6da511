import Foundation
import PinfoldJSON
import PinfoldLinux
import TestSupport
import Testing

/// What others script against: JSON, exit codes, complaints.
@Suite(.enabled(if: Machine.canMakeCgroups, "cgroups cannot be made on this machine"))
struct SurfaceTests {
    private static let members = [
        "id", "life", "state", "policy", "owner", "pid", "cgroup", "placement", "enforcement", "memoryCurrent",
        "memoryWorkingSet", "memoryPeak", "memoryMax", "tasks", "idleSeconds", "pinned", "resumable", "parent", "cause",
        "waiting",
    ]

    @Test func sessionHasEveryMemberOfTheContractAndAbsentValuesAreNull() throws {
        try Rig.with { rig in
            let program = try rig.start("a")
            let living = try rig.session("a")
            #expect(living.object?.keys == Self.members)
            #expect(living["owner"]?.int64 == Int64(ownUser()))
            #expect(living["enforcement"]?.string == (Machine.hasMemoryController ? "kernel" : "none"))
            #expect((living["memoryMax"] == .null) == !Machine.hasMemoryController)
            #expect(living["placement"]?.string == "into")
            try rig.pinfold("kill", "a")
            _ = try program.wait()
            let ended = try rig.session("a")
            #expect(ended.object?.keys == Self.members)
            for key in ["pid", "cgroup", "placement", "memoryCurrent", "tasks", "idleSeconds"] {
                #expect(ended[key] == .null, "\(key)")
            }
        }
    }

    @Test func eventsAreOneObjectALineInTheOrderOfTime() throws {
        try Rig.with { rig in
            try rig.pinfold("run", "-s", "a", "--", "true")
            let lines = try rig.pinfold("events", "--json").output.split(separator: "\n").map {
                try JSON.parse(String($0))
            }
            #expect(lines.compactMap { $0["event"]?.string } == ["admitted", "started", "ended"])
            for line in lines {
                let time = try #require(line["time"]?.string)
                #expect(time.hasSuffix("Z") && WallTime(rfc3339: time) != nil)
                #expect(line["session"]?.string == "a")
                #expect(line["life"]?.int64 == 1)
            }
            #expect(try rig.pinfold("events", "--since", "2999-01-01T00:00:00Z").output == "")
            #expect(try rig.pinfold("events", "--since", "1h", "--json").output.split(separator: "\n").count == 3)
        }
    }

    @Test(arguments: [
        (["kill", "nobody"], Int32(1), "there is no session 'nobody'"), (["kill"], 64, "name the session"),
        (["show"], 64, "name one session"), (["nonsense"], 64, "there is no command 'nonsense'; see"),
        (["rnu", "--", "true"], 64, "there is no command 'rnu'; did you mean 'run'?"),
        (["ps"], 64, "did you mean 'list'?"), (["stop", "a"], 64, "did you mean 'end'?"),
        (["list", "extra"], 64, "takes no operand, such as 'extra'"),
        (["run", "--sesion", "a", "--", "true"], 64, "did you mean --session?"),
        (["run", "-m", "100M", "--", "true"], 64, "a limit is a setting, such as --set MemoryMax=512M"),
        (["run", "--set", "MaxSessions=3", "--", "true"], 64, "this key belongs in [Pool], in pool.policy"),
        (["list", "--nonsense"], 64, "there is no flag --nonsense"),
        (["list", "--state", "x"], 64, "there is no state 'x'"),
        (["run"], 64, "there is no command to run"),
        (["run", "--wait", "soon", "--", "true"], 64, "not a span of time"),
        (["run", "-s"], 64, "--session wants a value"),
        (["run", "-s", "a", "-s", "b", "--", "true"], 64, "given twice"),
        (["run", "-s", "a/b", "--", "true"], 64, "has a '/'"),
        (["run", "-p", "none", "--", "true"], 64, "no policy 'none'"),
        (["run", "--set", "MemoryMaxx=1G", "--", "true"], 64, "did you mean MemoryMax=?"),
        (["set", "nobody", "TasksMax=1"], 1, "no session"), (["policy"], 64, "say check, show"),
        (["events", "--since", "yesterday"], 64, "neither a time"),
        (["run", "--stdin", "x", "--", "true"], 64, "relay or inherit"),
    ])
    func wrongUseIsReportedInOneLineWithTheRightStatus(arguments: [String], status: Int32, words: String) throws {
        try Rig.with { rig in
            let done = try rig.pinfold(arguments)
            #expect(done.status == status)
            #expect(done.errors.contains(words), "\(done.errors)")
            #expect(done.errors.split(separator: "\n").count == 1)
            #expect(try rig.list().isEmpty)
        }
    }

    @Test func directoryOutsideOfTheTreeIsNoSliceAndIsNotMade() throws {
        try Rig.with(starts: false) { rig in
            let path = rig.folder + "/nosuch/slice"
            var arguments = rig.serveArguments
            arguments[2] = path
            let served = try Program(Program.controller, arguments, rig: rig).finish()
            #expect(served.status == 1)
            let examined = try rig.pinfold("doctor", "--slice", path)
            #expect(examined.output.hasPrefix("Examined without a controller.\n"))
            for text in [served.errors, examined.output] {
                #expect(text.contains("\(path) is not in a cgroup v2 tree"), "\(text)")
            }
            #expect((try? FileStatus.of(path: rig.folder + "/nosuch")) == nil)
        }
    }

    @Test func settingOfASessionThatDoesNotRunIsSaidToApplyToItsNextLife() throws {
        try Rig.with { rig in
            try rig.pinfold("run", "-s", "a", "--", "true")
            let done = try rig.pinfold("set", "a", "TasksMax=9")
            #expect(done.status == 0)
            #expect(done.errors.contains("the session 'a' is ended; what was set applies to its next life"))
        }
    }

    @Test func everyCommandHasHelpAndIsInTheManualAndTheCompletions() throws {
        try Rig.with(starts: false) { rig in
            let overview = try rig.pinfold("--help").output
            let manual = try rig.pinfold("help", "--man").output
            let completion = try rig.pinfold("help", "--completion", "bash").output
            for command in [
                "serve", "run", "list", "show", "explain", "touch", "pin", "unpin", "suspend", "end", "kill", "set",
                "token",
                "events",
                "reload", "policy", "doctor", "version", "help",
            ] {
                #expect(overview.contains("  \(command) "))
                #expect(manual.contains(".SS pinfold \(command)"))
                #expect(completion.contains(" \(command))") || completion.contains("\(command) "))
                let help = try rig.pinfold(command, "--help")
                #expect(help.status == 0)
                #expect(help.output.hasPrefix("Usage: pinfold \(command)"))
            }
        }
    }

    @Test func everyCommandHasItsRowOnThePageAndThereAreNoOthers() throws {
        try Rig.with(starts: false) { rig in
            let help = try Program(Program.pinfold, ["help"], rig: rig).finish().output
            let listed = help.split(separator: "\n").compactMap { line -> [String]? in
                guard line.hasPrefix("  "), let name = line.split(separator: " ").first else { return nil }
                return ["`\(name)`", String(line.drop { $0 == " " }.dropFirst(name.count).drop { $0 == " " })]
            }
            #expect(try DocumentPage("operators.md").rows(below: "Commands") == listed)
        }
    }

    @Test func setChangesARunningSessionAndReportsWhatIsNotHeld() throws {
        try Rig.with { rig in
            let program = try rig.start("a")
            let done = try rig.pinfold("set", "a", "IdleTimeoutSec=5min", "MemoryMax=100M")
            #expect(done.status == 0)
            let said = "pinfold: MemoryMax= is not enforced: the memory controller is not enabled here\n"
            #expect(done.errors.contains(said) == !Machine.hasMemoryController)
            let shown = try JSON.parse(try rig.pinfold("show", "a", "--json").output)
            #expect(shown["policyKeys"]?["IdleTimeoutSec"]?.string == "5min")
            withExtendedLifetime(program) {}
        }
    }

    @Test func limitThatACallerAsksForAndIsNotEnforcedIsReportedAtTheStart() throws {
        try Rig.with { rig in
            let said = "pinfold: MemoryMax= is not enforced: the memory controller is not enabled here\n"
            let asked = try rig.pinfold("run", "--set", "MemoryMax=100M", "--", "true")
            #expect(asked.status == 0)
            #expect(asked.errors.contains(said) == !Machine.hasMemoryController)
            #expect(try !rig.pinfold("run", "--", "true").errors.contains("is not enforced"))
        }
    }

    @Test func policyCheckOfAFolderThatIsNotThereIsRefused() throws {
        try Rig.with(starts: false) { rig in
            let done = try rig.pinfold("policy", "check", "--policies", rig.folder + "/nowhere")
            #expect(done.status == 64)
            #expect(done.errors.contains("there is no folder \(rig.folder)/nowhere"))
        }
    }

    @Test func policyCheckNamesEverythingThatIsWrongAndAppliesNothing() throws {
        let wrong = "[Session]\nMemoryMax=30\nTasksMax=-1\n"
        try Rig.with(policies: ["fine.policy": "[Session]\nTasksMax=3\n"]) { rig in
            #expect(try rig.pinfold("policy", "check", "--policies", rig.folder + "/policies").status == 0)
            try Data(wrong.utf8).write(to: URL(filePath: rig.folder + "/policies/wrong.policy"))
            let done = try rig.pinfold("policy", "check", "--policies", rig.folder + "/policies")
            #expect(done.status == 1)
            #expect(done.errors.contains("wrong.policy:2: MemoryMax=30: is only 30 bytes"))
            #expect(done.errors.contains("wrong.policy:3: TasksMax=-1:"))
            #expect(try rig.pinfold("reload").status == 1)
            try rig.controller?.send(.hangUp)
            try rig.await("policy_rejected")
            #expect(try rig.pinfold("run", "-p", "fine", "--", "true").status == 0)
        }
    }

    @Test func policyShowReportsWhereEachKeyWasSet() throws {
        try Rig.with(policies: ["a.policy": "[Session]\nTasksMax=3\n"]) { rig in
            let folder = rig.folder + "/policies"
            let rows = try JSON.parse(try rig.pinfold("policy", "show", "a", "--policies", folder, "--json").output)
            let row = rows["keys"]?.array?.first { $0["key"]?.string == "TasksMax" }
            #expect(row?["value"]?.string == "3")
            #expect(row?["origin"]?.string == folder + "/a.policy:2")
            #expect(rows["keys"]?.array?.first { $0["key"]?.string == "Evict" }?["origin"] == .null)
            #expect(try rig.pinfold("policy", "show", "b", "--policies", folder).status == 64)
        }
    }

    @Test func wrongPolicyAtStartIsFatal() throws {
        try Rig.with(policies: ["wrong.policy": "[Session]\nX=1\n"], starts: false) { rig in
            let done = try Program(Program.pinfold, rig.serveArguments, rig: rig).finish()
            #expect(done.status == 78)
            #expect(done.errors.contains("wrong.policy:2: X=1: this key is not known"))
        }
    }

    @Test func doctorReportsForEachFeatureWhetherWhyAndWhatToType() throws {
        try Rig.with { rig in
            let answer = try JSON.parse(try rig.pinfold("doctor", "--json").output)
            let features = try #require(answer["features"]?.array)
            #expect(features.count >= 14)
            for feature in features {
                let status = try #require(feature["status"]?.string)
                #expect(["available", "degraded", "missing"].contains(status))
                #expect(feature["reason"]?.string?.isEmpty == false)
                #expect(status == "available" || feature["remedy"]?.string?.isEmpty == false)
            }
            let memory = features.first { $0["name"]?.string == "memory" }
            #expect(memory?["status"]?.string == (Machine.hasMemoryController ? "available" : "missing"))
            #expect(try rig.pinfold("doctor").status == 0)
        }
    }

    @Test func doctorMakesNoSliceToLookAtIt() throws {
        try Rig.with(starts: false) { rig in
            let slice = rig.slice + "/not/yet"
            let done = try rig.pinfold("doctor", "--slice", slice)
            #expect(done.status == 0)
            #expect(done.output.contains(slice))
            #expect((try? FileStatus.of(path: rig.slice + "/not")) == nil)
        }
    }

    @Test(.disabled(if: Machine.hasMemoryController, "the kernel holds the limits here"))
    func refusedStartLeavesNoSliceBehind() throws {
        try Rig.with(starts: false) { rig in
            try Data("[Pool]\n".utf8).write(to: URL(filePath: rig.folder + "/policies/pool.policy"))
            let words = rig.serveArguments.map { $0 == rig.slice ? rig.slice + "/new" : $0 }
            #expect(try Program(Program.pinfold, words, rig: rig).finish().status == 1)
            #expect((try? FileStatus.of(path: rig.slice + "/new")) == nil)
        }
    }

    /// The limits of sessions must not be a promise that nobody keeps.
    @Test(.disabled(if: Machine.hasMemoryController, "the kernel holds the limits here"))
    func withoutAMemoryControllerTheStartIsRefusedWithTheRemedy() throws {
        try Rig.with(starts: false) { rig in
            try Data("[Pool]\n".utf8).write(to: URL(filePath: rig.folder + "/policies/pool.policy"))
            let done = try Program(Program.pinfold, rig.serveArguments, rig: rig).finish()
            #expect(done.status == 1)
            #expect(done.errors.contains("no memory limit can be enforced there"))
            #expect(done.errors.contains("Enforcement=best"))
        }
    }
}
