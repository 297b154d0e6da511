import CTestSupport
import Glibc
import PinfoldLinux
import TestSupport
import Testing

@Suite struct SpawnFailureTests {
    private static func folder<Result>(_ body: (String) throws -> Result) throws -> Result {
        let tree: Tree = [
            "plain": "no program", "folder": [:], "bad": .program("#!/nonexistent/interpreter\n"),
            "good": .program("#!/bin/sh\nexit 3\n"), "a": ["tool": "not executable"],
            "b": ["tool": .program("#!/bin/sh\nexit 4\n")],
        ]
        return try withFolder(tree, body)
    }

    @Test(arguments: [
        ("nonexistent-program", SpawnError.Reason.notFound, Int32(127)),
        ("FOLDER/nonexistent", .notFound, 127),
        ("FOLDER/plain/x", .notFound, 127),
        ("", .notFound, 127),
        ("FOLDER/plain", .notExecutable, 126),
        ("FOLDER/folder", .isDirectory, 126),
        ("folder", .notFound, 127),
    ])
    func whatCannotBeExecutedIsReportedBeforeAChildIsMade(
        name: String, reason: SpawnError.Reason, status: Int32
    ) throws {
        try Self.folder { folder throws in
            let name = name.replacing("FOLDER", with: folder)
            var command = Command(ByteString(name))
            command.set("PATH", "/usr/bin")
            let error = #expect(throws: SpawnError.self) { _ = try Child.spawn(command) }
            #expect(error?.reason == reason)
            #expect(error?.exitStatus == status)
            #expect(error.map { $0.description.contains(name) } == true, "the sentence names what was asked for")
        }
    }

    @Test func searchGoesOnPastWhatIsNotExecutable() throws {
        try Self.folder { folder throws in
            var command = Command("tool")
            command.set("PATH", "\(folder)/nonexistent:\(folder)/a:\(folder)/b")
            var child = try Child.spawn(command)
            #expect(try child.wait() == .exited(4))

            command.set("PATH", "\(folder)/a:/usr/bin")
            let error = #expect(throws: SpawnError.self) { _ = try Child.spawn(command) }
            #expect(error?.reason == .notExecutable, "found but denied wins over not found")
            #expect(error?.command == ByteString("\(folder)/a/tool"))
        }
    }

    @Test func emptyPartOfPathIsTheChildsDirectory() throws {
        try Self.folder { folder throws in
            var command = Command("good", directory: folder)
            command.set("PATH", "/usr/bin:")
            var child = try Child.spawn(command)
            #expect(try child.wait() == .exited(3))
        }
    }

    @Test func missingPathMeansTheStandardOne() throws {
        var child = try Child.spawn(Command("true", environment: []))
        #expect(try child.wait() == .exited(0))
    }

    @Test func missingInterpreterIsReportedByTheChild() throws {
        try Self.folder { folder throws in
            var child = try Child.spawn(Command(ByteString("\(folder)/bad")))
            let error = SpawnError(.failed(.execute, .noSuchFile), command: ByteString("\(folder)/bad"))
            #expect(try child.finishStart() == .failed(error))
            #expect(error.exitStatus == 127)
            #expect(error.description.contains("interpreter"))
            #expect(try child.wait() == .exited(127), "it was reaped, and its status kept")
        }
    }

    @Test func missingDirectoryIsReported() throws {
        try Self.folder { folder throws in
            let missing = "\(folder)/missing"
            let error = #expect(throws: SpawnError.self) { _ = try Child.spawn(Command("true", directory: missing)) }
            #expect(error?.reason == .failed(.directory, .noSuchFile))
            #expect(error?.exitStatus == 125)
        }
    }

    @Test func failedStepIsNamed() throws {
        var options = SpawnOptions()
        options.terminal = try OwnedDescriptor.open("/dev/null", .readWrite).release()
        defer { close(options.terminal ?? -1) }
        var child = try Child.spawn(Command("true"), options: options)
        #expect(
            try child.finishStart() == .failed(SpawnError(.failed(.terminal, .notTerminal), command: "/usr/bin/true"))
                || child.finishStart() == .failed(SpawnError(.failed(.terminal, .notTerminal), command: "/bin/true")))
    }

    @Test func oomScoreOutOfRangeIsReported() throws {
        var options = SpawnOptions()
        options.oomScore = 5000
        var child = try Child.spawn(Command("/bin/true"), options: options)
        #expect(
            try child.finishStart() == .failed(SpawnError(.failed(.oomScore, .invalidArgument), command: "/bin/true")))
    }

    @Test func withoutClone3AChildIsMadeTheOldWay() async {
        await #expect(processExitsWith: .success) {
            try #require(test_forbid(TEST_CLONE3, ENOSYS) == 0)
            var child = try Child.spawn(Command("sh", ["-c", "exit 9"]))
            #expect(try child.wait() == .exited(9))
            var options = SpawnOptions()
            options.cgroup = 0
            #expect(throws: SpawnError(.cloneFailed(.noSuchCall), command: "/bin/true")) {
                _ = try Child.spawn(Command("/bin/true"), options: options)
            }
        }
    }

    @Test func withoutCloseRangeDescriptorsAreClosedOneByOne() async {
        await #expect(processExitsWith: .success) {
            try #require(test_forbid(TEST_CLOSE_RANGE, ENOSYS) == 0)
            for number in Int32(200)..<400 { dup2(1, number) }
            let list = try output(of: Command("sh", ["-c", "ls /proc/$$/fd"]))
            #expect(list.split(separator: "\n") == ["0", "1", "2"])
        }
    }
}
