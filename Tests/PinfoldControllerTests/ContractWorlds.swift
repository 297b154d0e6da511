import PinfoldCgroups
import PinfoldCore
import PinfoldLinux
import PinfoldPolicy
import TestSupport

@testable import PinfoldController

/// A world with somebody who starts and ends commands in it.
protocol ContractWorld: AnyObject {
    var world: any World { get }
    /// A command begins in a life's cgroup. It leaves on SIGTERM.
    func begin(_ life: LifeID) throws -> ProcessID
    /// It leaves by itself.
    func end(_ life: LifeID) throws
    /// Waits for its last process to be gone, without the world's noticing.
    func untilEmpty(_ life: LifeID) throws
    /// Whether its cgroup is there.
    func exists(_ life: LifeID) -> Bool
    /// A process of ours that is not in any session yet.
    func outsider() throws -> ProcessID
    func isIn(_ process: ProcessID, _ life: LifeID) throws -> Bool
}

final class FakeContractWorld: ContractWorld {
    let made: FakeWorld
    var world: any World { made }

    init() throws {
        made = try FakeWorld()
    }

    func begin(_ life: LifeID) throws -> ProcessID {
        made.setPopulated(life, true)
        return 4_242
    }

    func end(_ life: LifeID) { made.setPopulated(life, false) }
    func untilEmpty(_ life: LifeID) {}
    func exists(_ life: LifeID) -> Bool { made.lives[life] != nil }
    func outsider() -> ProcessID { ownProcessID() }
    func isIn(_ process: ProcessID, _ life: LifeID) -> Bool { made.attached.contains { $0 == (process, life) } }
}

final class SliceContractWorld: ContractWorld {
    let slice: SliceWorld
    var world: any World { slice }
    private var children: [LifeID: Held] = [:]
    private var outsiders: [Held] = []

    private final class Held {
        var child: ChildProcess

        init(_ child: consuming ChildProcess) {
            self.child = child
        }

        deinit {
            _ = try? child.send(.kill)
            _ = try? child.wait()
        }
    }

    init(slice path: String, policies: PolicySet) throws {
        // The other tests' children are born where this process is: they must not be born here.
        let taken = try Slice.takeOver(path, requiringMemory: false, movingIn: false)
        let sessions = try unwrap(try taken.root.child("sessions"))
        let meters = try PoolMeters(
            sessions: sessions, slicePath: path, mountPoint: Machine.mountPoint ?? "/sys/fs/cgroup")
        let budget = PoolBudget(policy: policies.pool, effectiveLimit: 8 << 30, taskLimit: 32_768)
        slice = try SliceWorld(
            slice: taken, in: try Hierarchy.find(), meters: meters, isEnforcing: false, budget: budget, notice: { _ in }
        )
    }

    func begin(_ life: LifeID) throws -> ProcessID {
        var options = SpawnOptions()
        options.cgroup = try unwrap(slice.descriptor(of: life))
        let held = Held(try Child.spawnIdle(options: options))
        guard try held.child.waitUntilAlive() else { throw Missing("a living child") }
        children[life] = held
        return held.child.pid
    }

    func end(_ life: LifeID) {
        children[life]?.child.abandonHold()
    }

    func untilEmpty(_ life: LifeID) throws {
        guard try cgroup(of: life).waitUntilEmpty(timeout: .seconds(20)) else { throw Missing("an empty cgroup") }
    }

    func exists(_ life: LifeID) -> Bool {
        (try? FileStatus.of(path: slice.sessionsPath + "/" + life.directoryName)) != nil
    }

    func outsider() throws -> ProcessID {
        let held = Held(try Child.spawnIdle())
        guard try held.child.waitUntilAlive() else { throw Missing("a living child") }
        outsiders.append(held)
        return held.child.pid
    }

    func isIn(_ process: ProcessID, _ life: LifeID) throws -> Bool {
        try cgroup(of: life).processes().contains(process)
    }

    private func cgroup(of life: LifeID) throws -> Cgroup {
        try unwrap(try Cgroup.open(slice.sessionsPath + "/" + life.directoryName))
    }
}
