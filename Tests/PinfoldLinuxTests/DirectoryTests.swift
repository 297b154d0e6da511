import CTestSupport
import Glibc
import PinfoldLinux
import TestSupport
import Testing

@Suite struct DirectoryTests {
    static var tree: Tree { ["a": ["b": ["file": "deep"]], "file": "flat"] }

    private static func text(_ directory: borrowing Directory, _ name: String) throws -> String {
        String(decoding: try directory.open(name, .read).readToEnd(), as: UTF8.self)
    }

    /// The same expectations with openat2 and without.
    private static func expectToStayBeneath() throws {
        try withFolder(tree) { folder throws in
            symlink("/etc", "\(folder)/out")
            symlink("b", "\(folder)/a/link")
            symlink("file", "\(folder)/alias")
            let directory = try Directory(folder)
            #expect(try text(directory, "file") == "flat")
            #expect(try text(directory, "a/b/file") == "deep")
            #expect(throws: Errno.tooManyLinks) { _ = try text(directory, "alias") }
            for name in ["out/passwd", "a/link/file"] {
                #expect(throws: (any Error).self, "\(name)") { _ = try text(directory, name) }
            }
            for name in ["..", "../x", "a/../../x", "/etc/passwd"] {
                #expect(throws: (any Error).self, "\(name)") { _ = try directory.open(name, .read) }
            }
            #expect(throws: Errno.crossesBoundary) { _ = try directory.open("/etc/passwd", .read) }
            #expect(throws: Errno.noSuchFile) { _ = try directory.open("a/nonexistent/file", .read) }
            #expect(throws: Errno.notDirectory) { _ = try directory.open("file/x", .read) }
            let made = try directory.open("a/b/new", [.write, .create, .exclusive], mode: 0o600)
            #expect(try made.status().permissions == 0o600)
        }
    }

    @Test func namesNeverLeadOut() throws {
        try Self.expectToStayBeneath()
    }

    @Test(arguments: [ENOSYS, EPERM])
    func namesNeverLeadOutWithoutOpenat2(error: Int32) async {
        await #expect(processExitsWith: .success) { [error = error as Int32] in
            try #require(test_forbid(TEST_OPENAT2, error) == 0)
            try Self.expectToStayBeneath()
        }
    }

    @Test func heldDirectoryIsNotWhatTookItsName() throws {
        try withFolder(["old": ["who": "old"], "new": ["who": "new"]]) { folder throws in
            let top = try Directory(folder)
            let held = try top.directory("old")
            try top.rename("old", to: "gone")
            try top.rename("new", to: "old")
            #expect(try Self.text(held, "who") == "old")
            #expect(try Self.text(top, "old/who") == "new")
            #expect(try held.parent().descriptor.status().isSameFile(as: top.descriptor.status()))
        }
    }

    @Test func entriesKeepNamesThatAreNotText() throws {
        try withFolder(["folder": [:], "file": ""]) { folder throws in
            let directory = try Directory(folder)
            let odd = ByteString(bytes: [0xff, 0xfe, 0x61])
            try directory.make(odd)
            let found = try directory.entries()
            #expect(Set(found.map(\.name)) == ["folder", "file", odd])
            #expect(Set(found.filter(\.isDirectory).map(\.name)) == ["folder", odd])
            let entry = try #require(found.first { $0.name == odd })
            _ = try directory.directory(entry).entries()
            try directory.removeDirectory(entry)
            #expect(try directory.entries().count == 2)
            try directory.removeFile("file")
            #expect(try directory.entries().map(\.name) == ["folder"])
        }
    }

    @Test func missingParentsAreMade() throws {
        try withFolder(["a": ["b": [:]], "file": ""]) { folder throws in
            try Directory.makeAll("\(folder)/a/b//c/d/", permissions: 0o700)
            #expect(try FileStatus.of(path: "\(folder)/a/b/c/d").permissions == 0o700)
            try Directory.makeAll("\(folder)/a/b/c/d", permissions: 0o755)
            #expect(try FileStatus.of(path: "\(folder)/a/b/c/d").permissions == 0o700, "what is there stays as it is")
            #expect(throws: Errno.notDirectory) { try Directory.makeAll("\(folder)/file/x", permissions: 0o700) }
        }
    }

    @Test func removedDirectoryIsEmpty() throws {
        try withFolder(["inner": [:]]) { folder throws in
            let top = try Directory(folder)
            let inner = try top.directory("inner")
            try top.removeDirectory("inner")
            #expect((try? inner.entries()) ?? [] == [])
        }
    }

    @Test func lockIsHeldByOneAtATime() async {
        // In a process of its own: a child that another test starts would hold it too, for a moment.
        await #expect(processExitsWith: .success) {
            try withFolder { folder throws in
                let second = try Directory(folder)
                do {
                    let first = try Directory(folder)
                    #expect(try first.lock())
                    #expect(try !second.lock())
                    extendLifetime(first)
                }
                #expect(try second.lock())
            }
        }
    }
}
