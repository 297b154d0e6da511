import PinfoldCgroups
import PinfoldLinux
import TestSupport
import Testing

/// A host, as its files and file systems describe it.
private struct Host: Sendable, CustomTestStringConvertible {
    var name: String
    var rootType: Int64?
    var unifiedType: Int64?
    var mounts: [String]
    var membership: String
    var mode: Hierarchy.Mode
    var ownDirectory: String?

    var testDescription: String { name }

    var hierarchy: Hierarchy {
        Hierarchy(
            Hierarchy.Facts(
                rootType: rootType, unifiedType: unifiedType, mountinfo: mounts.joined(separator: "\n") + "\n",
                membership: membership + "\n"))
    }
}

private let cgroup2 = Hierarchy.cgroup2Type
private let tmpfs: Int64 = 0x0102_1994
private let v1 = "31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"
private func v2(_ point: String, root: String = "/", _ options: String = "rw,nsdelegate") -> String {
    "30 24 0:26 \(root) \(point) rw,relatime shared:4 - cgroup2 cgroup2 \(options)"
}

private let hosts: [Host] = [
    Host(
        name: "unified, a user's shell", rootType: cgroup2, mounts: [v2("/sys/fs/cgroup")],
        membership: "0::/user.slice/user-1000.slice/session-1.scope", mode: .unified,
        ownDirectory: "/sys/fs/cgroup/user.slice/user-1000.slice/session-1.scope"),
    Host(
        name: "unified, at its root", rootType: cgroup2, mounts: [v2("/sys/fs/cgroup")], membership: "0::/",
        mode: .unified, ownDirectory: "/sys/fs/cgroup"),
    Host(
        name: "hybrid", rootType: tmpfs, unifiedType: cgroup2, mounts: [v1, v2("/sys/fs/cgroup/unified", "rw")],
        membership: "3:memory:/x\n1:name=systemd:/init.scope\n0::/init.scope", mode: .hybrid,
        ownDirectory: "/sys/fs/cgroup/unified/init.scope"),
    Host(
        name: "legacy", rootType: tmpfs, mounts: [v1], membership: "3:memory:/x\n1:name=systemd:/init.scope",
        mode: .legacy),
    Host(name: "nothing mounted", mounts: ["22 1 0:20 / / rw - ext4 /dev/sda rw"], membership: "", mode: .none),
    Host(
        name: "container that sees only its part", rootType: cgroup2,
        mounts: [v2("/sys/fs/cgroup", root: "/docker/abc")], membership: "0::/docker/abc/inner", mode: .unified,
        ownDirectory: "/sys/fs/cgroup/inner"),
    Host(
        name: "container, in the directory that is mounted", rootType: cgroup2,
        mounts: [v2("/sys/fs/cgroup", root: "/docker/abc")], membership: "0::/docker/abc", mode: .unified,
        ownDirectory: "/sys/fs/cgroup"),
    Host(
        name: "mounted part is a namesake's", rootType: cgroup2, mounts: [v2("/sys/fs/cgroup", root: "/docker/abc")],
        membership: "0::/docker/abcd", mode: .unified),
    Host(
        name: "cgroup namespace", rootType: cgroup2, mounts: [v2("/sys/fs/cgroup")], membership: "0::/",
        mode: .unified, ownDirectory: "/sys/fs/cgroup"),
    Host(
        name: "outside of the namespace's root", rootType: cgroup2, mounts: [v2("/sys/fs/cgroup")],
        membership: "0::/../other", mode: .unified),
    Host(
        name: "namespace's mount seen from its parent", rootType: cgroup2,
        mounts: [v2("/sys/fs/cgroup", root: "/../..")], membership: "0::/", mode: .unified),
    Host(
        name: "colons in the name", rootType: cgroup2, mounts: [v2("/sys/fs/cgroup")], membership: "0::/a:b::c",
        mode: .unified, ownDirectory: "/sys/fs/cgroup/a:b::c"),
    Host(
        name: "directory removed under us", rootType: cgroup2, mounts: [v2("/sys/fs/cgroup")],
        membership: "0::/gone (deleted)", mode: .unified, ownDirectory: "/sys/fs/cgroup/gone"),
    Host(
        name: "mounted by hand, nothing else", mounts: [v2("/mnt/my\\040cgroups")], membership: "0::/a", mode: .unified,
        ownDirectory: "/mnt/my cgroups/a"),
    Host(
        name: "mounted by hand beside v1", rootType: tmpfs, mounts: [v1, v2("/mnt/two")], membership: "0::/a",
        mode: .hybrid, ownDirectory: "/mnt/two/a"),
    Host(
        name: "a second mount elsewhere", rootType: cgroup2,
        mounts: [v2("/var/lib/x", root: "/sub"), v2("/sys/fs/cgroup")],
        membership: "0::/a", mode: .unified, ownDirectory: "/sys/fs/cgroup/a"),
]

@Suite struct HierarchyTests {
    @Test(arguments: hosts) fileprivate func modeAndPlaceAreFound(host: Host) {
        let found = host.hierarchy
        #expect(found.mode == host.mode)
        #expect(found.ownDirectory == host.ownDirectory)
        #expect(found.ownIsDeleted == host.membership.hasSuffix("(deleted)"))
        #expect((found.mountPoint == nil) == (host.mode == .legacy || host.mode == .none))
    }

    @Test func mountOptionsAreKept() {
        #expect(hosts[0].hierarchy.mountOptions.contains("nsdelegate"))
        #expect(!hosts[2].hierarchy.mountOptions.contains("nsdelegate"))
    }

    @Test func factsComeFromBelowTheGivenRoot() throws {
        let tree: Tree = [
            "proc": ["self": ["mountinfo": .file(v2("/mnt/x") + "\n"), "cgroup": "0::/y\n"]],
            "sys": ["fs": ["cgroup": ["unified": [:]]]], "mnt": ["x": ["cgroup.type": "domain\n"]],
        ]
        try withFolder(tree) { folder throws in
            let found = try Hierarchy.find(root: folder)
            #expect(found.mode == .unified)
            #expect(found.ownDirectory == "/mnt/x/y")
            #expect(!found.seesWholeTree)
        }
        try withFolder([:]) { folder throws in
            let error = #expect(throws: CgroupError.self) { _ = try Hierarchy.find(root: folder) }
            #expect(error?.errno == .noSuchFile)
        }
    }

    @Test(.enabled(if: Machine.mountPoint != nil, "cgroup v2 is not mounted"))
    func ownPlaceOfThisProcessCanBeOpened() throws {
        let own = try #require(try Hierarchy.find().ownDirectory)
        let cgroup = try unwrap(try Cgroup.open(own))
        #expect(try cgroup.processes().contains(ownProcessID()))
    }
}
