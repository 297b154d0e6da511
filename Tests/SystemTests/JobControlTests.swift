import PinfoldCgroups
import PinfoldJSON
import PinfoldLinux
import TestSupport
import Testing

/// On a terminal `pinfold run` is not there: keys, stops and windows mean what they mean to the command alone.
@Suite(.enabled(if: Machine.canMakeCgroups, "cgroups cannot be made on this machine"))
struct JobControlTests {
    /// The states of a session's processes, as in `ps`: `T` is stopped.
    private func states(_ rig: Rig, of directory: String) throws -> Set<Character> {
        Set(try rig.processes(of: directory).compactMap { ProcessStat.of($0)?.state })
    }

    @Test(arguments: ["bash", "dash"])
    func interruptKeyReachesTheCommandOnceAndItsAnswerCounts(shell: String) throws {
        try Rig.with { rig in
            let terminal = try TerminalSession(rig, shell: shell)
            try terminal.type(
                "pinfold run -s a -- sh -c 'trap \"n=\\$((n+1)); echo caught \\$n\" INT; echo ready; "
                    + "until read line && test $line = end; do :; done; exit 3'")
            try terminal.expect("ready")
            try terminal.press(.interrupt)
            try terminal.expect("caught 1")
            try terminal.type("end")
            #expect(try !terminal.prompt().contains("caught"))
            #expect(try terminal.run("echo status $?").contains("status 3"))
        }
    }

    @Test(arguments: [(TerminalSession.Key.interrupt, "130"), (.quit, "131")])
    func keyEndsACommandThatHandlesNoSignal(key: TerminalSession.Key, status: String) throws {
        try Rig.with { rig in
            let terminal = try TerminalSession(rig)
            try terminal.type("ulimit -c 0; pinfold run -s a -- sleep 1000")
            try rig.await("started", "a")
            try terminal.press(key)
            try terminal.prompt()
            #expect(try terminal.run("echo status $?").contains("status \(status)"))
            #expect(try rig.cause("a") == "signaled")
            #expect(try rig.cgroups() == [])
        }
    }

    /// A shell goes by how its child ended: one that left with 130 is taken to have dealt with the key by itself.
    @Test(arguments: ["bash", "dash"])
    func interruptKeyEndsTheLoopAroundACommand(shell: String) throws {
        try Rig.with { rig in
            let terminal = try TerminalSession(rig, shell: shell)
            try terminal.type("for n in 1 2 3; do pinfold run -s a$n -- sleep 1000; done")
            try rig.await("started", "a1")
            try terminal.press(.interrupt)
            try terminal.prompt()
            #expect(try rig.list().compactMap { $0["id"]?.string } == ["a1"])
            // And the script around it.
            try terminal.type("sh -c 'pinfold run -s b -- sleep 1000; echo went on'")
            try rig.await("started", "b")
            try terminal.press(.interrupt)
            #expect(try !terminal.prompt().contains("went on"))
        }
    }

    @Test func interruptKeyLeavesTheQueueAndTheLoop() throws {
        try Rig.with(pool: "MaxSessions=1") { rig in
            let holder = try rig.start("holder")
            let terminal = try TerminalSession(rig)
            try terminal.type("for n in 1 2 3; do pinfold run -s a$n --wait 1h -- true; done")
            try rig.await("queued", "a1")
            try terminal.press(.interrupt)
            let said = try terminal.prompt()
            #expect(said.contains("pinfold: left the queue: SIGINT"))
            #expect(said.split(separator: "left the queue").count == 2)
            #expect(try terminal.run("echo status $?").contains("status 130"))
            withExtendedLifetime(holder) {}
        }
    }

    @Test(arguments: ["bash", "dash"])
    func stopKeyStopsTheCommandAndForegroundGoesOn(shell: String) throws {
        try Rig.with { rig in
            let terminal = try TerminalSession(rig, shell: shell)
            try terminal.type(
                "pinfold run -s a -- sh -c 'echo ready; while read line; do echo got $line; done; exit 4'")
            try terminal.expect("ready")
            for round in 1...3 {
                try terminal.press(.stop)
                try terminal.prompt()
                #expect(try terminal.run("jobs").contains("Stopped"))
                #expect(try states(rig, of: "a.1") == ["T"])
                try terminal.type("fg")
                // The terminal is the command's again.
                try terminal.type("line \(round)")
                try terminal.expect("got line \(round)")
            }
            try terminal.press(.end)
            try terminal.prompt()
            #expect(try terminal.run("echo status $?").contains("status 4"))
            #expect(try rig.cgroups() == [])
        }
    }

    @Test func commandThatStopsItselfIsStoppedForTheShell() throws {
        try Rig.with { rig in
            let terminal = try TerminalSession(rig)
            try terminal.type("pinfold run -s a -- sh -c 'kill -STOP $$; echo again; exit 5'")
            #expect(try terminal.prompt().contains("Stopped"))
            #expect(try terminal.run("fg").contains("again"))
            #expect(try terminal.run("echo status $?").contains("status 5"))
        }
    }

