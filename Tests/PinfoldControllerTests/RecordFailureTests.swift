import PinfoldCore
import PinfoldJSON
import PinfoldLinux
import PinfoldProtocol
import TestSupport
import Testing

@testable import PinfoldController

private let full = Errno(rawValue: 28)

/// A disk that is full, broken or silent: what failed is tried again or refused, never acknowledged.
@Suite struct RecordFailureTests {
    private func refusal(_ reply: Reply?) throws -> String {
        let reply = try unwrap(reply)
        guard let error = reply.error else { throw Missing("an error in place of an answer") }
        return InterfaceError(error, reply.parameters).description
    }

    private func count(_ text: String, _ harness: ControllerHarness) -> Int {
        harness.lines.count { $0.contains(text) }
    }

    @Test func suspendWhoseRecordCannotBeWrittenIsNotAnsweredAsDoneAndWrittenLater() throws {
        let files = FakeFiles()
        try ControllerHarness.with(files: files) { harness in
            let launch = try harness.start("a")
            let user = try harness.client()
            try user.send(.order(.suspend, "a"))
            _ = try launch.event()
            files.problem = full
            try harness.contract.end(launch.life)
            let ending = try launch.ending(.exited(0))
            #expect(ending.isSuspended)
            #expect(ending.recordProblem?.contains("\(full)") == true)
            #expect(try refusal(try user.reply()).contains("not on disk"))
            #expect(try harness.session("a")?.state == .suspended)
            files.problem = nil
            try harness.pass(.seconds(1))
            try harness.turn(until: { harness.controller.records.isSettled }, "the record")
            #expect(files.text("a.json")?.contains("\"suspended\": true") == true)
            #expect(count("records_kept", harness) == 1)
        }
    }

    @Test func suspendIsRefusedBeforeAnythingIsStoppedWhereRecordsFail() throws {
        let files = FakeFiles()
        files.problem = full
        try ControllerHarness.with(files: files) { harness in
            let launch = try harness.start("a")
            try harness.turn(until: { count("record_failed", harness) > 0 }, "the failure")
            for _ in 0..<20 {
                try harness.pass(.seconds(1))
                let before = files.attempts
                _ = try harness.controller.turn(patience: .milliseconds(5))
                #expect(files.attempts - before < 3)
            }
            #expect(count("record_failed", harness) == 1)
            let user = try harness.client()
            #expect(try refusal(try user.ask(.order(.suspend, "a"))).contains("goes on"))
            #expect(try harness.session("a")?.life == 1)
            #expect(try harness.session("a")?.state != .stopping)
            withExtendedLifetime(launch) {}
        }
    }

    @Test(arguments: [
        Request.order(.pin, "a"), .set("a", settings: ["TasksMax=7"]), .setToken(session: "a", life: nil, token: "t"),
    ])
    func orderWhoseRecordCannotBeWrittenIsNotAnsweredAsDone(order: Request) throws {
        let files = FakeFiles()
        try ControllerHarness.with(files: files) { harness in
            let launch = try harness.start("a")
            try harness.turn(until: { harness.controller.records.isSettled }, "the first record")
            files.problem = full
            let user = try harness.client()
            #expect(try refusal(try user.ask(order)).contains("not on disk"))
            files.problem = nil
            try harness.pass(.seconds(1))
            try harness.turn(until: { harness.controller.records.isSettled }, "the record")
            #expect(try user.ask(order).error == nil)
            withExtendedLifetime(launch) {}
        }
    }

    @Test func diskThatHangsBlocksNoClientForLongerThanItsPatience() throws {
        let files = FakeFiles()
        try ControllerHarness.with(files: files) { harness in
            let launch = try harness.start("a")
            try harness.turn(until: { harness.controller.records.isSettled }, "the first record")
            files.hang()
            let user = try harness.client()
            try user.send(.order(.pin, "a"))
            try harness.turn(until: { files.isHeld }, "the write")
            #expect(try harness.client().ask(.list).error == nil)
            #expect(try user.poll() == nil)
            try harness.pass(RecordStore.patience)
            #expect(try refusal(try user.reply()).contains("does not answer"))
            #expect(try refusal(try harness.client().ask(.order(.suspend, "a"))).contains("does not answer"))
            files.release()
            try harness.turn(until: { harness.controller.records.isSettled }, "the record")
            #expect(count("record_failed", harness) == 1)
            #expect(count("records_kept", harness) == 1)
            withExtendedLifetime(launch) {}
        }
    }

