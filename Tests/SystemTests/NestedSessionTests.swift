import PinfoldCgroups
import PinfoldJSON
import TestSupport
import Testing

/// Sessions that processes of a session open.
@Suite(.needsCgroups)
struct NestedSessionTests {
    /// Opens session `free` from within `jail`, from a cgroup of the session's own making, and leaves its launcher to itself.
    private static let escape =
        "mkdir $me/x && echo 0 > $me/x/cgroup.procs; "
        + "setsid $pinfold run -s free -- sh -c 'trap \"\" TERM HUP; echo ready; exec sleep 1000' "
        + "& exec sleep 1000"

    private static let keeping = ["default.policy": "[Session]\nOnLeaseLost=keep\n"]

    private func jail(_ rig: Rig, _ script: String = escape) throws -> Program {
        try rig.start("jail", "me=\(rig.sessions)/jail.1; pinfold=\(Program.pinfold); " + script)
    }

    @Test func sessionOpenedFromWithinAnotherIsKilledWithIt() throws {
        try Rig.with(policies: Self.keeping) { rig in
            let program = try jail(rig)
            #expect(try rig.session("free")["parent"]?.string == "jail")
            #expect(try rig.session("jail")["parent"]?.string == nil)
            #expect(try rig.pinfold("kill", "jail").status == 0)
            try rig.await("ended", "free")
            #expect(try rig.cgroups() == [])
            #expect(try program.wait() == 137)
        }
    }

    @Test func sessionOpenedFromWithinAnotherEndsWithItUnderTheNextController() throws {
        try Rig.with(policies: Self.keeping) { rig in
            let program = try jail(rig)
            try rig.killController()
            try rig.serve()
            #expect(try rig.session("free")["parent"]?.string == "jail")
            #expect(try rig.pinfold("kill", "jail").status == 0)
            try rig.await("ended", "free")
            #expect(try rig.cgroups() == [])
            #expect(try program.wait() == 137)
        }
    }

    @Test func noCallerInASessionLoosensALimit() throws {
        try Rig.with(policies: ["default.policy": "[Session]\nMemoryMax=64M\nTasksMax=50\n"]) { rig in
            let script =
                "for try in 'set jail MemoryMax=128M' 'run --set TasksMax=51 -- true'; do $pinfold $try 2>&1; done; "
                + "echo ready; exec sleep 1000"
            let program = try jail(rig, script)
            let refusals = program.output().split(separator: "\n").filter { $0.contains("gives more than the policy") }
            #expect(refusals.count == 2)
            withExtendedLifetime(program) {}
        }
    }

    @Test func whatIsOpenedFromWithinGetsWhatIsLeft() throws {
        try Rig.with(policies: ["default.policy": "[Session]\nMemoryMax=64M\nTasksMax=50\n"]) { rig in
            let script =
                "$pinfold run -s one --set MemoryMax=40M --set TasksMax=20 -- sh -c 'echo one; exec sleep 1000' & "
                + "until $pinfold list | grep -q '^one .*busy'; do :; done; "
                + "$pinfold run -s two -- sh -c 'exec sleep 1000' & "
                + "until $pinfold list | grep -q '^two .*busy'; do :; done; $pinfold run -s three -- true 2>&1; "
                + "echo ready; wait"
            let program = try jail(rig, script)
            #expect(program.output().contains("have all of its MemoryMax= already"))
            let settings = try JSON.parse(rig.pinfold("show", "two", "--json").output)["settings"]?.array
            let written = settings?.compactMap(\.string) ?? []
            #expect(written.contains("MemoryMax=24M"))
            #expect(written.contains("TasksMax=30"))
            withExtendedLifetime(program) {}
        }
    }
}
