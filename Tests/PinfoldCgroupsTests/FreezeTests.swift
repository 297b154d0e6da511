import Glibc
import PinfoldCgroups
import PinfoldLinux
import TestSupport
import Testing

@Suite(.needsCgroups) struct FreezeTests {
    @Test func processesStandStillAndGoOn() throws {
        try withTestCgroup("freeze") { cgroup throws in
            let idlers = Idlers()
            try idlers.add(10, to: cgroup)
            #expect(try cgroup.freeze(timeout: .seconds(20)) == true)
            #expect(try cgroup.state() == .init(isPopulated: true, isFrozen: true))
            #expect(try cgroup.thaw() == .done)
            #expect(try cgroup.state() == .init(isPopulated: true, isFrozen: false))
        }
    }

    @Test func forkingProcessesStandStill() throws {
        try withTestCgroup("freezeforks") { cgroup throws in
            let child = try PipedChild("echo up; f() { f & }; for i in 1 2 3 4; do f & done", in: cgroup.descriptor)
            #expect(try child.lines(1) == ["up"])
            #expect(try cgroup.freeze(timeout: .seconds(20)) == true)
            let first = Set(try cgroup.processes())
            #expect(try Set(cgroup.processes()) == first && !first.isEmpty)
        }
    }

    @Test func treeIsFrozenWithWhatIsMadeInIt() throws {
        try withTestCgroup("freezetree") { cgroup throws in
            let before = try cgroup.create("before")
            #expect(try cgroup.freeze(timeout: .seconds(20)) == true)
            let after = try cgroup.create("after")
            #expect(try before.state()?.isFrozen == true)
            #expect(try after.state()?.isFrozen == true)
            #expect(try after.thaw() == .done)
            #expect(try after.state()?.isFrozen == true, "what is above wins")
            #expect(try before.remove() == .removed)
            #expect(try cgroup.thaw() == .done)
            #expect(try after.state()?.isFrozen == false)
        }
    }

    @Test func movedProcessTakesOnTheStateOfItsPlace() throws {
        try withTestCgroup("freezemove") { cgroup throws in
            let cold = try cgroup.create("cold")
            let warm = try cgroup.create("warm")
            #expect(try cold.freeze(timeout: .seconds(20)) == true)
            let idlers = Idlers()
            try idlers.add(1, to: warm)
            let pid = try #require(idlers.pids.first)
            #expect(try cold.attach(pid) == true)
            let events = try unwrap(try CgroupEvents(of: cold))
            #expect(try events.wait(timeout: .seconds(20)) { $0.isFrozen && $0.isPopulated } == true)
            #expect(try warm.attach(pid) == true)
            #expect(try warm.state() == .init(isPopulated: true, isFrozen: false))
        }
    }

    @Test func childBornInAFrozenCgroupWaits() async {
        // In a process of its own: what is born there keeps copies of our descriptors until it is thawed.
        await #expect(processExitsWith: .success) {
            try withTestCgroup("freezebirth") { cgroup throws in
                #expect(try cgroup.freeze(timeout: .seconds(20)) == true)
                var options = SpawnOptions()
                options.cgroup = cgroup.descriptor
                var child = try Child.spawn(Command("true"), options: options)
                #expect(try child.pollStart() == nil)
                #expect(try cgroup.thaw() == .done)
                #expect(try child.finishStart() == .executing)
                #expect(try child.wait() == .exited(0))
            }
        }
    }

    @Test func eventsCanBePolledFor() throws {
        try withTestCgroup("events") { cgroup throws in
            let events = try unwrap(try CgroupEvents(of: cgroup))
            var poller = try Poller()
            try poller.add(events.descriptor, token: 9, for: .priority)
            #expect(try events.read()?.isPopulated == false)
            #expect(try poller.wait(timeout: .zero).isEmpty)
            let idlers = Idlers()
            try idlers.add(1, to: cgroup)
            let ready = try poller.wait(timeout: .seconds(20))
            #expect(ready.map(\.token) == [9])
            #expect(ready.allSatisfy { $0.ready.contains(.priority) })
            #expect(try events.read()?.isPopulated == true)
            #expect(try poller.wait(timeout: .zero).isEmpty, "reading is the answer to the event")
        }
    }
}
