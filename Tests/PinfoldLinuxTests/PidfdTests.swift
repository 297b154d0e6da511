import Glibc
import PinfoldLinux
import TestSupport
import Testing

@Suite struct PidfdTests {
    @Test func changesOfAChildAreReported() throws {
        let input = try Pipe()
        var options = SpawnOptions()
        options.standardInput = input.reading.number
        var child = try PipedChild("echo up; kill -STOP $$; echo on; exec cat", in: nil, options)
        #expect(try child.lines(1) == ["up"])
        let held = try Pidfd(child.process.pid)
        #expect(try held.wait(stops: true, blocking: true) == .stopped(.stop))
        #expect(try child.process.poll(stops: true) == nil, "each change is told once")
        try child.process.send(.resume)
        #expect(try held.wait(stops: true, blocking: true) == .continued)
        #expect(try child.lines(1) == ["on"])
        try child.process.send(.kill)
        #expect(try child.process.wait() == .signaled(.kill, dumpedCore: false))
        #expect(try child.process.send(.kill) == false, "nobody is left to get it")
        extendLifetime(input)
    }

    @Test func endedProcessIsReadableAndStillThereUntilReaped() throws {
        var child = try Child.spawn(Command("true"))
        #expect(try waitFor(child.pidfd.descriptor.number, .readable, deadline: nil) == .readable)
        #expect(try child.pidfd.hasEnded() == true)
        #expect(child.pidfd.exists() == true)
        #expect(try child.pidfd.processID() == child.pid)
        #expect(try child.wait() == .exited(0))
        #expect(child.pidfd.exists() == false)
        #expect(try child.pidfd.processID() == nil)
        #expect(throws: Errno.noChild) { _ = try child.pidfd.wait() }
    }

    @Test func numberOutOfRangeIsRefused() {
        #expect(throws: Errno.noSuchProcess) { _ = try Pidfd(1 << 22 - 1) }
        #expect(throws: Errno.invalidArgument) { _ = try Pidfd(0) }
    }

    @Test func anyChildIsReapedWithItsEnd() async {
        await #expect(processExitsWith: .success) {
            try alone {
                try check(reapAnyChild() == nil, "no child")
                let failing = try Child.spawn(Command("sh", ["-c", "exit 300"]))
                _ = try waitFor(failing.pidfd.descriptor.number, .readable, deadline: nil)
                let first = reapAnyChild()
                try check(first?.process == failing.pid && first?.end == .exited(44), "300 is 44 in eight bits")
                let killed = try Child.spawn(Command("sh", ["-c", "kill -HUP $$"]))
                _ = try waitFor(killed.pidfd.descriptor.number, .readable, deadline: nil)
                let second = reapAnyChild()
                try check(second?.process == killed.pid && second?.end == .signaled(.hangUp, dumpedCore: false))
                let idle = try Child.spawnIdle()
                try check(reapAnyChild() == nil, "a child that lives")
                extendLifetime(idle)
            }
        }
    }

    @Test func exitStatusIsAsAsked() async {
        await #expect(processExitsWith: .exitCode(75)) { exitProcess(75) }
    }

    @Test func orphansComeToTheSubreaper() async {
        await #expect(processExitsWith: .success) {
            try becomeSubreaper()
            var child = try PipedChild("(setsid sh -c 'echo $$; kill -STOP $$' & ) ; echo done")
            let lines = Set(try child.lines(2))
            #expect(lines.contains("done"))
            let orphan = try #require(lines.compactMap { ProcessID($0) }.first)
            _ = try child.process.wait()
            let held = try Pidfd(orphan)
            try held.send(.kill)
            #expect(try held.wait(blocking: true) == .signaled(.kill, dumpedCore: false))
        }
    }
}
