import Foundation
import Glibc
import PinfoldJSON
import PinfoldLinux
import TestSupport
import Testing

/// State folders on disks that stop taking records while sessions come and go.
@Suite(.needsCgroups, .enabled(if: getuid() == 0, "only root can mount"), .serialized)
struct HostileDiskTests {
    enum Fault: CaseIterable, Sendable {
        case full, readOnly

        func begin(_ folder: String) throws {
            switch self {
            case .full:
                let file = try OwnedDescriptor.open(folder + "/filling", [.write, .create])
                let block = [UInt8](repeating: 0, count: 4096)
                while (try? file.writeAll(block)) != nil {}
            case .readOnly: try remount(folder, MS_RDONLY)
            }
        }

        func end(_ folder: String) throws {
            switch self {
            case .full: try FileManager.default.removeItem(atPath: folder + "/filling")
            case .readOnly: try remount(folder, 0)
            }
        }

        private func remount(_ folder: String, _ flag: Int) throws {
            let flags = UInt(MS_REMOUNT) | UInt(MS_BIND) | UInt(flag)
            guard mount("none", folder, nil, flags, nil) == 0 else {
                throw Missing("a new mount of \(folder): errno \(errno)")
            }
        }
    }

    private func withDisk(_ body: (Rig, _ folder: String) throws -> Void) throws {
        try Rig.with(starts: false) { rig in
            let folder = rig.folder + "/state"
            mkdir(folder, 0o700)
            guard mount("none", folder, "tmpfs", 0, "size=1m,mode=0700") == 0 else {
                throw Missing("a tmpfs at \(folder): errno \(errno)")
            }
            defer { umount2(folder, Int32(MNT_DETACH)) }
            try rig.serve()
            try body(rig, folder)
        }
    }

    /// Waits until the session's record is on disk: a write that is underway takes the space that a fault leaves, or keeps
    /// the folder from becoming read-only.
    private func settle(_ session: String, _ rig: Rig) throws {
        #expect(try rig.pinfold("pin", session).status == 0)
        #expect(try rig.pinfold("unpin", session).status == 0)
    }

    @Test(arguments: Fault.allCases)
    func nothingThatWasAcknowledgedIsLostAndTheFaultIsReportedOnce(fault: Fault) throws {
        try withDisk { rig, folder in
            let before = try rig.start("before")
            #expect(try rig.pinfold("suspend", "before").status == 0)
            _ = try before.wait()
            let lasting = try rig.start("lasting")

            try settle("lasting", rig)
            try fault.begin(folder)
            #expect(try rig.pinfold("pin", "lasting").status != 0)
            let refused = try rig.pinfold("suspend", "lasting")
            #expect(refused.status != 0)
            #expect(refused.errors.contains("goes on"))
            #expect(try rig.lives("lasting"))
            for number in 1...200 { #expect(try rig.pinfold("run", "-s", "n\(number)", "--", "true").status == 0) }
            let during = try rig.start("during")
            let killed = try rig.pinfold("kill", "during")
            #expect(killed.status != 0, "dead, but the record is not on disk: the answer has to say both")
            #expect(try during.wait() == 137)
            let events = try rig.pinfold("events").output.split(separator: "\n")
            #expect(events.count { $0.contains("record_failed") } == 1)

            try fault.end(folder)
            _ = try rig.await("records_kept")
            #expect(try rig.pinfold("suspend", "lasting").status == 0)
            _ = try lasting.wait()
            try rig.killController()
            try rig.serve()
            #expect(try rig.state("before") == "suspended")
            #expect(try rig.state("lasting") == "suspended")
            #expect(try rig.session("lasting")["pinned"]?.bool == true)
        }
    }

    @Test(arguments: Fault.allCases)
    func controllerLeavesInTimeAndNamesWhatIsNotOnDisk(fault: Fault) throws {
        try withDisk { rig, folder in
            let program = try rig.start("a")
            try settle("a", rig)
            try fault.begin(folder)
            #expect(try rig.pinfold("pin", "a").status != 0)
            let controller = try #require(rig.controller)
            #expect(try rig.stopController() == 1)
            #expect(controller.errors().contains("left without the records of 1 session: a"))
            withExtendedLifetime(program) {}
        }
    }
}
