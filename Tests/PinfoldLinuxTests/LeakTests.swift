import CTestSupport
import Foundation
import Glibc
import PinfoldLinux
import TestSupport
import Testing

/// In processes of their own: other tests open and close descriptors all the time.
@Suite struct LeakTests {
    @Test func manyChildrenLeaveNoDescriptor() async {
        await #expect(processExitsWith: .success) {
            SignalSet.ignoreBrokenPipe()
            func oneOfEach(_ round: Int) throws {
                var plain = try Child.spawn(Command("/bin/true"))
                #expect(try plain.wait() == .exited(0))

                var options = SpawnOptions()
                options.hold = true
                var held = try Child.spawn(Command("/bin/true"), options: options)
                try held.releaseHold()
                #expect(try held.finishStart() == .executing)
                #expect(try held.wait() == .exited(0))

                var abandoned = try Child.spawnIdle()
                if round.isMultiple(of: 2) { abandoned.abandonHold() } else { try abandoned.send(.kill) }
                _ = try abandoned.wait()

                options.oomScore = 5000
                var failing = try Child.spawn(Command("/bin/true"), options: options)
                try failing.releaseHold()
                guard case .failed = try failing.finishStart() else { throw Missing("a failure") }

                options.cgroup = 0
                #expect(throws: SpawnError.self) { _ = try Child.spawn(Command("/bin/true"), options: options) }
                #expect(throws: SpawnError.self) { _ = try Child.spawn(Command("/nonexistent")) }
            }
            try oneOfEach(0)

            // First the counter itself: it must see a descriptor of the kind that could leak.
            let before = try openDescriptors()
            let pidfd = try Pidfd(ownProcessID())
            #expect(try openDescriptors() == before + 1)
            drop(pidfd)
            #expect(try openDescriptors() == before)

            // Under the thread sanitizer a child takes a third of a second.
            for round in 0..<(test_allocations() < 0 ? 10 : 250) { try oneOfEach(round) }
            #expect(try openDescriptors() == before)
            var status: Int32 = 0
            #expect(waitpid(-1, &status, WNOHANG) == -1, "nor a zombie")
        }
    }

    @Test func connectionsLeaveNoDescriptor() async throws {
        let folder = try makeFolder()
        defer { removeFolder(folder) }
        await #expect(processExitsWith: .success) { [folder = folder as String] in
            let listener = try LocalListener(path: "\(folder)/socket")
            func oneOfEach() throws {
                let client = try LocalStream.connect(to: "\(folder)/socket", timeout: .seconds(5))
                let server = try unwrap(try listener.accept())
                // Received, refused, and never received at all.
                for welcome in [2, 1, 0] {
                    _ = try client.send([1], descriptors: [0, 1])
                    var buffer: [UInt8] = [0]
                    guard case .data = try server.receive(into: &buffer, accepting: welcome) else {
                        throw Missing("the message")
                    }
                }
                _ = try client.send([1], descriptors: [0, 1])
                #expect(throws: ListenError.self) { _ = try LocalListener(path: "\(folder)/socket") }
                #expect(throws: Errno.self) { _ = try LocalStream.connect(to: "\(folder)/no", timeout: .seconds(5)) }
                while case .some = try listener.accept() {}
            }
            try oneOfEach()
            let before = try openDescriptors()
            for _ in 0..<300 { try oneOfEach() }
            #expect(try openDescriptors() == before)
        }
    }

    @Test func openFilesLimitIsRaisedForUsAndNotForChildren() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit(rlim_cur: 256, rlim_max: 1000)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let before = try raiseOpenFilesLimit()
            #expect(before == 256)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            #expect(limit.rlim_cur == 1000)
            var options = SpawnOptions()
            options.openFilesLimit = 256
            let limits = try output(of: Command("sh", ["-c", "ulimit -Sn; ulimit -Hn"]), options)
            #expect(limits == "256\n1000\n")
        }
    }
}

private func drop(_: consuming Pidfd) {}

/// Without those of Dispatch, which opens its timer's at a moment of its own.
private func openDescriptors() throws -> Int {
    let targets = try Directory("/proc/self/fd").entries().compactMap { entry in
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(entry.name)")
    }
    return targets.count { !["[timerfd]", "[eventfd]", "[eventpoll]"].contains($0.drop { $0 != "[" }) }
}
