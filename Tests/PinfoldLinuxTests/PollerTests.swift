import PinfoldLinux
import TestSupport
import Testing

@Suite struct PollerTests {
    @Test func readyDescriptorsComeWithTheirTokens() throws {
        var poller = try Poller()
        let quiet = try LocalStreamPair()
        let loud = try LocalStreamPair()
        try poller.add(quiet.first.descriptor.number, token: 1, for: .readable)
        try poller.add(loud.first.descriptor.number, token: .max, for: [.readable, .writable])
        #expect(try poller.wait(timeout: .zero) == [Poller.Event(token: .max, ready: .writable)])

        _ = try loud.second.send([1])
        #expect(try poller.wait(timeout: nil) == [Poller.Event(token: .max, ready: [.readable, .writable])])

        try poller.change(loud.first.descriptor.number, token: 7, for: .readable)
        #expect(try poller.wait(timeout: nil) == [Poller.Event(token: 7, ready: .readable)])

        try poller.remove(loud.first.descriptor.number)
        #expect(try poller.wait(timeout: .zero) == [])
        try poller.remove(loud.first.descriptor.number)
        extendLifetime(quiet)
    }

    @Test func pollerCanBePolled() throws {
        var outer = try Poller()
        let inner = try Poller()
        let pair = try LocalStreamPair()
        try inner.add(pair.first.descriptor.number, token: 1, for: .readable)
        try outer.add(inner.number, token: 2, for: .readable)
        #expect(try outer.wait(timeout: .zero) == [])
        _ = try pair.second.send([1])
        #expect(try outer.wait(timeout: nil) == [Poller.Event(token: 2, ready: .readable)])
        extendLifetime(inner)
    }

    @Test func hangUpIsReportedUnasked() throws {
        var poller = try Poller()
        var pipe = try Pipe()
        try poller.add(pipe.reading.number, token: 1, for: [])
        #expect(try poller.wait(timeout: .zero) == [])
        pipe.writing = try OwnedDescriptor.open("/dev/null", .write)
        #expect(try poller.wait(timeout: nil) == [Poller.Event(token: 1, ready: .hangUp)])
        extendLifetime(pipe)
    }

    @Test func moreEventsThanRoomComeWithTheNextWait() throws {
        var poller = try Poller(capacity: 2)
        let streams = (0..<5).map { _ in StreamBox() }
        for (index, box) in streams.enumerated() {
            _ = try box.pair.second.send([1])
            try poller.add(box.pair.first.descriptor.number, token: UInt64(index), for: .readable)
        }
        var seen: Set<UInt64> = []
        for _ in 0..<5 {
            let events = try poller.wait(timeout: .zero)
            #expect(events.count == 2)
            seen.formUnion(events.map(\.token))
        }
        #expect(seen == [0, 1, 2, 3, 4])
    }

    @Test func regularFileCannotBePolled() throws {
        try withFolder(["file": ""]) { folder throws in
            let poller = try Poller()
            let file = try OwnedDescriptor.open("\(folder)/file", .read)
            #expect(throws: Errno.notPermitted) { try poller.add(file.number, token: 0, for: .readable) }
        }
    }

    @Test func waitForOneKeepsToItsDeadline() throws {
        let pipe = try Pipe()
        let past = MonotonicClock.Instant(nanoseconds: 0)
        #expect(try waitFor(pipe.reading.number, .readable, deadline: past) == [])
        try pipe.writing.writeAll([1])
        #expect(try waitFor(pipe.reading.number, .readable, deadline: past) == .readable)
        #expect(try waitFor(pipe.reading.number, .readable, deadline: nil) == .readable)
    }

    private final class StreamBox {
        let pair: LocalStreamPair
        init() {
            do { pair = try LocalStreamPair() } catch { fatalError("\(error)") }
        }
    }
}
