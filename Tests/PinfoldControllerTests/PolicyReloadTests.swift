import Foundation
import PinfoldCore
import PinfoldJSON
import PinfoldPolicy
import PinfoldProtocol
import Testing

@testable import PinfoldController

@Suite struct PolicyReloadTests {
    private func write(_ text: String, _ name: String, _ desk: Desk) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(desk.folder)/policies/\(name)"))
    }

    @Test func wrongFileChangesNothingAndIsNamed() throws {
        try Desk.with(policies: ["pool.policy": "[Pool]\nMaxSessions=3\n", "a.policy": "[Session]\nTasksMax=7\n"]) {
            desk in
            try write("[Pool]\nMaxSessions=99\n", "pool.policy", desk)
            try write("[Session]\nTasksMax=-1\n", "a.policy", desk)
            let reply = try desk.client().ask(.reload)
            #expect(reply.error == "io.pinfold.PoliciesRejected")
            #expect(reply.parameters["complaints"]?[0]?.string?.contains("a.policy:2: TasksMax=-1") == true)
            #expect(desk.controller.pool.budget.policy.maxSessions == 3)
            #expect(desk.controller.policies.book.entry(named: "a")?.policy.tasksMax == .count(7))
        }
    }

    @Test func folderThatIsGoneChangesNothing() throws {
        try Desk.with(policies: ["pool.policy": "[Pool]\nMaxSessions=3\n"]) { desk in
            try FileManager.default.removeItem(atPath: desk.folder + "/policies")
            let reply = try desk.client().ask(.reload)
            #expect(reply.error == "io.pinfold.PoliciesRejected")
            #expect(reply.parameters["complaints"]?[0]?.string?.contains("the folder is gone") == true)
            #expect(desk.controller.pool.budget.policy.maxSessions == 3)
            try FileManager.default.createDirectory(
                atPath: desk.folder + "/policies", withIntermediateDirectories: false)
            #expect(try desk.client().ask(.reload).error == nil)
            #expect(desk.controller.pool.budget.policy.maxSessions != 3)
        }
    }

    @Test func poolIsChangedAtOnceAndSessionsFromTheirNextLife() throws {
        try Desk.with(policies: ["pool.policy": "[Pool]\nMaxSessions=3\n", "default.policy": "[Session]\nTasksMax=7\n"])
        {
            desk in
            let running = try desk.start("a")
            try write("[Pool]\nMaxSessions=5\nMemoryMax=3G\n", "pool.policy", desk)
            try write("[Session]\nTasksMax=8\n", "default.policy", desk)
            #expect(try desk.client().ask(.reload).error == nil)
            #expect(desk.controller.pool.budget.policy.maxSessions == 5)
            #expect((desk.world as? FakeWorld)?.budget?.memoryMax == 3 << 30)
            let sessions = desk.controller.pool.sessions
            #expect(sessions[running.life.session]?.policy.tasksMax == .count(7))
            let next = try desk.start("b")
            #expect(desk.controller.pool.sessions[next.life.session]?.policy.tasksMax == .count(8))
        }
    }

    @Test func settingsTightenForEverybodyAndTheKernelIsTold() throws {
        try Desk.with { desk in
            let launch = try desk.start("a", settings: ["MemoryMax=256M"])
            #expect((desk.world as? FakeWorld)?.lives[launch.life]?.limits.memoryMax == 256 << 20)
            let reply = try desk.client().ask(.set("a", settings: ["MemoryMax=128M", "TasksMax=20"]))
            #expect(reply.error == nil)
            #expect((desk.world as? FakeWorld)?.lives[launch.life]?.limits.memoryMax == 128 << 20)
            let shown = try desk.client().ask(.show("a")).parameters
            #expect(shown["settings"]?.array?.compactMap(\.string) == ["MemoryMax=128M", "TasksMax=20"])
            #expect(shown["policy"]?["MemoryMax"]?.string == "128M")
        }
    }

    @Test func badSettingsAreRefusedBeforeAPlaceIsTaken() throws {
        try Desk.with { desk in
            let reply = try desk.client().ask(.open(OpenRequest(settings: ["MemoryMax=30"], command: ["x"])))
            #expect(reply.error == "io.pinfold.Rejected")
            #expect(reply.parameters["message"]?.string?.contains("did you mean 30M or 30G?") == true)
            #expect(desk.controller.pool.sessions.count == 0)
        }
    }

    @Test func tieBetweenPoliciesIsRefusedByName() throws {
        let policies = ["a.policy": "[Match]\nCommand=m*\n[Session]\n", "b.policy": "[Match]\nCommand=x*\n[Session]\n"]
        try Desk.with(policies: policies.merging(["c.policy": "[Match]\nCommand=m?*\n[Session]\n"]) { $1 }) { desk in
            let reply = try desk.client().ask(.open(OpenRequest(command: ["made-up"])))
            #expect(reply.parameters["message"]?.string?.hasPrefix("the policies a and c match equally well") == true)
        }
    }
}
