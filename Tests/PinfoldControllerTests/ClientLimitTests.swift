import CTestSupport
import Glibc
import PinfoldCore
import PinfoldJSON
import PinfoldLinux
import PinfoldProtocol
import TestSupport
import Testing

@testable import PinfoldController

/// Clients that want more than their share, of memory, of time or of connections. Nobody else notices.
@Suite struct ClientLimitTests {
    private static let half = Array("{\"method\":\"".utf8)

    private func held(_ harness: ControllerHarness) -> Int { harness.controller.use.total.input }

    /// Turns the loop so many times, and tells whether something came about.
    private func within(_ turns: Int, _ harness: ControllerHarness, _ condition: () throws -> Bool) throws -> Bool {
        for _ in 0..<turns {
            _ = try harness.controller.turn(patience: .zero)
            if try condition() { return true }
        }
        return false
    }

    // MARK: Descriptors

    enum Place: CaseIterable, Sendable {
        case withACall, unreadBehindAnOrder, insteadOfAProcess
    }

    /// On kernels that cannot refuse descriptors.
    @Test(arguments: Place.allCases) func socketThatLingersWhenItIsClosedBlocksNoOtherClient(place: Place) throws {
        try ControllerHarness.with(passesDescriptors: true) { harness in
            let launch = try Launch(harness, name: "a")
            var peer: Int32 = -1
            let socket = try unwrap(lingeringSocket(&peer))
            defer { close(peer) }
            let start = MonotonicClock.now()
            // Ours is closed before the loop turns: the last one to be closed is the controller's.
            switch place {
            case .withACall:
                try harness.client().send(Request.list.call.frame, descriptors: [socket])
                close(socket)
            case .unreadBehindAnOrder:
                let client = try harness.client()
                try client.send(.events(follow: true, since: nil))
                _ = try client.reply()
                try client.send(Self.half, descriptors: [socket])
                close(socket)
                client.hangUp()
            case .insteadOfAProcess:
                try launch.client.send(.attach, descriptors: [socket])
                close(socket)
                guard case .attachFailed = try launch.event() else { throw Missing("a refusal") }
            }
            try harness.turn(
                until: { harness.controller.closingThread.total == 1 }, "a descriptor that is being closed")
            let reply = try harness.client().ask(.list)
            #expect(reply.parameters["sessions"]?.array?.count == 1)
            #expect(start.duration(to: MonotonicClock.now()) < .seconds(5))
            withExtendedLifetime(launch) {}
        }
    }

    private func lingeringSocket(_ peer: inout Int32) -> Int32? {
        let socket = test_lingering_socket(&peer)
        return socket < 0 ? nil : socket
    }

