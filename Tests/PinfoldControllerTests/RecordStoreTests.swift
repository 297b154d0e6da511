import Foundation
import PinfoldCgroups
import PinfoldCore
import PinfoldJSON
import PinfoldLinux
import TestSupport
import Testing

@testable import PinfoldController

private func id(_ name: String) throws -> SessionID { try SessionID(name) }

private func session() throws -> Session {
    var session = Session(
        id: try id("a b"), owner: UserID(1000), policyName: "agent", policy: SessionPolicy(),
        settings: ["TasksMax=3"], lastActivity: Instant(nanoseconds: 77))
    session.isPinned = true
    session.token = "{\"conversation\":1}"
    session.lives = 4
    session.isSuspended = true
    session.cause = .idleTimeout(idle: .seconds(5), limit: .seconds(4))
    session.lastMemory = 1 << 33
    session.lastPeak = 1 << 34
    session.endedAt = Instant(nanoseconds: 99)
    return session
}

/// Lends a store in a folder, and its path.
private func withStore(_ tree: Tree = [:], _ body: (RecordStore, String, () -> Int) throws -> Void) throws {
    try withFolder(tree) { folder in
        let store = try RecordStore(path: folder)
        /// Waits until all is on disk; how many events there were of it.
        func settle() -> Int {
            var count = 0
            while !store.isSettled { count += store.takeWritten().count }
            return count
        }
        try body(store, folder, settle)
    }
}

@Suite struct RecordStoreTests {
    private func read(_ object: JSONObject, boot: String = "b1") throws(WorldError) -> SessionRecord {
        try SessionRecord(json: object, boot: boot, now: Instant(nanoseconds: 1_000)) { (SessionPolicy(), $1) }
    }

    @Test func recordIsReadBackAsItWasWritten() throws {
        let life = SessionRecord.LifeRecord(inode: 7, processID: 42, placement: .attach, keepsTree: true)
        let record = SessionRecord(session: try session(), boot: "b1", life: life)
        let again = try read(record.json)
        #expect(again.json == record.json)
        #expect(again.session.token == "{\"conversation\":1}")
        #expect(again.life?.inode == 7)
        #expect(again.session.lastActivity == Instant(nanoseconds: 77))
    }

    /// The monotonic clock begins anew with each boot.
    @Test func momentsOfAnotherBootAreNotTakenForThisOnes() throws {
        let again = try read(SessionRecord(session: try session(), boot: "b1", life: nil).json, boot: "b2")
        #expect(again.session.lastActivity == Instant(nanoseconds: 1_000))
        #expect(again.session.endedAt == Instant(nanoseconds: 0))
    }

