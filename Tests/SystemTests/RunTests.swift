import PinfoldJSON
import PinfoldLinux
import TestSupport
import Testing

/// `pinfold run`: the command is its caller's own, as with nothing in between.
@Suite(.enabled(if: Machine.canMakeCgroups, "cgroups cannot be made on this machine"))
struct RunTests {
    @Test(arguments: [
        ("exit 0", Int32(0)), ("exit 3", 3), ("exit 255", 255), ("kill -SEGV $$", 139), ("kill -KILL $$", 137),
        ("kill -TERM $$", 143),
    ])
    func commandsOwnStatusIsPassedOnUnchanged(script: String, status: Int32) throws {
        try Rig.with { rig in
            let done = try rig.pinfold("run", "--", "sh", "-c", script)
            #expect(done.status == status)
            #expect(done.errors == "")
        }
    }

    @Test(arguments: [
        ("no-such-program", Int32(127), "no directory of PATH has a program of this name"),
        ("/etc/passwd", 126, "may not be executed"), ("/etc", 126, "directory"),
        ("/no/such/file", 127, "/no/such/file"),
    ])
    func commandThatCannotBeExecutedCostsNoPlaceAndIsNamed(program: String, status: Int32, words: String) throws {
        try Rig.with { rig in
            let done = try rig.pinfold("run", "--", program)
            #expect(done.status == status)
            #expect(done.errors.contains(words))
            #expect(try rig.list().isEmpty)
        }
    }

    @Test func outputErrorsEnvironmentAndDirectoryAreTheCommands() throws {
        try Rig.with { rig in
            let script = "echo out; echo err >&2; pwd; echo $PINFOLD_SESSION.$PINFOLD_LIFE $PINFOLD_SOCKET"
            let done = try rig.pinfold("run", "-s", "name with spaces", "--", "sh", "-c", script)
            #expect(done.errors == "err\n")
            let lines = done.output.split(separator: "\n")
            #expect(lines.first == "out")
            #expect(lines.last == "name with spaces.1 \(rig.socket)")
        }
    }

    @Test func commandIsInItsCgroupFromItsFirstInstruction() throws {
        try Rig.with { rig in
            let done = try rig.pinfold("run", "-s", "a", "--", "cat", "/proc/self/cgroup")
            #expect(done.output.contains("/sessions/a.1\n"))
        }
    }

    @Test func inputIsPassedOnToItsEnd() throws {
        try Rig.with { rig in
            let text = String((0..<20_000).map { "line \($0)\n" }.joined())
            let done = try rig.pinfold("run", "--", "cat", input: text)
            #expect(done.output == text)
            #expect(done.status == 0)
        }
    }

    @Test func inputIsLeftAloneWhereThatIsAskedFor() throws {
        try Rig.with { rig in
            let script = "printf '1\\n2\\n' | { '\(Program.pinfold)' run --stdin inherit -- true; cat; }"
            let program = try Program("sh", ["-c", script], rig: rig)
            #expect(try program.finish().output == "1\n2\n")
        }
    }

    @Test func argumentsPassByteForByte() throws {
        try Rig.with { rig in
            let script = "'\(Program.pinfold)' run -- printf '%s' \"$(printf '\\377\\001x')\" | od -An -tx1"
            let program = try Program("sh", ["-c", script], rig: rig)
            #expect(try program.finish().output.contains("ff 01 78"))
        }
    }

    @Test func descriptorsTheCallerLeftOpenReachTheCommandAndNoOthers() throws {
        try Rig.with { rig in
            let script = "exec 7</dev/null; exec '\(Program.pinfold)' run -- ls /proc/self/fd"
            let program = try Program("sh", ["-c", script], rig: rig)
            let numbers = try program.finish().output.split(separator: "\n")
            // 3 is the directory that ls itself reads.
            #expect(numbers == ["0", "1", "2", "3", "7"])
        }
    }