    @Test func kernelRefusesDescriptorsExceptWhileALeaseAwaitsAttach() throws {
        try ControllerHarness.with { harness in
            let pipe = try Pipe()
            let launch = try Launch(harness, name: "a")
            let client = try harness.client()
            // Before Linux 6.16 they come, and end the conversation.
            let isPossible = isRefused(with: .notPermitted) {
                try client.send(Request.list.call.frame, descriptors: [pipe.reading.number])
            }
            try launch.client.send(.attach, descriptors: [pipe.reading.number])
            guard case .attachFailed = try launch.event() else { throw Missing("a refusal") }
            try launch.begin()
            guard isPossible else { return }
            #expect(throws: Errno.notPermitted) {
                try launch.client.send(.attach, descriptors: [pipe.reading.number])
            }
        }
    }

    private func isRefused(with error: Errno, _ body: () throws -> Void) -> Bool {
        do {
            try body()
            return false
        } catch let thrown {
            return thrown as? Errno == error
        }
    }

    // MARK: Memory

    @Test func bytesBehindACallThatIsNotAnsweredStayInTheSocket() throws {
        try ControllerHarness.with { harness in
            let follower = try harness.client()
            try follower.send(.events(follow: true, since: nil))
            _ = try follower.reply()
            let junk = [UInt8](repeating: 0x20, count: 60_000)
            var sent = 0
            // The socket of this kernel has room for some hundred thousand bytes.
            while sent < 64 << 20, let count = follower.offer(junk) {
                sent += count
                _ = try harness.controller.turn(patience: .zero)
            }
            #expect(sent < 4 << 20)
            #expect(held(harness) < 128 << 10)
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can be two users"))
    func halfCallsOfOneUserAreBoundedAndThoseOfOthersStay() throws {
        try ControllerHarness.with { harness in
            harness.controller.limits.inputPerUser = 1 << 20
            let other = try harness.client(as: 1_002)
            try other.send(Self.half)
            let greedy = try (0..<40).map { _ in
                let client = try harness.client(as: 1_001)
                try client.send([UInt8](repeating: 0x20, count: 100_000))
                return client
            }
            _ = try within(100, harness) { false }
            #expect(held(harness) <= 1 << 20 + 200_000)
            #expect(harness.controller.connections.count < 20)
            #expect(harness.lines.count { $0.contains("uid 1001 is cut off") } == 1)
            try other.send(Array("io.pinfold.List\"}\0".utf8))
            #expect(try other.reply()?.error == nil)
            withExtendedLifetime(greedy) {}
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can be two users"))
    func whoeverHasMostPaysWhereAllTogetherHaveTooMuch() throws {
        try ControllerHarness.with { harness in
            harness.controller.limits.input = 1 << 20
            let small = try harness.client(as: 1_002)
            let greedy = try (0..<8).map { _ in try harness.client(as: 1_001) }
            for client in greedy { try client.send([UInt8](repeating: 0x20, count: 120_000)) }
            try small.send(Self.half)
            for client in greedy { try client.send([UInt8](repeating: 0x20, count: 120_000)) }
            _ = try within(100, harness) { false }
            #expect(held(harness) <= 1 << 20 + 200_000)
            try small.send(Array("io.pinfold.List\"}\0".utf8))
            #expect(try small.reply()?.error == nil)
        }
    }

    @Test func memoryOfALongCallIsGivenBackWhenItIsAnswered() throws {
        try ControllerHarness.with { harness in
            let client = try harness.client()
            try client.send(.show(String(repeating: "x", count: 1 << 20)))
            #expect(try client.reply()?.error == "io.pinfold.Rejected")
            #expect(held(harness) < 64 << 10)
        }
    }

    @Test func callThatIsNotWholeInTimeEndsTheConversation() throws {
        try ControllerHarness.with { harness in
            let slow = try harness.client()
            let idle = try harness.client()
            let follower = try harness.client()
            try follower.send(.events(follow: true, since: nil))
            _ = try follower.reply()
            try follower.send(Self.half)
            _ = try idle.ask(.describe)
            try slow.send(Self.half)
            _ = try within(3, harness) { false }
            try harness.pass(.seconds(29))
            try slow.send(Array("x".utf8))
            _ = try within(3, harness) { false }
            #expect(harness.controller.connections.count == 3)
            try harness.pass(.seconds(2))
            #expect(try slow.reply() == nil)
            #expect(slow.isClosed)
            _ = try idle.ask(.describe)
            #expect(harness.controller.connections.count == 2)
        }
    }

    @Test func callOfVeryManyValuesIsNotRead() {
        let frame =
            Array("{\"method\":\"a.B\",\"parameters\":{\"x\":[0".utf8)
            + Array(repeating: ",0", count: 300_000).joined().utf8 + Array("]}}".utf8)
        #expect(throws: MalformedFrame.self) { try Call(frame: frame) }
    }

    // MARK: Time

    @Test func callsOfOneUserDoNotKeepAnotherClientWaiting() throws {
        try ControllerHarness.with { harness in
            let flood = try harness.client()
            try flood.send(Array(repeating: Call("io.pinfold.Events").frame, count: 1_000).flatMap { $0 })
            let user = try harness.client()
            try user.send(.list)
            #expect(try within(6, harness) { try user.poll() != nil })
            // Nor are they lost.
            for _ in 0..<1_000 { #expect(try flood.reply()?.error == nil) }
        }
    }

    @Test func callsWhoseAnswersAreNotReadAreNotAnswered() throws {
        try ControllerHarness.with { harness in
            let client = try harness.client()
            try client.send(Array(repeating: Call("io.pinfold.Describe").frame, count: 1_000).flatMap { $0 })
            client.hangUp()
            #expect(try within(6, harness) { harness.controller.connections.isEmpty })
        }
    }

    @Test func lookWithoutAnAnswerIsNotComputed() throws {
        try ControllerHarness.with { harness in
            let client = try harness.client()
            try client.send(Call("io.pinfold.Events", ["follow": true], isOneway: true, wantsMore: true).frame)
            // Were it computed, this one would wait behind the events.
            #expect(try client.ask(.list).error == nil)
        }
    }

    @Test func orderWithoutAnAnswerIsCarriedOutAndNotAnswered() throws {
        try ControllerHarness.with { harness in
            let launch = try harness.start("a")
            let client = try harness.client()
            try client.send(Call("io.pinfold.Kill", ["session": "a"], isOneway: true).frame)
            _ = try launch.ending()
            #expect(try client.ask(.list).parameters["sessions"]?[0]?["state"]?.string == "ended")
        }
    }

    // MARK: Connections

    @Test(.enabled(if: getuid() == 0, "only root can be two users"))
    func connectionsOfOneUserAreCountedAndTheNextIsRefusedWithTheReason() throws {
        try ControllerHarness.with { harness in
            harness.controller.limits.connectionsPerUser = 4
            let taken = try (0..<4).map { _ in try harness.client(as: 1_001) }
            for client in taken { #expect(try client.ask(.list).error == nil) }
            let late = try harness.client(as: 1_001)
            let refusal = try late.reply()
            #expect(refusal?.error == "io.pinfold.NotAdmitted")
            #expect(refusal?.parameters["message"]?.string?.contains("uid 1001 has 4 connections already") == true)
            #expect(try late.reply() == nil)
            #expect(try harness.client(as: 1_002).ask(.list).error == nil)
            taken[0].hangUp()
            #expect(try harness.client(as: 1_001).ask(.list).error == nil)
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can be two users"))
    func lastConnectionsAreRoots() throws {
        try ControllerHarness.with { harness in
            (harness.controller.limits.connections, harness.controller.limits.keptConnections) = (4, 2)
            let taken = try [1_001, 1_002].map { try harness.client(as: $0) }
            for client in taken { #expect(try client.ask(.list).error == nil) }
            #expect(try harness.client(as: 1_003).reply()?.error == "io.pinfold.NotAdmitted")
            #expect(try harness.client().ask(.list).error == nil)
        }
    }

    /// Found by the fuzzer of the socket: a thread that waits for one close must not collect thousands of others.
    @Test func connectionWithUnreadBytesAndNoDescriptorIsClosedAtOnce() throws {
        try ControllerHarness.with { harness in
            for _ in 0..<20 {
                let client = try harness.client()
                try client.send(.events(follow: true, since: nil))
                _ = try client.reply()
                try client.send(Self.half)
                client.hangUp()
            }
            let before = harness.controller.closingThread.total
            try harness.turn(until: { harness.controller.connections.isEmpty }, "the end of all")
            #expect(harness.controller.closingThread.total == before)
        }
    }

    /// Found by the fuzzer of the socket.
    @Test(.enabled(if: getuid() == 0, "only root can be two users"))
    func descriptorsThatAreStillBeingClosedCountForTheirUserAlone() throws {
        _ = try raiseOpenFilesLimit()
        try ControllerHarness.with { harness in
            harness.controller.limits.connections = 8_192
            let closingThread = harness.controller.closingThread
            var peer: Int32 = -1
            closingThread.close(OwnedDescriptor(owning: try unwrap(lingeringSocket(&peer))), of: 1_001)
            defer { close(peer) }
            for _ in 0..<1_100 { closingThread.close(try .duplicating(peer), of: 1_001) }
            #expect(try harness.client(as: 1_001).reply()?.error == "io.pinfold.NotAdmitted")
            #expect(try harness.client(as: 1_002).ask(.list).error == nil)
        }
    }

    // MARK: What is kept

    @Test func reasonOfAFailedStartIsCutAndForgesNothing() throws {
        try ControllerHarness.with { harness in
            let launch = try Launch(harness, name: "a")
            let reason = "no\nended b.1 (killed)\u{1B}[2J" + String(repeating: "x", count: 1 << 20)
            try launch.client.send(.startFailed(reason: reason, exitCode: 127))
            guard case .ended(let ending) = try launch.event() else { throw Missing("an end") }
            #expect(ending.cause.message.hasPrefix("no\\nended b.1 (killed)\\x1b[2Jxxx"))
            #expect(ending.cause.message.utf8.count <= 1_024 + 3)
            #expect(!harness.lines.contains { $0.contains("\n") || $0.contains("\u{1B}") })
        }
    }

    @Test func eventLogIsBoundedInBytesAndWhoHasMuchToLogLosesTheirOwn() {
        var log = EventLog()
        func add(_ text: String, _ user: UInt32) {
            let loggedEvent = LoggedEvent(.refused, nil, [("message", .text(text))])
            log.append(EventLog.Entry(time: WallClock.now(), loggedEvent: loggedEvent, owner: UserID(user)))
        }
        for number in 0..<3 { add("\(number)", 1_002) }
        for _ in 0..<5_000 { add(String(repeating: "x", count: 2_000), 1_001) }
        #expect(log.all().count { $0.owner == UserID(1_002) } == 3)
        #expect(log.all().count < 500)
        for _ in 0..<5_000 { add("x", 1_001) }
        #expect(log.all().count == 2_048)
        #expect(log.all().count { $0.owner == UserID(1_002) } == 3)
    }
}
