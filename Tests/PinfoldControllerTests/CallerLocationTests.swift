import Glibc
import PinfoldCore
import PinfoldJSON
import PinfoldProtocol
import TestSupport
import Testing

@testable import PinfoldController

/// In which session a caller is, and what it may do from there.
@Suite struct CallerLocationTests {
    private func world(_ desk: Desk) throws -> FakeWorld { try unwrap(desk.world as? FakeWorld) }

    private func session(_ desk: Desk, _ name: String) throws -> Session {
        try unwrap(desk.controller.pool.sessions[SessionID(name)])
    }

    @Test func sessionOpenedFromWithinAnotherHasItAsParentAndItsLimitsAsSettings() throws {
        try Desk.with { desk in
            let outer = try desk.start("outer", settings: ["MemoryMax=64M"])
            try world(desk).location = .life(outer.life)
            let inner = try desk.start("inner", settings: ["IdleAfterSec=5s"])
            #expect(try session(desk, "inner").life?.parent == outer.life)
            #expect(try desk.session("inner")?.parent == "outer")
            let settings = try session(desk, "inner").settings
            #expect(settings.contains("MemoryMax=64M"))
            #expect(settings.contains("IdleAfterSec=5s"))
            #expect(try world(desk).lives[inner.life]?.limits.memoryMax == 64 << 20)
        }
    }

    @Test func callerInASessionLoosensNothingWhoeverItIs() throws {
        try Desk.with { desk in
            let outer = try desk.start("outer", settings: ["MemoryMax=64M"])
            try world(desk).location = .life(outer.life)
            let client = try desk.client()
            let set = try client.ask(.set("outer", settings: ["MemoryMax=65M"]))
            #expect(set.parameters["message"]?.string?.contains("gives more than the policy") == true)
            try client.send(
                .open(OpenRequest(session: "more", settings: ["TasksMax=infinity"], command: ["made-up"])))
            #expect(try client.reply()?.parameters["message"]?.string?.contains("gives more than the policy") == true)
            #expect(try client.ask(.set("outer", settings: ["MemoryMax=63M"])).error == nil)
        }
    }

    @Test func callerInASessionTakesOnlyLeasesBackOfWhatWasOpenedFromThere() throws {
        try Desk.with(policies: ["default.policy": "[Session]\nOnLeaseLost=keep\n"]) { desk in
            let other = try desk.start("other")
            let outer = try desk.start("outer", settings: ["MemoryMax=64M"])
            try world(desk).location = .life(outer.life)
            let inner = try desk.start("inner")
            for launch in [other, inner] {
                launch.client.hangUp()
                let id = launch.life.session.text
                try desk.turn(until: { try session(desk, id).life?.lease == nil }, "the loss of \(id)'s lease")
            }
            let refused = try desk.client().ask(.reopen(session: "other", life: 1))
            #expect(refused.parameters["message"]?.string?.contains("was not opened from within") == true)
            #expect(try desk.client().ask(.reopen(session: "inner", life: 1)).error == nil)
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can be two users"))
    func callerThatCannotBePlacedIsRefusedUnlessItMayDoEverything() throws {
        try Desk.with { desk in
            try world(desk).location = .unknown
            _ = try desk.start("roots")
            let client = try desk.client(as: 1_001)
            try client.send(.open(OpenRequest(session: "a", command: ["made-up"])))
            #expect(try client.reply()?.parameters["message"]?.string?.contains("cannot be told") == true)
            #expect(try desk.session("a") == nil)
        }
    }

    @Test func parentIsInTheRecordAndInTheNote() throws {
        try Desk.with { desk in
            let outer = try desk.start("outer")
            try world(desk).location = .life(outer.life)
            let inner = try desk.start("inner", settings: ["MemoryMax=1M", "TasksMax=1"])
            let record = try unwrap(desk.controller.record(of: inner.life.session))
            let read = try SessionRecord(json: record.json, boot: "this boot", now: desk.now) { _, settings in
                (SessionPolicy(), settings)
            }
            #expect(read.life?.parent == outer.life)
            let note = String(decoding: try unwrap(world(desk).notes[inner.life]), as: UTF8.self)
            #expect(note.contains("outer.1"))
        }
    }
}
