import Glibc
import PinfoldCgroups
import PinfoldLinux
import TestSupport
import Testing

@Suite(.needsCgroups) struct CgroupTests {
    @Test func childIsMadeOnceOpenedAndListed() throws {
        try withTestCgroup("child") { cgroup throws in
            let made = try cgroup.create("a b:c")
            #expect(try cgroup.children() == ["a b:c"])
            let opened = try unwrap(try cgroup.child("a b:c"))
            #expect(opened.inode == made.inode)
            #expect(opened.path == cgroup.path + "/a b:c")
            #expect(try isNil(cgroup.child("other")) == true)
            let error = #expect(throws: CgroupError.self) { _ = try cgroup.create("a b:c") }
            #expect(error?.errno == .fileExists, "a cgroup is for one life")
        }
    }

    @Test(arguments: ["", ".", "..", "a/b", "/", "a\0b", "a\nb", "a\u{7f}", String(repeating: "x", count: 256)])
    func nameThatNoCgroupCanHaveIsRefused(name: String) throws {
        try withTestCgroup("name") { cgroup throws in
            let error = #expect(throws: CgroupError.self) { _ = try cgroup.create(name) }
            #expect(error?.code == .invalidName)
            #expect(throws: CgroupError.self) { _ = try cgroup.child(name) }
            #expect(try cgroup.children() == [])
        }
    }

    @Test(arguments: ["cgroup.procs", "cgroup.kill"]) func nameOfAControlFileIsRefused(name: String) throws {
        try withTestCgroup("name") { cgroup throws in
            let error = #expect(throws: CgroupError.self) { _ = try cgroup.create(name) }
            #expect(error?.errno == .fileExists)
        }
    }

    @Test func removedCgroupIsGoneBeforeAndAfterOpening() throws {
        try withTestCgroup("gone") { top throws in
            let cgroup = try top.create("x")
            let kept = try unwrap(try ControlFile("cgroup.events", of: cgroup))
            let files = try unwrap(try SessionFiles(of: cgroup))
            #expect(cgroup.isGone == false)
            #expect(try cgroup.remove() == .removed)

            #expect(cgroup.isGone == true)
            #expect(try isNil(Cgroup.open(cgroup.path)) == true)
            #expect(try cgroup.read("cgroup.events") == .gone)
            #expect(try cgroup.write("cgroup.freeze", "1") == .gone)
            #expect(try cgroup.amount("memory.max") == .gone)
            #expect(try cgroup.pressure(.memory) == .gone)
            #expect(try cgroup.memoryStat() == .gone)
            #expect(try cgroup.processes() == [])
            #expect(try cgroup.children() == [])
            #expect(try cgroup.kill() == .gone)
            #expect(try cgroup.signal(.terminate) == SignalOutcome())
            #expect(try cgroup.state() == nil)
            #expect(try cgroup.waitUntilEmpty(timeout: .seconds(60)) == true)
            #expect(try cgroup.freeze() == true)
            #expect(try cgroup.remove() == .gone)
            #expect(try kept.read { $0.count } == nil)
            #expect(try files.read() == SessionReading())
            var limits = Limits()
            limits.maxDepth = .number(1)
            #expect(cgroup.apply(limits).map(\.outcome) == [.gone])
        }
    }

    @Test func missingFileOfALivingCgroupIsAnotherAnswer() throws {
        try withTestCgroup("nofile") { cgroup throws in
            #expect(try cgroup.read("no.such") == .noFile)
            #expect(try cgroup.write("no.such", "1") == .noFile)
            #expect(try isNil(ControlFile("no.such", of: cgroup)) == true)
        }
    }

    @Test func cgroupMadeAnewUnderTheSamePathIsAnotherOne() throws {
        try withTestCgroup("again") { top throws in
            let first = try top.create("x")
            let inode = first.inode
            #expect(try first.remove() == .removed)
            let second = try top.create("x")
            #expect(second.inode != inode)
            #expect(first.isGone == true)
            #expect(try first.remove() == .gone)
            #expect(second.isGone == false, "what is held is not what took its name")
            let error = #expect(throws: CgroupError.self) { _ = try Cgroup.open(second.path, inode: inode) }
            #expect(error?.code == .replaced)
            #expect(try isNil(Cgroup.open(second.path, inode: second.inode)) == false)
        }
    }

    @Test func kernelsRefusalNamesFileAndValue() throws {
        try withTestCgroup("refusal") { cgroup throws in
            let error = #expect(throws: CgroupError.self) { try cgroup.write("cgroup.freeze", "7") }
            #expect(error?.errno == .outOfRange)
            #expect(
                error?.description == "cannot write \"7\" to \(cgroup.path)/cgroup.freeze: "
                    + "ERANGE: Numerical result out of range")
        }
    }

    @Test func descendantsAndDepthAreLimited() throws {
        try withTestCgroup("limits") { cgroup throws in
            var limits = Limits()
            limits.maxDescendants = .number(2)
            limits.maxDepth = .number(1)
            #expect(cgroup.apply(limits).map(\.outcome) == [.held("2"), .held("1")])
            let child = try cgroup.create("a")
            let deeper = #expect(throws: CgroupError.self) { _ = try child.create("b") }
            #expect(deeper?.errno == .again)
            _ = try cgroup.create("c")
            let more = #expect(throws: CgroupError.self) { _ = try cgroup.create("d") }
            #expect(more?.errno == .again)
        }
    }

    @Test func processesAreListedWithoutThoseThatEnded() throws {
        try withTestCgroup("members") { cgroup throws in
            let child = try cgroup.create("a")
            let idlers = Idlers()
            try idlers.add(3, to: cgroup)
            let inner = Idlers()
            try inner.add(2, to: child)
            #expect(Set(try cgroup.processes()) == idlers.pids)
            #expect(Set(try cgroup.threads()) == idlers.pids)
            #expect(Set(try cgroup.allProcesses()) == idlers.pids.union(inner.pids))
            _ = try child.kill()
            #expect(try child.waitUntilEmpty(timeout: .seconds(20)) == true)
            #expect(try child.processes() == [], "zombies are not listed")
        }
    }

    @Test func processIsMovedWithAllItsThreads() throws {
        try withTestCgroup("move") { cgroup throws in
            let source = try cgroup.create("source")
            let target = try cgroup.create("target")
            let script: ByteString = """
                import threading
                for _ in range(12): threading.Thread(target=threading.Event().wait, daemon=True).start()
                print("up", flush=True)
                threading.Event().wait()
                """
            var child = try PipedChild(Command("/usr/bin/python3", ["-c", script]), in: source.descriptor)
            #expect(try child.lines(1) == ["up"])
            #expect(try source.threads().count == 13)
            #expect(try target.attach(child.process.pid) == true)
            #expect(try source.threads() == [])
            #expect(try target.threads().count == 13)
            #expect(try target.processes() == [child.process.pid])
            _ = try target.kill()
            _ = try child.process.wait()
            #expect(try source.attach(child.process.pid) == false, "there is no such process any more")
        }
    }
}

/// `== nil`, for values that cannot be copied.
func isNil<Value: ~Copyable>(_ value: consuming Value?) -> Bool {
    switch consume value {
    case .some: false
    case .none: true
    }
}
