import Dispatch
import PinfoldLinux
import Synchronization

@testable import PinfoldController

/// The files of a store, on a disk whose faults the test decides.
final class FakeFiles: RecordFiles {
    private struct Disk {
        var texts: [String: [UInt8]] = [:]
        var problem: Errno?
        var syncProblem: Errno?
        var attempts = 0
        var isHanging = false
        var isHeld = false
    }

    private let disk = Mutex(Disk())
    private let gate = DispatchSemaphore(value: 0)

    /// What every write and removal fails with; nil where the disk is well.
    var problem: Errno? {
        get { disk.withLock { $0.problem } }
        set { disk.withLock { $0.problem = newValue } }
    }
    var syncProblem: Errno? {
        get { disk.withLock { $0.syncProblem } }
        set { disk.withLock { $0.syncProblem = newValue } }
    }
    /// How many writes and removals were tried.
    var attempts: Int { disk.withLock { $0.attempts } }
    /// Whether a call waits in the disk.
    var isHeld: Bool { disk.withLock { $0.isHeld } }

    func text(_ name: String) -> String? {
        disk.withLock { $0.texts[name].map { String(decoding: $0, as: UTF8.self) } }
    }

    /// From now on the next call does not return before `release`.
    func hang() { disk.withLock { $0.isHanging = true } }

    func release() {
        disk.withLock { $0.isHanging = false }
        gate.signal()
    }

    private func change(_ body: (inout [String: [UInt8]]) -> Void) throws(Errno) {
        let isHanging = disk.withLock { disk in
            disk.attempts += 1
            if disk.isHanging { disk.isHeld = true }
            return disk.isHanging
        }
        if isHanging {
            gate.wait()
            disk.withLock { $0.isHeld = false }
        }
        let problem = disk.withLock { disk in
            if disk.problem == nil { body(&disk.texts) }
            return disk.problem
        }
        if let problem { throw problem }
    }

    func names() throws(Errno) -> [String] { disk.withLock { Array($0.texts.keys) } }

    func read(_ name: String, limit: Int) throws(WorldError) -> [UInt8] {
        guard let text = disk.withLock({ $0.texts[name] }) else { throw WorldError("there is no such file") }
        return text
    }

    func replace(_ name: String, with text: [UInt8], isLasting: Bool) throws(Errno) {
        try change { $0[name] = text }
    }

    func rename(_ name: String, to new: String) throws(Errno) {
        try change { $0[new] = $0.removeValue(forKey: name) }
    }

    func remove(_ name: String) throws(Errno) {
        try change { $0[name] = nil }
    }

    func sync() throws(Errno) {
        if let problem = syncProblem { throw problem }
    }
}
