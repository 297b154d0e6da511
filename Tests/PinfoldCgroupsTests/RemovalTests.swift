import PinfoldCgroups
import PinfoldLinux
import TestSupport
import Testing

@Suite(.needsCgroups) struct RemovalTests {
    @Test func nestedCgroupsAreRemovedWhateverTheirNames() throws {
        try withTestCgroup("nested") { top throws in
            let session = try top.create("session")
            let odd = ByteString(bytes: [0xff, 0xfe])
            try session.directory.make(odd)
            try session.directory.directory(odd).make("deeper")
            _ = try session.create("a").create("b")
            #expect(try session.remove() == .removed)
            #expect(try top.children() == [])
        }
    }

    @Test func cgroupWithProcessesNamesWhoIsInIt() throws {
        try withTestCgroup("busy") { top throws in
            let session = try top.create("session")
            let deep = try session.create("a").create("b")
            _ = try session.create("empty")
            let idlers = Idlers()
            try idlers.add(2, to: deep)
            guard case .busy(let processes) = try session.remove() else {
                Issue.record("a cgroup with processes was removed")
                return
            }
            #expect(Set(processes) == idlers.pids)
            #expect(try session.children() == ["a"], "what could be removed is")
            _ = try session.kill()
            #expect(try session.waitUntilEmpty(timeout: .seconds(20)) == true)
            #expect(try session.remove() == .removed)
        }
    }

    @Test func cgroupWithAWrongPathIsNotTakenForGone() throws {
        try withTestCgroup("wrongpath") { top throws in
            let session = try top.create("session")
            let other = try top.create("other")
            let copy = try session.directory.descriptor.duplicate()
            let misnamed = try Cgroup(owning: copy, path: other.path)
            let error = #expect(throws: CgroupError.self) { _ = try misnamed.remove() }
            #expect(error?.errno == .noSuchFile)
            #expect(try Set(top.children()) == ["session", "other"])
        }
    }

    @Test func populatedIsReportedUpTheTree() throws {
        try withTestCgroup("populated") { a throws in
            let b = try a.create("b")
            let c = try b.create("c")
            let d = try a.create("d")
            #expect(try arePopulated(a, b, c, d) == [false, false, false, false])
            let idlers = Idlers()
            try idlers.add(1, to: c)
            #expect(try arePopulated(a, b, c, d) == [true, true, true, false])
            let child = try #require(idlers.pids.first)
            #expect(try d.attach(child) == true)
            #expect(try arePopulated(a, b, c, d) == [true, false, false, true])
            _ = try a.kill()
            #expect(try a.waitUntilEmpty(timeout: .seconds(20)) == true)
            #expect(try arePopulated(a, b, c, d) == [false, false, false, false])
        }
    }

    @Test func manyLivesLeaveNothing() async {
        // In a process of its own, where nobody else opens anything.
        await #expect(processExitsWith: .success) {
            try withTestCgroup("lives") { top throws in
                try live(0, in: top)
                let before = try Directory("/proc/self/fd").entries().count
                for life in 1...300 { try live(life, in: top) }
                let after = try Directory("/proc/self/fd").entries().count
                #expect(after == before)
                #expect(try top.children() == [])
                #expect(try top.read("cgroup.stat").value?.contains("nr_descendants 0") == true)
            }
        }
    }
}

private func arePopulated(
    _ a: borrowing Cgroup, _ b: borrowing Cgroup, _ c: borrowing Cgroup, _ d: borrowing Cgroup
) throws -> [Bool?] {
    [try a.state()?.isPopulated, try b.state()?.isPopulated, try c.state()?.isPopulated, try d.state()?.isPopulated]
}

/// From the making of a session to its removal.
private func live(_ life: Int, in top: borrowing Cgroup) throws {
    let session = try top.create("session.\(life)")
    let files = try unwrap(try SessionFiles(of: session))
    let idlers = Idlers()
    try idlers.add(2, to: session)
    _ = try files.read()
    #expect(try session.kill() == .atOnce)
    #expect(try session.waitUntilEmpty(timeout: .seconds(20)) == true)
    #expect(try session.remove() == .removed)
}
