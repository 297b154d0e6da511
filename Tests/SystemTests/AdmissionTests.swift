import Foundation
import PinfoldJSON
import PinfoldLinux
import TestSupport
import Testing

private let restless = "[Session]\nIdleAfterSec=100ms\nStdinCloseSec=50ms\nTermSec=100ms\n"

@Suite(.enabled(if: Machine.canMakeCgroups, "cgroups cannot be made on this machine"))
struct AdmissionTests {
    @Test func fullPoolSuspendsTheLeastRecentlyUsedAndNeverTheBusy() throws {
        try Rig.with(pool: "MaxSessions=3", policies: ["default.policy": restless]) { rig in
            let busy = try rig.start("busy", flags: ["--set", "IdleAfterSec=1h"])
            let first = try rig.start("first")
            try rig.await("idle", "first")
            let second = try rig.start("second")
            try rig.await("idle", "second")
            // The first is used again: the second is now the one unused longest.
            #expect(try rig.pinfold("touch", "first").status == 0)
            try rig.await("busy", "first")
            try rig.await("idle", "first")
            let third = try rig.start("third")
            #expect(try second.wait() == 75)
            #expect(
                second.errors().contains("is suspended, come back later: evicted to admit another session: 3 of 3"))
            #expect(try rig.state("second") == "suspended")
            #expect(try rig.cause("second") == "pool_full")
            #expect(try rig.state("busy") == "busy")
            #expect(try rig.cgroups().sorted() == ["busy.1", "first.1", "third.1"])
            withExtendedLifetime((busy, first, third)) {}
        }
    }

    @Test func noSessionIsKilledForARequestWithoutAPlaceAndTheWaitIsBounded() throws {
        try Rig.with(pool: "MaxSessions=1") { rig in
            let holder = try rig.start("holder")
            let done = try rig.pinfold("run", "-s", "late", "--wait", "200ms", "--", "true")
            #expect(done.status == 73)
            #expect(done.errors.contains("1 of 1 sessions run, and none may be evicted"))
            #expect(try rig.state("holder") == "busy")
            withExtendedLifetime(holder) {}
        }
    }

    @Test func sessionThatWaitsIsListedWithItsReasonAndEndCancelsIt() throws {
        try Rig.with(pool: "MaxSessions=1") { rig in
            let holder = try rig.start("holder")
            let late = try rig.launch(["run", "-s", "late", "--wait", "1h", "--", "true"])
            try rig.await("queued", "late")
            let listed = try rig.session("late")
            #expect(listed["state"]?.string == "queued")
            #expect(listed["waiting"]?.string?.hasPrefix("1 of 1 sessions run, and none may be evicted") == true)
            #expect(listed["life"]?.int64 == 0)
            for (command, words) in [("list", "waits: 1 of 1"), ("explain", "1 of 1"), ("show late", "queued")] {
                let output = try rig.pinfold(command.split(separator: " ").map(String.init)).output
                #expect(output.contains("late") && output.contains(words), "\(output)")
            }
            #expect(try rig.pinfold("end", "late").status == 0)
            #expect(try late.wait() == 73)
            #expect(late.errors().contains("cancelled by uid \(ownUser()) while it waited"))
            #expect(try rig.list().compactMap { $0["id"]?.string } == ["holder"])
            withExtendedLifetime(holder) {}
        }
    }

    @Test func whoWaitsIsAdmittedInTheOrderOfArrival() throws {
        try Rig.with(pool: "MaxSessions=1") { rig in
            let holder = try rig.start("holder", "echo ready; read line", input: .pipe)
            var waiting: [Program] = []
            for name in ["one", "two", "three"] {
                waiting.append(try rig.launch(["run", "-s", name, "--wait", "1h", "--", "true"]))
                try rig.await("queued", name)
            }
            holder.closeInput()
            for program in waiting { #expect(try program.wait() == 0) }
            let admitted = try rig.pinfold("events", "--json").output.split(separator: "\n")
                .map { try JSON.parse(String($0)) }.filter { $0["event"]?.string == "admitted" }
            #expect(admitted.compactMap { $0["session"]?.string } == ["holder", "one", "two", "three"])
        }
    }

    @Test func whoGivesUpWaitingLeavesTheQueue() throws {
        try Rig.with(pool: "MaxSessions=1") { rig in
            let holder = try rig.start("holder")
            let waiting = try rig.launch(["run", "-s", "late", "--wait", "1h", "--", "true"])
            try rig.await("queued", "late")
            try waiting.send(.terminate)
            #expect(try waiting.wait() == 143)
            let explained = try JSON.parse(try rig.pinfold("explain", "--json").output)
            #expect(explained["waiting"]?.array?.isEmpty == true)
            withExtendedLifetime(holder) {}
        }
    }

    @Test(arguments: ["pinned", "never"])
    func whoMayNotGoStays(kind: String) throws {
        try Rig.with(pool: "MaxSessions=1", policies: ["default.policy": restless]) { rig in
            let holder = try rig.start("holder", flags: kind == "never" ? ["--set", "Evict=never"] : [])
            if kind == "pinned" { try rig.pinfold("pin", "holder") }
            try rig.await("idle", "holder")
            #expect(try rig.pinfold("run", "--wait", "100ms", "--", "true").status == 73)
            let explained = try JSON.parse(try rig.pinfold("explain", "--json").output)
            let reason = explained["forPlace"]?[0]?["reason"]?.string
            #expect(reason == (kind == "pinned" ? "pinned" : "Evict=never"))
            withExtendedLifetime(holder) {}
        }
    }

    @Test func idleSessionTimesOutAndComesBackUnderItsName() throws {
        let policy = restless + "IdleTimeoutSec=300ms\n"
        try Rig.with(policies: ["default.policy": policy]) { rig in
            let program = try rig.start("a")
            #expect(try program.wait() == 75)
            #expect(program.errors().contains("IdleTimeoutSec=300ms"))
            #expect(try rig.cause("a") == "idle_timeout")
            let again = try rig.start("a", "echo ready; exit 3", flags: ["--set", "IdleTimeoutSec=1h"])
            #expect(try again.wait() == 3)
            #expect(try rig.session("a")["life"]?.int64 == 2)
        }
    }

    @Test func inputIsActivityAndLookingIsNot() throws {
        try Rig.with(policies: ["default.policy": restless]) { rig in
            let program = try rig.start("a", "echo ready; while read line; do echo got $line; done", input: .pipe)
            try rig.await("idle", "a")
            try rig.pinfold("list")
            try rig.pinfold("show", "a")
            try rig.pinfold("explain", "a")
            #expect(try rig.state("a") == "idle")
            try program.write("x\n")
            try rig.await("busy", "a")
            try program.awaitOutput("got x")
        }
    }

    @Test func useOfCPUIsActivityAboveTheFloor() throws {
        try Rig.with(policies: ["default.policy": "[Session]\nIdleAfterSec=500ms\nActivity=cpu\n"]) { rig in
            let worker = try rig.start("worker", "echo ready; read line; while :; do :; done", input: .pipe)
            try rig.await("idle", "worker")
            try worker.write("go\n")
            try rig.await("busy", "worker")
        }
    }

    @Test func lifetimeEndsASessionWhateverItDoes() throws {
        try Rig.with(policies: ["default.policy": restless + "LifetimeSec=300ms\n"]) { rig in
            let program = try rig.start("a")
            #expect(try program.wait() == 124)
            #expect(try rig.state("a") == "ended")
            #expect(try rig.cause("a") == "lifetime")
        }
    }

    @Test func dryRunNamesWhoWouldGoAndEndsNoSession() throws {
        try Rig.with(pool: "MaxSessions=1\nDryRun=yes", policies: ["default.policy": restless]) { rig in
            let holder = try rig.start("holder")
            try rig.await("idle", "holder")
            #expect(try rig.pinfold("run", "--wait", "100ms", "--", "true").status == 73)
            let chosen = try rig.await("victim_chosen", "holder")
            #expect(chosen["dryRun"]?.bool == true)
            #expect(try rig.state("holder") == "idle")
            withExtendedLifetime(holder) {}
        }
    }
}
