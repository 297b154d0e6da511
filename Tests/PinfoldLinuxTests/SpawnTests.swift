import CTestSupport
import Glibc
import PinfoldLinux
import TestSupport
import Testing

@Suite struct SpawnTests {
    @Test func exitStatusIsTheCommandsOwn() throws {
        var child = try Child.spawn(Command("sh", ["-c", "exit 7"]))
        #expect(try child.finishStart() == .executing)
        #expect(try child.wait() == .exited(7))
        #expect(try child.poll() == .exited(7), "an end is given again")
    }

    @Test func deathBySignalIsReported() throws {
        var child = try Child.spawn(Command("sh", ["-c", "kill -TERM $$"]))
        #expect(try child.wait() == .signaled(.terminate, dumpedCore: false))
    }

    @Test func argumentsArriveByteForByte() throws {
        let odd = ByteString(bytes: [0xff, 0x20, 0x0a, 0xc3])
        var command = Command("sh", ["-c", "printf %s \"$1$ODD\" | od -An -tx1", "sh", odd])
        command.environment.append(ByteString(bytes: Array("ODD=".utf8) + [0xfe]))
        #expect(try output(of: command).filter { !$0.isWhitespace } == "ff200ac3fe")
    }

    @Test func nulInAnArgumentIsRefused() throws {
        #expect(throws: SpawnError(.failed(.execute, .invalidArgument), command: "/bin/true")) {
            _ = try Child.spawn(Command("/bin/true", [ByteString(bytes: [97, 0, 98])]))
        }
    }

    @Test func nothingIsBlockedOrIgnored() async {
        await #expect(processExitsWith: .success) {
            SignalSet.ignoreBrokenPipe()
            SignalSet([.terminate, .child, .user1, .brokenPipe]).block()
            let text = try output(of: Command("cat", ["/proc/self/status"]))
            let status = try #require(ProcessStatus(text: text))
            #expect(status.blocked == 0)
            #expect(status.ignored == 0)
        }
    }

    @Test func parentsMaskIsRestoredOnEveryPath() async {
        await #expect(processExitsWith: .success) {
            let mask: SignalSet = [.user1, .windowSize]
            mask.block()
            _ = try output(of: Command("true"))
            #expect(SignalSet.blocked() == mask)

            var options = SpawnOptions()
            options.cgroup = 0  // No cgroup's directory: clone3 fails.
            #expect(throws: SpawnError.self) { _ = try Child.spawn(Command("true"), options: options) }
            #expect(SignalSet.blocked() == mask)

            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var none = rlimit(rlim_cur: 3, rlim_max: limit.rlim_max)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none)
            defer { setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) }
            #expect(throws: SpawnError(.cloneFailed(.tooManyOpenFiles), command: "/bin/true")) {
                _ = try Child.spawn(Command("/bin/true"))
            }
            #expect(SignalSet.blocked() == mask)
        }
    }

    @Test func signalsTheCallerIgnoresCanStayIgnored() throws {
        var options = SpawnOptions()
        options.ignoredSignals = [.hangUp, .user2]
        let text = try output(of: Command("cat", ["/proc/self/status"]), options)
        let ignored = try #require(ProcessStatus(text: text)).ignored
        #expect(ignored == SignalSet([.hangUp, .user2]).bits)
    }

    @Test func onlyStandardDescriptorsPass() throws {
        // One that is not close-on-exec, as a careless library would leave it.
        let leaked = try OwnedDescriptor.open("/dev/null", .read)
        #expect(fcntl(leaked.number, F_SETFD, 0) == 0)
        let high = OwnedDescriptor(owning: fcntl(leaked.number, F_DUPFD, 800))
        let list = try output(of: Command("sh", ["-c", "ls /proc/$$/fd"]))
        #expect(list.split(separator: "\n") == ["0", "1", "2"])
        extendLifetime(leaked)
        extendLifetime(high)
    }

    @Test func descriptorsBelowTheBorderPass() throws {
        let kept = try OwnedDescriptor.open("/dev/null", .read)
        let number = fcntl(kept.number, F_DUPFD, 50)
        defer { close(number) }
        var options = SpawnOptions()
        options.closingFrom = number + 1
        let list = try output(of: Command("sh", ["-c", "ls /proc/$$/fd"]), options)
        #expect(list.split(separator: "\n").contains { $0 == "\(number)" })
    }

    @Test(arguments: ["0 1 2", "1 0 2", "2 0 1", "1 2 0", "2 2 0", "0 0 0"])
    func overlappingDescriptorsFindTheirPlace(order: String) async {
        await #expect(processExitsWith: .success) { [order = order as String] in
            let sources = order.split(separator: " ").compactMap { Int32($0) }
            try withFolder(["0": "zero", "1": "one", "2": "two"]) { folder throws in
                for number in Int32(0)...2 {
                    let file = try OwnedDescriptor.open("\(folder)/\(number)", .read)
                    _ = dup2(file.number, number)
                    extendLifetime(file)
                }
                var options = SpawnOptions()
                (options.standardInput, options.standardOutput) = (sources[0], sources[1])
                options.standardError = sources[2]
                let script = "found=$(cd /proc/$$/fd; readlink 0 1 2); echo \"$found\" > result"
                var child = try Child.spawn(
                    Command("sh", ["-c", ByteString(script)], directory: folder), options: options)
                #expect(try child.wait() == .exited(0))
                let found = try OwnedDescriptor.open("\(folder)/result", .read).readToEnd()
                #expect(String(decoding: found, as: UTF8.self) == sources.map { "\(folder)/\($0)\n" }.joined())
            }
        }
    }

    @Test func closedStandardDescriptorsDoNotSwallowThePipes() async throws {
        let folder = try makeFolder(["bad": .program("#!/nonexistent/interpreter\n")])
        defer { removeFolder(folder) }
        await #expect(processExitsWith: .success) { [folder = folder as String] in
            for number in Int32(0)...2 { close(number) }
            let null = try OwnedDescriptor.open("/dev/null", .readWrite)
            var options = SpawnOptions()
            (options.standardInput, options.standardOutput) = (null.number, null.number)
            options.standardError = null.number
            // A child that fails has something to say, through a pipe that would have been 1 and 2.
            var child = try Child.spawn(Command(ByteString("\(folder)/bad")), options: options)
            guard case .failed = try child.finishStart() else { throw Missing("the child's report") }
        }
    }

    @Test func missingStandardDescriptorsAreFilled() async {
        await #expect(processExitsWith: .success) {
            close(0)
            close(2)
            try fillStandardDescriptors()
            #expect(try OwnedDescriptor.open("/dev/null", .read).number > 2)
        }
    }

    @Test func directoryIsTheChildsAndRelativeNamesCountFromThere() throws {
        try withFolder(["bin": ["tool": .program("#!/bin/sh\npwd\n")]]) { folder throws in
            var command = Command("bin/tool", directory: folder)
            #expect(try output(of: command) == "\(folder)\n")
            command.executable = "tool"
            command.set("PATH", "/usr/bin:bin")
            #expect(try output(of: command) == "\(folder)\n")
        }
    }

    @Test func groupsAndSessionsAreAsAsked() throws {
        func ids(_ group: SpawnOptions.ProcessGroup) throws -> (pid: ProcessID, stat: ProcessStat) {
            var options = SpawnOptions()
            options.processGroup = group
            var child = try PipedChild(Command("cat", ["/proc/self/stat"]), in: nil, options)
            let pid = child.process.pid
            return (pid, try #require(ProcessStat(text: try child.finish().output)))
        }
        let inherited = try ids(.inherited)
        #expect(inherited.stat.processGroup == Terminal.ownGroup())
        let own = try ids(.own)
        #expect(own.stat.processGroup == own.pid)
        #expect(own.stat.session != own.pid)
        let session = try ids(.newSession)
        #expect(session.stat.session == session.pid)
    }

    @Test func limitsAndScoreAreSet() throws {
        var options = SpawnOptions()
        options.openFilesLimit = 77
        options.oomScore = 500
        let text = try output(of: Command("sh", ["-c", "ulimit -Sn; cat /proc/self/oom_score_adj"]), options)
        #expect(text == "77\n500\n")
    }

    @Test func limitOnFilesHoldsForTheProgramAndNotForItsStart() throws {
        // The child begins with all of its parent's descriptors.
        var open: [Int32] = []
        defer { for number in open { close(number) } }
        while open.last ?? 0 < 77 { open.append(try OwnedDescriptor.open("/dev/null", .read).release()) }
        var options = SpawnOptions()
        options.openFilesLimit = 77
        options.oomScore = 500
        #expect(try output(of: Command("sh", ["-c", "ulimit -Sn"]), options) == "77\n")
    }

    @Test func scriptWithoutInterpreterIsRunByTheShell() throws {
        try withFolder(["script": .program("echo \"$1\" got here\n")]) { folder throws in
            #expect(try output(of: Command(ByteString("\(folder)/script"), ["who"])) == "who got here\n")
        }
    }
}
