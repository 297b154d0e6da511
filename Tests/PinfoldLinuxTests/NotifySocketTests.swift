import PinfoldLinux
import TestSupport
import Testing

@Suite struct NotifySocketTests {
    @Test func linesArriveAsOneMessageAtAPathAndAtAnAbstractName() throws {
        try withFolder([:]) { folder in
            for name in ["\(folder)/notify", "@pinfold-test-\(MonotonicClock.now().nanoseconds)"] {
                let receiver = try NotificationReceiver(name)
                try NotifySocket(name).send(["READY=1", "STATUS=two words"])
                #expect(receiver.next() == "READY=1\nSTATUS=two words")
                #expect(receiver.next() == nil)
            }
        }
    }

    @Test func managerThatDoesNotReadNeverMakesTheSenderWait() throws {
        try withFolder([:]) { folder in
            let receiver = try NotificationReceiver("\(folder)/notify")
            let socket = try NotifySocket("\(folder)/notify")
            #expect(throws: Errno.again) { for _ in 0..<10_000 { try socket.send(["WATCHDOG=1"]) } }
            withExtendedLifetime(receiver) {}
        }
    }

    @Test func missingManagerIsAnErrorAndANameThatCannotBeIsRefused() throws {
        try withFolder([:]) { folder in
            let socket = try NotifySocket("\(folder)/nobody")
            #expect(throws: Errno.noSuchFile) { try socket.send(["READY=1"]) }
        }
        #expect(throws: Errno.invalidArgument) { _ = try NotifySocket("@") }
        #expect(throws: Errno.nameTooLong) { _ = try NotifySocket(String(repeating: "x", count: 200)) }
    }
}
