import PinfoldLinux
import Testing

@Suite struct WorkerThreadTests {
    @Test func jobsAreDoneInOrder() throws {
        // More than both pipes have room for.
        let worker = try WorkerThread<Int>()
        for number in 0..<20_000 { worker.submit { number } }
        #expect(worker.pending == 20_000)
        #expect(worker.finish() == Array(0..<20_000))
        #expect(worker.pending == 0)
    }

    @Test func resultsWakeTheLoopAndCarryWhatTheJobMade() throws {
        let worker = try WorkerThread<[String]>()
        #expect(worker.takeResult() == nil)
        var poller = try Poller()
        try poller.add(worker.resultsDescriptor, token: 1, for: .readable)
        for round in 0..<100 {
            // Made here, changed there, read here: what a sanitizer would complain about if the hand-over were loose.
            let made = Array(repeating: "round \(round)", count: 50)
            worker.submit { made.map { $0 + "!" } + ["done"] }
            #expect(try poller.wait(timeout: .seconds(30)).count == 1)
            #expect(worker.takeResult()?.last == "done")
            #expect(worker.takeResult() == nil)
        }
    }

    @Test func jobsRunElsewhereWithAllSignalsBlocked() throws {
        let worker = try WorkerThread<(UInt64, String?)>()
        worker.submit { (SignalSet.blocked().bits, threadName()) }
        let (blocked, name) = try #require(worker.finish().first)
        // Not KILL and STOP, which nobody can block, nor the C library's own two.
        let possible = ~(1 << 8 | 1 << 18 | 1 << 31 | 1 << 32) as UInt64
        #expect(blocked & possible == possible)
        #expect(name == "pinfold-worker")
    }

    @Test func droppedWorkerFinishesItsJobs() throws {
        let pipe = try Pipe()
        let writing = pipe.writing.number
        do {
            let worker = try WorkerThread<Bool>()
            worker.submit {
                let own = try? OwnedDescriptor.duplicating(writing)
                switch own {
                case .some(let own): return (try? own.writeAll([9])) != nil
                case .none: return false
                }
            }
        }
        var byte: [UInt8] = [0]
        #expect(try pipe.reading.read(into: &byte) == .bytes(1))
        extendLifetime(pipe)
    }

    @Test func resultsOfAnAbandonedWorkerAreReleased() throws {
        let gate = try Pipe()
        let done = try Pipe()
        let opened = gate.reading.number
        let finished = done.writing.number
        do {
            let worker = try WorkerThread<TellingEnd>()
            worker.submit { TellingEnd(finished) }
            worker.submit {
                _ = try? waitFor(opened, .readable, deadline: nil)
                return TellingEnd(finished)
            }
            worker.abandon()
        }
        try gate.writing.writeAll([1])
        // One made before, or at, the end of its owner, one after.
        var byte: [UInt8] = [0]
        for _ in 0..<2 { #expect(try done.reading.read(into: &byte) == .bytes(1)) }
        extendLifetime(gate)
        extendLifetime(done)
    }
}

/// Writes a byte when it is released.
private final class TellingEnd: Sendable {
    private let pipe: Int32

    init(_ pipe: Int32) {
        self.pipe = pipe
    }

    deinit {
        let own = try? OwnedDescriptor.duplicating(pipe)
        switch own {
        case .some(let own): try? own.writeAll([1])
        case .none: break
        }
    }
}

private func threadName() -> String? {
    let bytes = try? OwnedDescriptor.open("/proc/thread-self/comm", .read).readToEnd()
    return bytes.map { String(decoding: $0.dropLast(), as: UTF8.self) }
}
