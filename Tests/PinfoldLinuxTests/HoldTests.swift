import Glibc
import PinfoldLinux
import TestSupport
import Testing

@Suite struct HoldTests {
    private static var held: SpawnOptions {
        var options = SpawnOptions()
        options.hold = true
        return options
    }

    @Test func heldChildGoesOnWhenReleased() throws {
        var child = try Child.spawn(Command("true"), options: Self.held)
        #expect(try child.waitUntilAlive())
        #expect(try child.pollStart() == nil)
        #expect(try child.poll() == nil)
        try child.releaseHold()
        #expect(try child.finishStart() == .executing)
        #expect(try child.wait() == .exited(0))
    }

    @Test func abandonedChildLeavesWithoutExecuting() throws {
        var child = try PipedChild("echo never", in: nil, Self.held)
        child.process.abandonHold()
        let (change, text) = try child.finish()
        #expect(change == .exited(125))
        #expect(text == "")
    }

    @Test func abandonedChildLeavesAlsoWhereItKeepsDescriptors() throws {
        var options = Self.held
        options.closingFrom = 1000
        var child = try Child.spawn(Command("/bin/true"), options: options)
        child.abandonHold()
        #expect(try child.wait() == .exited(125))
    }

    @Test func childThatDiedOnHoldIsNoErrorForItsRelease() throws {
        var child = try Child.spawnIdle()
        #expect(try child.waitUntilAlive())
        try child.send(.kill)
        #expect(try child.wait() == .signaled(.kill, dumpedCore: false))
        SignalSet.ignoreBrokenPipe()
        try child.releaseHold()
    }

    @Test func heldChildrenLeaveWhenTheirParentDies() async throws {
        let folder = try makeFolder()
        defer { removeFolder(folder) }
        await #expect(processExitsWith: .success) { [folder = folder as String] in
            // Two of them: the second must not keep the first one's hold open.
            let (first, second) = (try Child.spawnIdle().forgotten(), try Child.spawnIdle().forgotten())
            let file = try OwnedDescriptor.open("\(folder)/pids", [.write, .create])
            try file.writeAll(Array("\(first)\n\(second)\n".utf8))
            exit(0)
        }
        let text = String(decoding: try OwnedDescriptor.open("\(folder)/pids", .read).readToEnd(), as: UTF8.self)
        let pids = text.split(separator: "\n").compactMap { ProcessID($0) }
        #expect(pids.count == 2)
        for pid in pids {
            guard let held = try? Pidfd(pid) else { continue }
            let deadline = MonotonicClock.now().advanced(by: .seconds(20))
            #expect(try waitFor(held.descriptor.number, .readable, deadline: deadline) == .readable)
        }
    }

    @Test func startCanBeWaitedForInALoop() throws {
        var child = try Child.spawn(Command("true"), options: Self.held)
        var poller = try Poller()
        let descriptor = child.statusDescriptor
        let status = try #require(descriptor)
        try poller.add(status, token: 1, for: .readable)
        var outcome = try child.pollStart()
        try child.releaseHold()
        while outcome == nil {
            let events = try poller.wait(timeout: .seconds(20))
            try #require(events.map(\.token) == [1])
            outcome = try child.pollStart()
        }
        #expect(outcome == .executing)
        #expect(child.statusDescriptor == nil)
        #expect(try child.wait() == .exited(0))
    }
}

/// Children whose descriptors stay open until this process ends.
nonisolated(unsafe) private var kept: [UnsafeMutablePointer<ChildProcess>] = []

extension ChildProcess {
    fileprivate consuming func forgotten() -> ProcessID {
        let pid = pid
        let place = UnsafeMutablePointer<ChildProcess>.allocate(capacity: 1)
        place.initialize(to: self)
        kept.append(place)
        return pid
    }
}