    @Test func controllerThatLeavesWaitsForADiskThatHangsNoLongerThanItsDeadline() throws {
        let files = FakeFiles()
        try ControllerHarness.with(files: files) { harness in
            let launch = try harness.start("a")
            try harness.turn(until: { harness.controller.records.isSettled }, "the first record")
            files.hang()
            let user = try harness.client()
            try user.send(.order(.pin, "a"))
            try harness.turn(until: { files.isHeld }, "the write")
            #expect(!harness.controller.settle(within: .milliseconds(50)))
            #expect(harness.lines.last?.contains("left without the records of 1 session: a") == true)
            withExtendedLifetime(launch) {}
        }
        // The desk and its store are gone, and nobody has waited for the thread.
        files.release()
    }

    @Test func controllerThatLeavesTriesAtOnceWhatFailed() throws {
        let files = FakeFiles()
        files.problem = full
        try ControllerHarness.with(files: files) { harness in
            let launch = try harness.start("a")
            try harness.turn(until: { count("record_failed", harness) > 0 }, "the failure")
            files.problem = nil
            #expect(harness.controller.settle())
            #expect(files.text("a.json") != nil)
            withExtendedLifetime(launch) {}
        }
    }
}

@Suite struct RecordRetryTests {
    private func id(_ name: String) throws -> SessionID { try SessionID(name) }

    private final class Clock {
        var now = Instant(nanoseconds: 0)
    }

    private func untilWritten(_ store: RecordStore) throws -> [Event] {
        _ = try waitFor(store.wakeDescriptor, .readable, deadline: nil)
        return store.takeWritten()
    }

    @Test func pausesBetweenAttemptsGrowUpToTheLongest() throws {
        let (files, clock) = (FakeFiles(), Clock())
        files.problem = full
        let store = try RecordStore(files, path: "/made/up", clock: { clock.now })
        store.save(try id("a"), ["count": 1], isLasting: true)
        var pauses: [Duration] = []
        for attempt in 1...7 {
            _ = try untilWritten(store)
            #expect(files.attempts == attempt)
            let due = try #require(store.nextDeadline)
            pauses.append(due.since(clock.now))
            clock.now = due
            _ = store.takeWritten()
        }
        #expect(
            pauses == [
                .milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(10), .seconds(10),
            ])
        #expect(!store.isSettled)
    }

    @Test func newerRecordTakesThePlaceOfOneThatFailed() throws {
        let (files, clock) = (FakeFiles(), Clock())
        let store = try RecordStore(files, path: "/made/up", clock: { clock.now })
        files.problem = full
        store.save(try id("a"), ["count": 1], isLasting: false)
        _ = try untilWritten(store)
        files.problem = nil
        store.save(try id("a"), ["count": 2], isLasting: false)
        _ = try untilWritten(store)
        #expect(store.isSettled)
        #expect(files.text("a.json")?.contains("2") == true)
        #expect(store.nextDeadline == nil)
    }

    @Test func removalThatFailsIsTriedAgain() throws {
        let (files, clock) = (FakeFiles(), Clock())
        let store = try RecordStore(files, path: "/made/up", clock: { clock.now })
        store.save(try id("a"), ["count": 1], isLasting: false)
        _ = try untilWritten(store)
        files.problem = full
        store.forget(try id("a"))
        _ = try untilWritten(store)
        #expect(files.text("a.json") != nil)
        files.problem = nil
        clock.now = try #require(store.nextDeadline)
        _ = store.takeWritten()
        _ = try untilWritten(store)
        #expect(files.text("a.json") == nil)
        #expect(store.isSettled)
    }

    @Test func recordWhoseFolderCannotBeSynchronizedIsNotKept() throws {
        let (files, clock) = (FakeFiles(), Clock())
        files.syncProblem = Errno(rawValue: 5)
        let store = try RecordStore(files, path: "/made/up", clock: { clock.now })
        final class Told { var problems: [String?] = [] }
        let told = Told()
        store.save(try id("a"), ["count": 1], isLasting: true)
        store.afterSaving(try id("a")) { told.problems.append($0) }
        let events = try untilWritten(store)
        #expect(events.count == 1)
        #expect(told.problems.first??.contains("synchronize") == true)
        #expect(!store.isSettled)
    }
}
