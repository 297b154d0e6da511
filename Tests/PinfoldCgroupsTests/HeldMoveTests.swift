import PinfoldCgroups
import PinfoldLinux
import TestSupport
import Testing

@Suite(.needsCgroups) struct HeldMoveTests {
    @Test func heldProcessIsMoved() throws {
        try withTestCgroup("held") { cgroup throws in
            let child = try PipedChild("echo; exec sleep 1000")
            _ = try child.lines(1)
            #expect(try cgroup.attach(child.process.pidfd))
            #expect(try cgroup.processes() == [child.process.pid])
            _ = try child.process.send(.kill)
        }
    }

    @Test func processThatWasReapedIsNotMovedThoughItWasHeld() throws {
        try withTestCgroup("reaped") { cgroup throws in
            var child = try PipedChild("exit")
            let pidfd = try Pidfd(child.process.pid)
            _ = try child.finish()
            #expect(try !cgroup.attach(pidfd))
            #expect(try cgroup.processes() == [])
        }
    }

    @Test func whoeverGotTheNumberIsMovedBackToWhereItsParentIs() throws {
        try withTestCgroup("number") { cgroup throws in
            let child = try PipedChild("echo; exec sleep 1000")
            _ = try child.lines(1)
            let before = CgroupMembership.of(child.process.pid)
            #expect(before != nil)
            try cgroup.attach(child.process.pid)
            #expect(CgroupMembership.of(child.process.pid) != before)
            try cgroup.giveBack(child.process.pid)
            #expect(CgroupMembership.of(child.process.pid) == before)
            _ = try child.process.send(.kill)
        }
    }

    @Test func childOfAMemberStaysWhereItIs() throws {
        try withTestCgroup("member") { cgroup throws in
            let child = try PipedChild("sleep 1000 & echo $!; wait", in: cgroup.descriptor)
            let grandchild = try unwrap(ProcessID(try unwrap(try child.lines(1).first)))
            try cgroup.giveBack(grandchild)
            #expect(try Set(cgroup.processes()) == [child.process.pid, grandchild])
        }
    }
}
