import Glibc
import PinfoldCgroups
import PinfoldLinux
import TestSupport
import Testing

/// Every process forks another one and ends, so that a list of them is always out of date; their number stays.
private let chainOfForks = "f() { f & }; for i in 1 2 3 4 5 6 7 8; do f & done"

@Suite(.needsCgroups) struct KillTests {
    @Test func hundredProcessesDieAtOnce() throws {
        try withTestCgroup("simple") { cgroup throws in
            let idlers = Idlers()
            try idlers.add(100, to: cgroup)
            #expect(try cgroup.processes().count == 100)
            #expect(try cgroup.kill() == .atOnce)
            #expect(try cgroup.waitUntilEmpty(timeout: .seconds(20)) == true)
            // Their zombies are still there, and do not hinder.
            #expect(try cgroup.remove() == .removed)
            let ends = try idlers.reap()
            #expect(ends == Array(repeating: .signaled(.kill, dumpedCore: false), count: 100))
        }
    }

    @Test func treeDiesWhole() throws {
        try withTestCgroup("tree") { cgroup throws in
            // A{B{C,D},E{F{G{H}}},I,K}, processes in C, H and K.
            let b = try cgroup.create("b")
            let c = try b.create("c")
            _ = try b.create("d")
            let e = try cgroup.create("e")
            let f = try e.create("f")
            let g = try f.create("g")
            let h = try g.create("h")
            _ = try cgroup.create("i")
            let k = try cgroup.create("k")
            let idlers = Idlers()
            try idlers.add(1, to: c)
            try idlers.add(1, to: h)
            try idlers.add(3, to: k)
            #expect(try cgroup.state() == .init(isPopulated: true))
            #expect(try cgroup.kill() == .atOnce)
            #expect(try cgroup.waitUntilEmpty(timeout: .seconds(20)) == true)
            #expect(try cgroup.allProcesses() == [])
            #expect(try cgroup.remove() == .removed, "with all cgroups below it")
        }
    }

    @Test(arguments: [true, false]) func nothingEscapesByForking(atOnce: Bool) throws {
        try withTestCgroup("forks") { cgroup throws in
            var child = try PipedChild("echo up; \(chainOfForks)", in: cgroup.descriptor)
            #expect(try child.lines(1) == ["up"])
            _ = try child.process.wait()
            #expect(try cgroup.state()?.isPopulated == true)
            let outcome = atOnce ? try cgroup.kill() : try cgroup.killOneByOne()
            #expect((outcome == .atOnce) == atOnce)
            #expect(try cgroup.waitUntilEmpty(timeout: .seconds(20)) == true)
            #expect(try cgroup.remove() == .removed)
        }
    }

    @Test func doubleForkAndSetsidDoNotHelp() throws {
        try withTestCgroup("setsid") { cgroup throws in
            var child = try PipedChild(
                "(setsid sh -c '(trap \"\" TERM HUP INT; echo up; kill -STOP $$; while :; do :; done) & wait' &)",
                in: cgroup.descriptor)
            #expect(try child.lines(1) == ["up"])
            _ = try child.process.wait()
            #expect(try cgroup.processes().isEmpty == false)
            #expect(try cgroup.kill() == .atOnce)
            #expect(try cgroup.waitUntilEmpty(timeout: .seconds(20)) == true)
        }
    }

    @Test(arguments: [true, false]) func frozenAndStoppedProcessesDie(atOnce: Bool) throws {
        try withTestCgroup("frozen") { cgroup throws in
            let idlers = Idlers()
            try idlers.add(5, to: cgroup)
            for pid in idlers.pids.sorted().prefix(2) { #expect(kill(pid, SIGSTOP) == 0) }
            #expect(try cgroup.freeze(timeout: .seconds(20)) == true)
            _ = atOnce ? try cgroup.kill() : try cgroup.killOneByOne()
            #expect(try cgroup.waitUntilEmpty(timeout: .seconds(20)) == true)
            if !atOnce { #expect(try cgroup.read("cgroup.freeze").value == "0", "thawed, whatever happened") }
        }
    }

    @Test func threadedCgroupIsKilledOneByOne() throws {
        try withTestCgroup("threaded") { cgroup throws in
            let threaded = try cgroup.create("t")
            #expect(try threaded.write("cgroup.type", "threaded") == .done)
            let idlers = Idlers()
            try idlers.add(3, to: cgroup)
            for pid in idlers.pids { #expect(try threaded.write("cgroup.threads", "\(pid)") == .done) }
            #expect(Set(try threaded.processes()) == idlers.pids, "by their threads")
            guard case .oneByOne(processes: 3, let passes) = try threaded.kill() else {
                Issue.record("a threaded cgroup cannot be killed at once")
                return
            }
            #expect(passes >= 3)
            #expect(try cgroup.waitUntilEmpty(timeout: .seconds(20)) == true)
            #expect(try cgroup.remove() == .removed)
        }
    }

    @Test func sessionThatTurnedThreadedIsKilledFromAbove() throws {
        try withTestCgroup("root") { cgroup throws in
            let idlers = Idlers()
            try idlers.add(2, to: cgroup)
            let threaded = try cgroup.create("t")
            #expect(try threaded.write("cgroup.type", "threaded") == .done)
            #expect(try threaded.write("cgroup.threads", "\(try #require(idlers.pids.min()))") == .done)
            #expect(try cgroup.kill() == .atOnce)
            #expect(try cgroup.waitUntilEmpty(timeout: .seconds(20)) == true)
        }
    }

    @Test func signalReachesEveryMemberOnce() throws {
        try withTestCgroup("signal") { cgroup throws in
            let child = try cgroup.create("inner")
            let idlers = Idlers()
            try idlers.add(70, to: cgroup)
            try idlers.add(3, to: child)
            let outcome = try cgroup.signal(.terminate)
            #expect(Set(outcome.signalled) == idlers.pids)
            #expect(outcome.signalled.count == 73, "each once")
            #expect(outcome.refused == [])
            #expect(try idlers.reap().allSatisfy { $0 == .signaled(.terminate, dumpedCore: false) })
            #expect(try cgroup.signal(.terminate) == SignalOutcome())
        }
    }

    @Test func cgroupIsOverOnlyWhenItIsEmpty() throws {
        try withTestCgroup("level") { cgroup throws in
            // Already so: no event will come for it.
            #expect(try cgroup.waitUntilEmpty(timeout: .seconds(60)) == true)
            let idlers = Idlers()
            try idlers.add(1, to: cgroup)
            #expect(try cgroup.waitUntilEmpty(timeout: .zero) == false)
            #expect(try cgroup.remove() == .busy(idlers.pids.sorted()))
            // Changes that follow each other within 10 ms are told late or together: what counts is the state.
            for _ in 0..<20 {
                let short = Idlers()
                try short.add(1, to: cgroup)
            }
            _ = try cgroup.kill()
            #expect(try cgroup.waitUntilEmpty(timeout: .seconds(20)) == true)
            #expect(try cgroup.state()?.isPopulated == false)
        }
    }
}
