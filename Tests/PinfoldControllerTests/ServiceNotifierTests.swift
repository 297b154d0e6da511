import PinfoldCore
import PinfoldLinux
import TestSupport
import Testing

@testable import PinfoldController

@Suite struct ServiceNotifierTests {
    private static let start = Instant(nanoseconds: 1_000_000_000)

    private func with(
        watchdog: String? = nil, _ body: (inout ServiceNotifier, NotificationReceiver) throws -> Void
    ) throws {
        try withFolder([:]) { folder in
            let receiver = try NotificationReceiver("\(folder)/notify")
            let variables = ["NOTIFY_SOCKET": "\(folder)/notify", "WATCHDOG_USEC": watchdog].compactMapValues { $0 }
            let environment = try #require(ServiceEnvironment(process: 7) { variables[$0] })
            var notifier = try ServiceNotifier(environment, at: Self.start)
            try body(&notifier, receiver)
        }
    }

    @Test func managerLearnsThatTheServiceIsReadyReloadsAndStops() throws {
        try with { notifier, receiver in
            notifier.ready("0 sessions")
            #expect(receiver.next() == "READY=1\nSTATUS=0 sessions")
            notifier.reloading()
            #expect(receiver.next()?.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") == true)
            notifier.update("0 sessions", isLeaving: true, at: Self.start)
            #expect(receiver.next() == "STOPPING=1")
            notifier.update("0 sessions", isLeaving: true, at: Self.start)
            #expect(receiver.next() == nil, "said once")
        }
    }

    @Test func statusIsSentWhenItChangesAndNotMoreOftenThanEveryFiveSeconds() throws {
        try with { notifier, receiver in
            notifier.ready("0 sessions")
            _ = receiver.next()
            notifier.update("0 sessions", isLeaving: false, at: Self.start)
            #expect(receiver.next() == nil)
            #expect(notifier.patience("0 sessions", at: Self.start) == nil)
            notifier.update("1 session", isLeaving: false, at: Self.start)
            #expect(receiver.next() == "STATUS=1 session")
            notifier.update("2 sessions", isLeaving: false, at: Self.start + .seconds(1))
            #expect(receiver.next() == nil)
            #expect(notifier.patience("2 sessions", at: Self.start + .seconds(1)) == .seconds(4))
            notifier.update("2 sessions", isLeaving: false, at: Self.start + .seconds(5))
            #expect(receiver.next() == "STATUS=2 sessions")
        }
    }

    @Test func watchdogIsFedTwiceInItsTime() throws {
        try with(watchdog: "30000000") { notifier, receiver in
            #expect(notifier.patience("", at: Self.start) == .seconds(15))
            notifier.update("", isLeaving: false, at: Self.start + .seconds(14))
            #expect(receiver.next() == nil)
            notifier.update("", isLeaving: false, at: Self.start + .seconds(15))
            #expect(receiver.next() == "WATCHDOG=1")
            #expect(notifier.patience("", at: Self.start + .seconds(15)) == .seconds(15))
        }
    }

    @Test(
        arguments: [
            ([:], false, nil), (["NOTIFY_SOCKET": ""], false, nil), (["NOTIFY_SOCKET": "/n"], true, nil),
            (["NOTIFY_SOCKET": "/n", "WATCHDOG_USEC": "2000000"], true, .seconds(2)),
            (["NOTIFY_SOCKET": "/n", "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "7"], true, .seconds(2)),
            (["NOTIFY_SOCKET": "/n", "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "8"], true, nil),
            (["NOTIFY_SOCKET": "/n", "WATCHDOG_USEC": "1"], true, .seconds(1)),
            (["NOTIFY_SOCKET": "/n", "WATCHDOG_USEC": "soon"], true, nil),
            (["NOTIFY_SOCKET": "/n", "WATCHDOG_USEC": "0"], true, nil),
        ] as [([String: String], Bool, Duration?)])
    func variablesOfTheManagerAreRead(variables: [String: String], isService: Bool, watchdog: Duration?) {
        let environment = ServiceEnvironment(process: 7) { variables[$0] }
        #expect((environment != nil) == isService)
        #expect(environment?.watchdog == watchdog)
    }
}