    @Test func recordIsOnDiskUnderItsNameAndReplacedAsAWhole() throws {
        try withStore { store, folder, settle in
            for count in 1...5 { store.save(try id("a b"), ["count": JSON(count)], isLasting: true) }
            #expect(settle() == 0)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a b.json"])
            let loaded = store.load { (object) throws(WorldError) in object["count"]?.int64 ?? 0 }
            #expect(loaded.records == [5])
            store.forget(try id("a b"))
            store.forget(try id("never there"))
            #expect(settle() == 0)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test(arguments: ["", "{", "null", "[1]", "{\"version\":1}", "{\"a\":1,\"a\":2}", "\u{FEFF}{}"])
    func fileThatIsNoRecordIsSetAsideAndReportedAndNotLost(text: String) throws {
        try withStore(["bad.json": .file(text), "good.json": .file("{\"version\":0}")]) { store, folder, _ in
            let loaded = store.load { (object) throws(WorldError) in
                guard object["version"]?.int64 == 0 else { throw WorldError("not a version known here") }
                return true
            }
            #expect(loaded.records == [true])
            #expect(loaded.problems.count == 1)
            #expect(loaded.problems.first?.contains("set aside as bad.json.unreadable-") == true)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(names.count == 2)
            let aside = try #require(names.first { $0.hasPrefix("bad.json.unreadable-") })
            // As bytes: Foundation would drop a byte order mark.
            #expect(try TestSupport.text(ofFile: "\(folder)/\(aside)") == text)
            // It is set aside once: the next start has nothing to say of it.
            #expect(store.load { (_) throws(WorldError) in true }.problems == [])
        }
    }

    /// Of 2 MB of numbers there would be 70 MB in memory.
    @Test func hugeRecordIsSetAsideBeforeItIsInMemory() throws {
        let files: Tree = [
            "many.json": .file("{\"settings\":[" + String(repeating: "0,", count: 20_000) + "0]}"),
            "long.json": .file("{\"token\":\"" + String(repeating: "x", count: 3 << 20) + "\"}"),
            "deep.json": .file(String(repeating: "{\"life\":", count: 40) + "0" + String(repeating: "}", count: 40)),
        ]
        try withStore(files) { store, _, _ in
            let loaded = store.load { (_) throws(WorldError) in true }
            #expect(loaded.records == [])
            for reason in ["more than 10000 values", "EFBIG", "nested more than 32 deep"] {
                #expect(loaded.problems.contains { $0.contains(reason) }, "\(reason): \(loaded.problems)")
            }
        }
    }

    @Test func recordOfALaterVersionIsSetAside() throws {
        var json = SessionRecord(session: try session(), boot: "b", life: nil).json
        json["version"] = 2
        #expect(throws: WorldError("its version is 2, not 1")) { try read(json) }
    }

    @Test(arguments: [
        ("lives", "9007199254740993"), ("lives", "18446744073709551615"), ("lives", "-1"), ("lives", "1e308"),
        ("owner", "4294967296"), ("lastMemory", "9223372036854775808"), ("lastPeak", "18446744073709551615"),
        ("lastActivity", "-1"), ("endedAt", "1e308"), ("lives", "0"),
    ])
    func recordWithANumberOutOfBoundsIsRefused(key: String, number: String) throws {
        let life = SessionRecord.LifeRecord(inode: 7, processID: 42, placement: .attach, keepsTree: true)
        var json = SessionRecord(session: try session(), boot: "b1", life: life).json
        json[key] = .number(try #require(JSONNumber(text: number)))
        #expect(throws: WorldError.self) { try read(json) }
    }

    @Test func momentsThatAreYetToComeAreNow() throws {
        var json = SessionRecord(session: try session(), boot: "b1", life: nil).json
        for key in ["lastActivity", "endedAt"] { json[key] = JSON(UInt64.max) }
        let again = try read(json).session
        #expect(again.lastActivity == Instant(nanoseconds: 1_000))
        #expect(again.endedAt == Instant(nanoseconds: 1_000))
    }

    @Test func recordWithATokenThatIsTooLongIsRefused() throws {
        var json = SessionRecord(session: try session(), boot: "b1", life: nil).json
        json["token"] = .string(String(repeating: "t", count: ResumeToken.longest + 1))
        #expect(throws: WorldError.self) { try read(json) }
    }

    /// Written back under its own name it would stand beside the first, and be read in its place at the next start.
    @Test func recordUnderTheNameOfAnotherSessionIsSetAside() throws {
        let files: Tree = ["a.json": .file("{\"session\":\"b\"}"), "b.json": .file("{\"session\":\"b\"}")]
        try withStore(files) { store, _, _ in
            let loaded = store.load { (_) throws(WorldError) in true }
            #expect(loaded.records == [true])
            #expect(loaded.problems.count == 1)
            #expect(loaded.problems.first?.contains("a.json is not a record") == true)
        }
    }

    /// What a controller leaves that was killed between writing aside and renaming.
    @Test func halfWrittenFileIsClearedAwayAndTheOldRecordStands() throws {
        try withStore([".a.json.new": .file("{\"ver"), "a.json": .file("{}")]) { store, folder, _ in
            #expect(store.load { (_) throws(WorldError) in 1 }.records == [1])
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names == ["a.json"])
        }
    }

    /// A token can be as good as a password.
    @Test func recordIsItsOwnersAlone() throws {
        try withStore { store, folder, settle in
            store.save(try id("a"), ["token": "secret"], isLasting: true)
            _ = settle()
            let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/a.json")
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
        try withFolder { folder in
            _ = try RecordStore(path: folder + "/state/sessions")
            let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/state/sessions")
            #expect(attributes[.posixPermissions] as? Int == 0o700)
        }
    }

    @Test func whoWaitsForARecordDoesNotWaitForThoseOfOthers() throws {
        try withStore { store, _, settle in
            final class Told { var names: [String] = [] }
            let told = Told()
            store.save(try id("a"), ["count": 1], isLasting: true)
            store.afterSaving(try id("b")) { _ in told.names.append("b") }
            #expect(told.names == ["b"])
            store.afterSaving(try id("a")) { _ in told.names.append("a") }
            store.save(try id("a"), ["count": 2], isLasting: true)
            #expect(told.names == ["b"])
            _ = settle()
            #expect(told.names == ["b", "a"])
        }
    }

}

@Suite struct LimitTranslationTests {
    /// The kernel refuses such a quota, which is then reported as not enforced; none would give everything.
    @Test func quotaThatDoesNotFitIsTheLargestAndNotNone() {
        var policy = SessionPolicy()
        policy.cpuQuota = 18_446_744_073_709_551_615
        let budget = PoolBudget(policy: PoolPolicy(), effectiveLimit: 1 << 32, taskLimit: 100)
        let limits = LimitTranslation.limits(SessionLimits(policy, within: budget), isNew: true)
        #expect(limits.cpuMax?.quota == .max)
    }
}

@Suite struct EventLogTests {
    private func entry(_ number: Int64) -> EventLog.Entry {
        EventLog.Entry(
            time: .init(seconds: number), loggedEvent: LoggedEvent(.touched(number), nil), owner: nil)
    }

    @Test func logKeepsTheLatestInTheirOrder() {
        var log = EventLog()
        let extra: Int64 = 10
        for number in 0..<Int64(EventLog.capacity) + extra { log.append(entry(number)) }
        let all = log.all()
        #expect(all.count == EventLog.capacity)
        #expect(all.first?.time.seconds == extra)
        #expect(all.map(\.time.seconds) == all.map(\.time.seconds).sorted())
        #expect(log.all(since: .init(seconds: Int64(EventLog.capacity))).count == Int(extra))
    }
}

extension LoggedEvent.Name {
    /// Any name will do: the log does not look at it.
    fileprivate static func touched(_ number: Int64) -> LoggedEvent.Name { .busy }
}