    @Test func signalsTheCallerIgnoresStayIgnoredAndOthersHaveTheirDefault() throws {
        try Rig.with { rig in
            let script = "trap '' HUP; exec '\(Program.pinfold)' run -- grep -E 'Sig(Blk|Ign)' /proc/self/status"
            let program = try Program("sh", ["-c", script], rig: rig)
            let lines = try program.finish().output.split(separator: "\n").map { $0.split(separator: "\t").last ?? "" }
            #expect(lines == ["0000000000000000", "0000000000000001"])
        }
    }

    /// With SIGCHLD ignored the kernel would reap the command itself, and its status would be lost.
    @Test func callerThatIgnoresItsChildrenStillGetsTheStatus() throws {
        try Rig.with { rig in
            let script = "trap '' CHLD; exec '\(Program.pinfold)' run -- sh -c 'exit 5'"
            let program = try Program("sh", ["-c", script], rig: rig)
            #expect(try program.finish().status == 5)
        }
    }

    @Test(arguments: [
        (Signal.terminate, "TERM"), (.interrupt, "INT"), (.hangUp, "HUP"), (.quit, "QUIT"), (.user1, "USR1"),
        (.user2, "USR2"), (.windowSize, "WINCH"),
    ])
    func signalToTheLauncherReachesTheCommandOnce(signal: Signal, name: String) throws {
        try Rig.with { rig in
            let script =
                "count=0; trap 'count=$((count+1)); echo caught $count' \(name); echo ready; "
                + "while :; do sleep 1000 & wait $!; kill $! 2>/dev/null; done"
            let program = try rig.start("a", script)
            try program.send(signal)
            #expect(try program.awaitOutput("caught") == "caught 1")
            try rig.pinfold("kill", "a")
            #expect(try program.wait() == 137)
            #expect(!program.output().contains("caught 2"))
        }
    }

    /// As a service manager stops it; it would wait 90 s and then kill the launcher alone.
    @Test func commandThatIgnoresTheStopOfItsServiceIsKilledAfterTermSec() throws {
        try Rig.with { rig in
            let program = try rig.start(
                "a", "trap '' TERM; echo ready; while :; do sleep 1000; done", flags: ["--set", "TermSec=200ms"])
            try program.send(.terminate)
            #expect(try program.wait() == 137)
            #expect(program.errors().contains("its launcher was asked to terminate (SIGTERM)"))
            #expect(try rig.cause("a") == "terminated")
        }
    }

    @Test func sessionThatCanComeBackIsSuspendedWhenItsServiceStops() throws {
        try Rig.with { rig in
            let program = try rig.start("a", flags: ["--set", "Resume=new"])
            try program.send(.terminate)
            #expect(try program.wait() == 75)
            #expect(try rig.state("a") == "suspended")
        }
    }

    @Test func policyIsChosenNamedAndOverlaid() throws {
        try Rig.with(policies: ["small.policy": "[Match]\nCommand=sleep\n[Session]\nTasksMax=9\nIdleTimeoutSec=1h\n"]) {
            rig in
            let chosen = try rig.launch(["run", "-s", "a", "--", "sleep", "1000"])
            try rig.await("started", "a")
            #expect(try rig.session("a")["policy"]?.string == "small")
            let shown = try JSON.parse(try rig.pinfold("show", "a", "--json").output)
            #expect(shown["policyKeys"]?["TasksMax"]?.string == "9")
            let named = try rig.start("b", flags: ["-p", "small", "--set", "IdleTimeoutSec=10min"])
            let overlaid = try JSON.parse(try rig.pinfold("show", "b", "--json").output)
            #expect(overlaid["policyKeys"]?["IdleTimeoutSec"]?.string == "10min")
            #expect(overlaid["settings"]?[0]?.string == "IdleTimeoutSec=10min")
            withExtendedLifetime((chosen, named)) {}
        }
    }
}