    @Test func commandInTheBackgroundIsWaitedFor() throws {
        try Rig.with { rig in
            let terminal = try TerminalSession(rig)
            try terminal.run("pinfold run -s a -- sh -c 'exit 7' & wait $!; echo status $?")
            #expect(terminal.screen.contains("status 7"))
            // A stopped job is sent into the background, where it is not stopped any more.
            try terminal.type("pinfold run -s b -- sleep 1000")
            try rig.await("started", "b")
            try terminal.press(.stop)
            try terminal.prompt()
            try terminal.run("bg")
            #expect(try terminal.run("jobs").contains("Running"))
            try rig.until("b to run") { try !states(rig, of: "b.1").contains("T") }
            try terminal.type("kill %1; wait %1; echo status $?")
            try terminal.expect("status 143")
        }
    }

    /// It is stopped for trying, as its shell expects, and reads once it is in the foreground.
    @Test func commandInTheBackgroundDoesNotReadTheTerminal() throws {
        try Rig.with { rig in
            let terminal = try TerminalSession(rig)
            try terminal.run("pinfold run -s a -- sh -c 'read line; echo got $line; exit 6' &")
            // Notices of jobs come with a prompt.
            while try !terminal.run("jobs").contains("Stopped") {}
            #expect(try states(rig, of: "a.1") == ["T"])
            try terminal.type("fg")
            try terminal.type("hello")
            try terminal.expect("got hello")
            try terminal.prompt()
            #expect(try terminal.run("echo status $?").contains("status 6"))
        }
    }

    @Test func windowSizeReachesTheCommandOnce() throws {
        try Rig.with { rig in
            let terminal = try TerminalSession(rig)
            try terminal.type(
                "pinfold run -s a -- sh -c 'trap \"n=\\$((n+1)); echo \\$n: \\$(stty size)\" WINCH; sleep 1000 & echo ready; "
                    + "while :; do wait; done'")
            try terminal.expect("ready")
            try terminal.resize(rows: 50, columns: 132)
            try terminal.expect("1: 50 132")
            try terminal.press(.interrupt)
            #expect(try !terminal.prompt().contains("2:"))
        }
    }

    @Test func pipelineOfSessionsPassesOnWhatIsTypedAndEndsWithIt() throws {
        try Rig.with { rig in
            let terminal = try TerminalSession(rig)
            try terminal.type("pinfold run -s a -- cat | pinfold run -s b -- cat; echo status ${PIPESTATUS[*]}")
            try terminal.type("through both")
            try terminal.expect("through both")
            try terminal.press(.end)
            try terminal.expect("status 0 0")
            try terminal.prompt()
            try terminal.type("pinfold run -s a -- cat | pinfold run -s b -- cat")
            try rig.await("started", "a")
            try rig.await("started", "a")
            try rig.await("started", "b")
            try rig.await("started", "b")
            try terminal.press(.stop)
            try terminal.prompt()
            #expect(try states(rig, of: "a.2") == ["T"])
            #expect(try states(rig, of: "b.2") == ["T"])
            try terminal.type("fg")
            try terminal.type("and again")
            try terminal.expect("and again")
            try terminal.press(.interrupt)
            try terminal.prompt()
            #expect(try terminal.run("echo status $?").contains("status 130"))
            #expect(try rig.cgroups() == [])
        }
    }

    /// A shell in a session stops and continues jobs of its own; the shell outside sees nothing of it.
    @Test func shellInASessionHasJobControlOfItsOwn() throws {
        try Rig.with { rig in
            let terminal = try TerminalSession(rig)
            try terminal.type("PS1='inner> ' pinfold run -s a -- bash --norc --noprofile --noediting -i")
            try terminal.expect("inner> ")
            try terminal.type("sh -c 'echo ready; read line; echo got $line'")
            try terminal.expect("ready")
            try terminal.press(.stop)
            #expect(try terminal.expect("inner> ").contains("Stopped"))
            try terminal.type("fg")
            try terminal.type("hello")
            try terminal.expect("got hello")
            try terminal.expect("inner> ")
            try terminal.type("sh -c 'echo ready; exec sleep 1000'")
            try terminal.expect("ready")
            try terminal.press(.interrupt)
            try terminal.expect("inner> ")
            try terminal.type("exit 9")
            try terminal.prompt()
            #expect(try terminal.run("echo status $?").contains("status 9"))
        }
    }

    @Test func sessionThatIsEndedWhileItsJobIsStoppedReportsWhyOnceThatIsContinued() throws {
        try Rig.with { rig in
            let terminal = try TerminalSession(rig)
            try terminal.type("pinfold run -s a -- sleep 1000")
            try rig.await("started", "a")
            try terminal.press(.stop)
            try terminal.prompt()
            #expect(try rig.pinfold("kill", "a").status == 0)
            #expect(try rig.cgroups() == [])
            #expect(try terminal.run("fg").contains("session 'a' was ended: killed by"))
            #expect(try terminal.run("echo status $?").contains("status 137"))
        }
    }

    @Test func terminalThatHangsUpTakesItsSessionsWithIt() throws {
        try Rig.with { rig in
            let terminal = try TerminalSession(rig)
            try terminal.type("pinfold run -s background -- sh -c 'trap \"\" HUP; exec sleep 1000' &")
            try rig.await("started", "background")
            try terminal.type("pinfold run -s foreground -- sleep 1000")
            try rig.await("started", "foreground")
            terminal.hangUp()
            try rig.await("ended", "foreground")
            try rig.await("ended", "background")
            #expect(try rig.cgroups() == [])
        }
    }
}
