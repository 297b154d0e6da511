import Foundation
import PinfoldCore
import PinfoldJSON
import PinfoldPolicy
import PinfoldProtocol
import Testing

@testable import PinfoldController

@Suite struct PolicyReloadTests {
    private func write(_ text: String, _ name: String, _ harness: ControllerHarness) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(harness.folder)/policies/\(name)"))
    }

    @Test func wrongFileChangesNothingAndIsNamed() throws {
        try ControllerHarness.with(policies: [
            "pool.policy": "[Pool]\nMaxSessions=3\n", "a.policy": "[Session]\nTasksMax=7\n",
        ]) {
            harness in
            try write("[Pool]\nMaxSessions=99\n", "pool.policy", harness)
            try write("[Session]\nTasksMax=-1\n", "a.policy", harness)
            let reply = try harness.client().ask(.reload)
            #expect(reply.error == "io.pinfold.PoliciesRejected")
            #expect(reply.parameters["complaints"]?[0]?.string?.contains("a.policy:2: TasksMax=-1") == true)
            #expect(harness.controller.pool.budget.policy.maxSessions == 3)
            #expect(harness.controller.policies.book.entry(named: "a")?.policy.tasksMax == .count(7))
        }
    }

    @Test func folderThatIsGoneChangesNothing() throws {
        try ControllerHarness.with(policies: ["pool.policy": "[Pool]\nMaxSessions=3\n"]) { harness in
            try FileManager.default.removeItem(atPath: harness.folder + "/policies")
            let reply = try harness.client().ask(.reload)
            #expect(reply.error == "io.pinfold.PoliciesRejected")
            #expect(reply.parameters["complaints"]?[0]?.string?.contains("the folder is gone") == true)
            #expect(harness.controller.pool.budget.policy.maxSessions == 3)
            try FileManager.default.createDirectory(
                atPath: harness.folder + "/policies", withIntermediateDirectories: false)
            #expect(try harness.client().ask(.reload).error == nil)
            #expect(harness.controller.pool.budget.policy.maxSessions != 3)
        }
    }

    @Test func poolIsChangedAtOnceAndSessionsFromTheirNextLife() throws {
        try ControllerHarness.with(policies: [
            "pool.policy": "[Pool]\nMaxSessions=3\n", "default.policy": "[Session]\nTasksMax=7\n",
        ]) {
            harness in
            let running = try harness.start("a")
            try write("[Pool]\nMaxSessions=5\nMemoryMax=3G\n", "pool.policy", harness)
            try write("[Session]\nTasksMax=8\n", "default.policy", harness)
            #expect(try harness.client().ask(.reload).error == nil)
            #expect(harness.controller.pool.budget.policy.maxSessions == 5)
            #expect((harness.world as? FakeWorld)?.budget?.memoryMax == 3 << 30)
            let sessions = harness.controller.pool.sessions
            #expect(sessions[running.life.session]?.policy.tasksMax == .count(7))
            let next = try harness.start("b")
            #expect(harness.controller.pool.sessions[next.life.session]?.policy.tasksMax == .count(8))
        }
    }

    @Test func settingsTightenForEveryUserAndReachTheKernel() throws {
        try ControllerHarness.with { harness in
            let launch = try harness.start("a", settings: ["MemoryMax=256M"])
            #expect((harness.world as? FakeWorld)?.lives[launch.life]?.limits.memoryMax == 256 << 20)
            let reply = try harness.client().ask(.set("a", settings: ["MemoryMax=128M", "TasksMax=20"]))
            #expect(reply.error == nil)
            #expect((harness.world as? FakeWorld)?.lives[launch.life]?.limits.memoryMax == 128 << 20)
            let shown = try harness.client().ask(.show("a")).parameters
            #expect(shown["settings"]?.array?.compactMap(\.string) == ["MemoryMax=128M", "TasksMax=20"])
            #expect(shown["policy"]?["MemoryMax"]?.string == "128M")
        }
    }

    @Test func badSettingsAreRefusedBeforeAPlaceIsTaken() throws {
        try ControllerHarness.with { harness in
            let reply = try harness.client().ask(.open(OpenRequest(settings: ["MemoryMax=30"], command: ["x"])))
            #expect(reply.error == "io.pinfold.Rejected")
            #expect(reply.parameters["message"]?.string?.contains("did you mean 30M or 30G?") == true)
            #expect(harness.controller.pool.sessions.count == 0)
        }
    }

    @Test func tieBetweenPoliciesIsRefusedByName() throws {
        let policies = ["a.policy": "[Match]\nCommand=m*\n[Session]\n", "b.policy": "[Match]\nCommand=x*\n[Session]\n"]
        try ControllerHarness.with(policies: policies.merging(["c.policy": "[Match]\nCommand=m?*\n[Session]\n"]) { $1 })
        { harness in
            let reply = try harness.client().ask(.open(OpenRequest(command: ["made-up"])))
            #expect(reply.parameters["message"]?.string?.hasPrefix("the policies a and c match equally well") == true)
        }
    }
}
