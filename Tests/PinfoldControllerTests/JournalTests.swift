import PinfoldCore
import PinfoldLinux
import TestSupport
import Testing

@testable import PinfoldController

@Suite struct JournalTests {
    private static let cause = Cause.idleTimeout(idle: .seconds(5), limit: .seconds(4))

    private func suspended(_ name: String) throws -> LoggedEvent {
        LoggedEvent(
            .suspended, LifeID(session: try SessionID(name), number: 3), LoggedEvent.details(of: Self.cause))
    }

    @Test func eventArrivesWithItsFields() throws {
        try withFolder([:]) { folder in
            let receiver = try NotificationReceiver(folder + "/journal")
            let event = try suspended("chat")
            #expect(try Journal(folder + "/journal").take(LogLine(text: event.line, priority: .notice, event: event)))
            #expect(
                receiver.next() == """
                    MESSAGE=suspended chat.3 (idle for 5.0s; IdleTimeoutSec=4s) idleSeconds=5 limitSeconds=4
                    PRIORITY=5
                    SYSLOG_IDENTIFIER=pinfold
                    MESSAGE_ID=\(LoggedEvent.Name.suspended.messageID)
                    PINFOLD_EVENT=suspended
                    PINFOLD_SESSION=chat
                    PINFOLD_LIFE=3
                    PINFOLD_CAUSE=idle_timeout

                    """)
        }
    }

    @Test func valueWithALineEndIsSentWithItsLengthAndIsNoFurtherField() {
        let entry = JournalEntry(LogLine(text: "a\nPRIORITY=0", priority: .error, event: nil))
        let length: [UInt8] = [12, 0, 0, 0, 0, 0, 0, 0]
        #expect(
            entry.bytes == Array("MESSAGE\n".utf8) + length
                + Array("a\nPRIORITY=0\nPRIORITY=3\nSYSLOG_IDENTIFIER=pinfold\n".utf8))
    }

    @Test func longestLineFitsIntoOneMessage() throws {
        try withFolder([:]) { folder in
            let receiver = try NotificationReceiver(folder + "/journal")
            let event = try suspended(String(repeating: "x", count: SessionID.longest))
            let line = LogLine(text: String(repeating: "y", count: 100_000), priority: .error, event: event)
            #expect(try Journal(folder + "/journal").take(line))
            #expect(receiver.nextBytes().map { $0.count < JournalEntry.longestValue + 1_024 } == true)
        }
    }

    @Test func journalThatIsFullOrAbsentTakesNothingAndNobodyWaits() throws {
        try withFolder([:]) { folder in
            let line = LogLine(text: "x", priority: .information, event: nil)
            #expect(try Journal(folder + "/nobody").take(line) == false)
            let receiver = try NotificationReceiver(folder + "/journal")
            let journal = try Journal(folder + "/journal")
            #expect((0..<10_000).contains { _ in !journal.take(line) })
            withExtendedLifetime(receiver) {}
        }
    }

    @Test func journalIsUsedOnlyWhereStandardErrorIsWhatTheManagerConnected() throws {
        let status = try FileStatus.of(path: "/dev/null")
        #expect(Journal.behind(status, stream: "\(status.device):\(status.inode)") != nil)
        for stream in ["\(status.device):\(status.inode + 1)", "", "x", nil] {
            #expect(Journal.behind(status, stream: stream) == nil)
        }
        #expect(Journal.behind(nil, stream: "1:1") == nil)
    }

    @Test func everyEventHasAMessageIDOfItsOwnAndItsRowOnThePage() throws {
        let known = LoggedEvent.Name.allCases.map { [$0.rawValue, $0.messageID] }
        #expect(Set(known.map { $0[1] }).count == known.count)
        for row in known { #expect(row[1].count == 32 && row[1].allSatisfy { $0.isHexDigit && !$0.isUppercase }) }
        let documented = try DocumentPage("operators.md").rows(below: "Message IDs").map { $0.prefix(2).map(\.code) }
        #expect(documented == known)
    }
}
