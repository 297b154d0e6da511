import PinfoldCgroups
import PinfoldLinux
import TestSupport

/// Children that do nothing in a cgroup, until they are killed. They are reaped with this value, not before.
final class Idlers {
    private var children: [Box] = []

    /// - Throws: where one was not born alive.
    func add(_ count: Int, to cgroup: borrowing Cgroup) throws {
        var options = SpawnOptions()
        options.cgroup = cgroup.descriptor
        for _ in 0..<count {
            let box = Box(try Child.spawnIdle(options: options))
            guard try box.child.waitUntilAlive() else { throw Missing("a child that was born alive") }
            children.append(box)
        }
    }

    var pids: Set<ProcessID> { Set(children.map { $0.child.pid }) }

    /// How all of them ended.
    func reap() throws -> [ProcessChange] {
        try children.map { try $0.child.wait() }
    }

    deinit {
        for box in children {
            _ = try? box.child.send(.kill)
            _ = try? box.child.wait()
        }
    }

    private final class Box {
        var child: ChildProcess
        init(_ child: consuming ChildProcess) { self.child = child }
    }
}
