import Glibc
import PinfoldCore
import PinfoldJSON
import PinfoldProtocol
import TestSupport
import Testing

@testable import PinfoldController

/// In which session a caller is, and what it may do from there.
@Suite struct CallerLocationTests {
    private func world(_ harness: ControllerHarness) throws -> FakeWorld { try unwrap(harness.world as? FakeWorld) }

    private func session(_ harness: ControllerHarness, _ name: String) throws -> Session {
        try unwrap(harness.controller.pool.sessions[SessionID(name)])
    }

    @Test func sessionOpenedFromWithinAnotherHasItAsParentAndItsLimitsAsSettings() throws {
        try ControllerHarness.with { harness in
            let outer = try harness.start("outer", settings: ["MemoryMax=64M"])
            try world(harness).location = .life(outer.life)
            let inner = try harness.start("inner", settings: ["IdleAfterSec=5s"])
            #expect(try session(harness, "inner").life?.parent == outer.life)
            #expect(try harness.session("inner")?.parent == "outer")
            let settings = try session(harness, "inner").settings
            #expect(settings.contains("MemoryMax=64M"))
            #expect(settings.contains("IdleAfterSec=5s"))
            #expect(try world(harness).lives[inner.life]?.limits.memoryMax == 64 << 20)
        }
    }

    @Test func callerInASessionLoosensNothingWhicheverUserItIs() throws {
        try ControllerHarness.with { harness in
            let outer = try harness.start("outer", settings: ["MemoryMax=64M"])
            try world(harness).location = .life(outer.life)
            let client = try harness.client()
            let set = try client.ask(.set("outer", settings: ["MemoryMax=65M"]))
            #expect(set.parameters["message"]?.string?.contains("gives more than the policy") == true)
            try client.send(
                .open(OpenRequest(session: "more", settings: ["TasksMax=infinity"], command: ["made-up"])))
            #expect(try client.reply()?.parameters["message"]?.string?.contains("gives more than the policy") == true)
            #expect(try client.ask(.set("outer", settings: ["MemoryMax=63M"])).error == nil)
        }
    }

    @Test func callerInASessionTakesOnlyLeasesBackOfWhatWasOpenedFromThere() throws {
        try ControllerHarness.with(policies: ["default.policy": "[Session]\nOnLeaseLost=keep\n"]) { harness in
            let other = try harness.start("other")
            let outer = try harness.start("outer", settings: ["MemoryMax=64M"])
            try world(harness).location = .life(outer.life)
            let inner = try harness.start("inner")
            for launch in [other, inner] {
                launch.client.hangUp()
                let id = launch.life.session.text
                try harness.turn(until: { try session(harness, id).life?.lease == nil }, "the loss of \(id)'s lease")
            }
            let refused = try harness.client().ask(.reopen(session: "other", life: 1))
            #expect(refused.parameters["message"]?.string?.contains("was not opened from within") == true)
            #expect(try harness.client().ask(.reopen(session: "inner", life: 1)).error == nil)
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can be two users"))
    func callerThatCannotBePlacedIsRefusedUnlessItMayDoEverything() throws {
        try ControllerHarness.with { harness in
            try world(harness).location = .unknown
            _ = try harness.start("roots")
            let client = try harness.client(as: 1_001)
            try client.send(.open(OpenRequest(session: "a", command: ["made-up"])))
            #expect(try client.reply()?.parameters["message"]?.string?.contains("cannot be told") == true)
            #expect(try harness.session("a") == nil)
        }
    }

    @Test func parentIsInTheRecordAndInTheNote() throws {
        try ControllerHarness.with { harness in
            let outer = try harness.start("outer")
            try world(harness).location = .life(outer.life)
            let inner = try harness.start("inner", settings: ["MemoryMax=1M", "TasksMax=1"])
            let record = try unwrap(harness.controller.record(of: inner.life.session))
            let read = try SessionRecord(json: record.json, boot: "this boot", now: harness.now) { _, settings in
                (SessionPolicy(), settings)
            }
            #expect(read.life?.parent == outer.life)
            let note = String(decoding: try unwrap(world(harness).notes[inner.life]), as: UTF8.self)
            #expect(note.contains("outer.1"))
        }
    }
}
