import PinfoldLinux
import TestSupport
import Testing

@Suite struct ProcTests {
    private static let rest = "S 1 42 43 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 9 8 7"

    @Test(arguments: ["sh", "a b", "a) R 7 (b", "(((", ")))", "", "x\ny"])
    func statIsReadWhateverTheCommandIsCalled(command: String) throws {
        let stat = try #require(ProcessStat(text: "77 (\(command)) \(Self.rest)\n"))
        #expect(stat.command == command)
        #expect(stat.process == 77)
        #expect(stat.state == "S")
        #expect(stat.parent == 1)
        #expect(stat.processGroup == 42)
        #expect(stat.session == 43)
        #expect(stat.startTime == 98765)
    }

    @Test(arguments: ["", "77", "77 (sh", "77 sh) S 1", "x (sh) \(rest)", "77 (sh) S 1 42", "77 (sh) S x 42 43"])
    func whatIsNoStatIsRefused(text: String) {
        #expect(ProcessStat(text: text) == nil)
    }

    @Test func ownFactsAreRead() throws {
        let stat = try #require(ProcessStat.of(ownProcessID()))
        #expect(stat.process == ownProcessID())
        #expect(stat.parent == parentProcessID())
        let status = try #require(ProcessStatus.of(ownProcessID()))
        #expect(status.process == ownProcessID())
        #expect(status.parent == parentProcessID())
        #expect(status.effectiveUser == ownUser())
    }

    @Test func missingProcessIsNil() {
        #expect(ProcessStat.of(1 << 22) == nil)
        #expect(ProcessStatus.of(1 << 22) == nil)
        #expect(commandLine(of: 1 << 22) == nil)
    }

    @Test func commandLineKeepsEmptyArguments() throws {
        var child = try PipedChild(Command("sh", ["-c", "echo up; kill -STOP $$", "", "a b", ""]))
        _ = try child.lines(1)
        #expect(commandLine(of: child.process.pid) == ["sh", "-c", "echo up; kill -STOP $$", "", "a b", ""])
        try child.process.send(.kill)
        _ = try waitFor(child.process.pidfd.descriptor.number, .readable, deadline: nil)
        #expect(commandLine(of: child.process.pid) == [], "a zombie has none")
        _ = try child.process.wait()
    }

    @Test func statusOfAThreadNamesItsProcess() throws {
        let text = "Name:\tx\nTgid:\t10\nPid:\t11\nPPid:\t1\nUid:\t1000\t1001\t1002\t1003\nSigBlk:\t0000000000010000\n"
        let status = try #require(ProcessStatus(text: text))
        #expect(status.process == 10)
        #expect(status.user == 1000)
        #expect(status.effectiveUser == 1001)
        #expect(status.blocked == 0x10000)
        #expect(ProcessStatus(text: "Name:\tx\n") == nil)
    }

    @Test func meminfoIsReadInBytes() throws {
        let text = Array("MemTotal:  1000 kB\nMemAvailable: 7 kB\nCached: 9 kB\nSwapTotal:\t0 kB\nSwapFree: 3 kB".utf8)
        var expected = HostMemory.Reading()
        expected.total = 1_024_000
        expected.available = 7168
        expected.swapFree = 3072
        #expect(HostMemory.parse(text.span) == expected)
        let now = try HostMemory().read()
        #expect(now.total > 0 && now.available > 0 && now.available <= now.total)
    }

    @Test func meminfoWithMoreDigitsThanFitIsALargeNumber() {
        let text = Array(
            "MemTotal: \(String(repeating: "9", count: 40)) kB\nMemAvailable: 18446744073709551615 kB".utf8)
        let reading = HostMemory.parse(text.span)
        #expect(reading.total > 1 << 59 && reading.available > 1 << 59)
    }

    @Test func usersAreReadFromTheirFile() {
        let names = UserNames(
            passwd: """
                root:x:0:0:root:/root:/bin/bash
                # a comment
                toor:x:0:0::/root:/bin/sh
                ann:x:1000:1000:Ann:/home/ann:/bin/sh
                ann:x:1001:1001::/:/bin/sh
                broken:x
                +::::::
                last:x:4294967295:0::/:
                """)
        #expect(names.name(of: 0) == "root")
        #expect(names.user("toor") == 0)
        #expect(names.user("ann") == 1000)
        #expect(names.name(of: 1001) == "ann")
        #expect(names.user("broken") == nil)
        #expect(names.user("1234") == 1234)
        #expect(names.user("-1") == nil)
        #expect(names.name(of: 4_294_967_295) == "last")
    }
}

@Suite struct MountTableTests {
    @Test func lineWithOptionalFieldsAndEscapesIsRead() throws {
        let line: Substring =
            #"36 35 98:0 /mnt1 /mnt\040with\011tab rw,noatime master:1 shared:2 - cgroup2 none\134x rw,nsdelegate"#
        let mount = try #require(Mount(line: line))
        #expect(mount.root == "/mnt1")
        #expect(mount.point == "/mnt with\ttab")
        #expect(mount.options == ["rw", "noatime"])
        #expect(mount.type == "cgroup2")
        #expect(mount.source == #"none\x"#)
        #expect(mount.superOptions == ["rw", "nsdelegate"])
    }

    @Test(arguments: ["", "36 35 98:0 / /", "36 35 98:0 / / rw - cgroup2", "36 35 98:0 / / rw master:1 x y z"])
    func whatIsNoMountIsPassedOver(line: String) {
        #expect(Mount(line: line[...]) == nil)
    }

    @Test(arguments: [
        ("0::/user.slice/x", "/user.slice/x", false), ("0::/", "/", false),
        ("0::/a:b::c", "/a:b::c", false), ("0::/gone (deleted)", "/gone", true),
        ("0::/../other", "/../other", false),
    ])
    func placeMayHaveColonsAndMarks(line: String, path: String, isDeleted: Bool) throws {
        let place = try #require(CgroupMembership.unified(in: "12:memory:/x\n1:name=systemd:/y\n\(line)\n"))
        #expect(place.path == path)
        #expect(place.isDeleted == isDeleted)
    }

    @Test func hostWithoutUnifiedTreeHasNoPlace() {
        #expect(CgroupMembership.unified(in: "12:memory,cpu:/x\n1:name=systemd:/y\n") == nil)
        #expect(CgroupMembership.table("12:memory,cpu:/x\nnonsense\n").map(\.controllers) == [["memory", "cpu"]])
    }
}
