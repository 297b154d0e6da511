import CTestSupport
import Glibc
import PinfoldCgroups
import PinfoldLinux
import TestSupport
import Testing

@Suite(.needsCgroups) struct SliceTests {
    @Test func sliceIsLaidOutAndWeMoveIn() async {
        await #expect(processExitsWith: .success) {
            try withTestCgroup("slice") { top throws in
                let slice = try Slice.takeOver(top.path, controllers: [], requiringMemory: false)
                #expect(Set(try top.children()) == ["controller", "sessions"])
                #expect(try slice.controller.processes() == [ownProcessID()])
                #expect(slice.report.ownCgroupProblem == nil)
                #expect(slice.report.startedInInnerNode == false)
                #expect(slice.report.isRoot == false)
                #expect(slice.report.liveSessions == [])
            }
        }
    }

    @Test func whoDoesNotWantToMoveInStaysWhereItIs() async {
        await #expect(processExitsWith: .success) {
            try withTestCgroup("slicestay") { top throws in
                let slice = try Slice.takeOver(top.path, controllers: [], requiringMemory: false, movingIn: false)
                #expect(try slice.controller.processes() == [])
                #expect(slice.report.moved == [])
            }
        }
    }

    @Test func onlyOneControllerAtATime() async {
        await #expect(processExitsWith: .success) {
            try withTestCgroup("slicelock") { top throws in
                do {
                    let slice = try Slice.takeOver(top.path, controllers: [], requiringMemory: false)
                    let error = #expect(throws: CgroupError.self) {
                        _ = try Slice.takeOver(top.path, controllers: [], requiringMemory: false)
                    }
                    #expect(error?.code == .alreadyControlled)
                    #expect(slice.report.moved == [])
                    extendLifetime(slice)
                }
                _ = try Slice.takeOver(top.path, controllers: [], requiringMemory: false)
            }
        }
    }

    /// Every user may open the directories of the tree, and so could lock them.
    @Test func sliceWhoseDirectoryIsLockedByAnotherProcessIsTakenOver() async {
        await #expect(processExitsWith: .success) {
            try withTestCgroup("slicedirlock") { top throws in
                let other = try Directory(top.path)
                let isLocked = try other.lock()
                #expect(isLocked)
                _ = try Slice.takeOver(top.path, controllers: [], requiringMemory: false)
                extendLifetime(other)
            }
        }
    }

    @Test func takingOverAgainLeavesSessionsAlone() async {
        await #expect(processExitsWith: .success) {
            try withTestCgroup("sliceagain") { top throws in
                let first = try Slice.takeOver(top.path, controllers: [], requiringMemory: false)
                let session = try first.sessions.create("one.1")
                _ = try first.sessions.create("empty.1")
                let child = try PipedChild("echo up; kill -STOP $$", in: session.descriptor)
                #expect(try child.lines(1) == ["up"])
                drop(first)

                let second = try Slice.takeOver(top.path, controllers: [], requiringMemory: false)
                #expect(second.report.liveSessions == ["one.1"])
                let found = try unwrap(try second.sessions.child("one.1"))
                #expect(found.inode == session.inode)
                #expect(try found.processes() == [child.process.pid])
            }
        }
    }

    @Test func processesInTheSliceItselfAreMovedAway() async {
        await #expect(processExitsWith: .success) {
            try withTestCgroup("sliceevacuate") { top throws in
                let idlers = Idlers()
                try idlers.add(3, to: top)
                try top.attach(0)
                let slice = try Slice.takeOver(top.path, controllers: [], requiringMemory: false)
                #expect(slice.report.startedInInnerNode == true)
                let all = idlers.pids.union([ownProcessID()])
                #expect(Set(slice.report.moved) == all)
                #expect(Set(try slice.controller.processes()) == all)
                #expect(try top.processes() == [])
            }
        }
    }

    @Test func forkingProcessesDoNotKeepLimitsAway() async {
        // hugetlb stands for every controller: the no-internal-process rule is the same for all.
        await #expect(processExitsWith: .success) {
            try withTestCgroup("sliceforks", controllers: ["hugetlb"]) { top throws in
                guard try top.controllers().contains("hugetlb") else { return }
                var child = try PipedChild("echo up; f() { f & }; f &", in: top.descriptor)
                #expect(try child.lines(1) == ["up"])
                _ = try child.process.wait()
                let slice = try Slice.takeOver(top.path, controllers: ["hugetlb"], requiringMemory: false)
                #expect(slice.report.enabled == ["hugetlb"])
                #expect(slice.report.unavailable.isEmpty)
                #expect(try slice.sessions.enabledControllers() == ["hugetlb"])
            }
        }
    }

    @Test func innerNodeCannotHaveProcesses() throws {
        try withTestCgroup("inner", controllers: ["hugetlb"]) { top throws in
            guard try top.controllers().contains("hugetlb") else { return }
            let idlers = Idlers()
            try idlers.add(1, to: top)
            #expect(try top.enable(["hugetlb"]) == ["hugetlb": .processesInTheWay(idlers.pids.sorted())])
            _ = try top.kill()
            #expect(try top.waitUntilEmpty(timeout: .seconds(20)) == true)
            #expect(try top.enable(["hugetlb", "nonsense"]) == ["nonsense": .notOffered])
            #expect(try top.enabledControllers() == ["hugetlb"])
            #expect(try top.enable(["hugetlb"]) == [:], "again is no harm")
            #expect(throws: SpawnError(.cloneFailed(.busy), command: "/")) { try Idlers().add(1, to: top) }
        }
    }

    @Test func controllerGetsACgroupThatWasNeverKilled() async {
        await #expect(processExitsWith: .success) {
            try withTestCgroup("slicefresh") { top throws in
                let old = try top.create("controller")
                _ = try old.kill()
                let slice = try Slice.takeOver(top.path, controllers: [], requiringMemory: false)
                #expect(slice.controller.inode != old.inode)
                let idlers = Idlers()
                try idlers.add(1, to: slice.sessions)
            }
        }
    }

    @Test func leafThatWasChosenForUsIsKept() async {
        await #expect(processExitsWith: .success) {
            try withTestCgroup("sliceleaf") { top throws in
                let leaf = try top.create("supervisor")
                try leaf.attach(0)
                let slice = try Slice.takeOver(top.path, controllers: [], requiringMemory: false)
                #expect(try leaf.processes() == [ownProcessID()])
                #expect(try slice.controller.processes() == [])
            }
        }
    }

    @Test func startedInASessionWeMoveOut() async {
        await #expect(processExitsWith: .success) {
            try withTestCgroup("sliceinside") { top throws in
                let session = try top.create("sessions").create("a.1")
                try session.attach(0)
                let slice = try Slice.takeOver(top.path, controllers: [], requiringMemory: false)
                #expect(try slice.controller.processes() == [ownProcessID()])
            }
        }
    }

    @Test func otherFileSystemIsRefused() throws {
        try withFolder { folder throws in
            let error = #expect(throws: CgroupError.self) { _ = try Slice.takeOver(folder) }
            #expect(error?.code == .notCgroup2)
            let missing = #expect(throws: CgroupError.self) { _ = try Slice.takeOver(folder + "/x") }
            #expect(missing?.errno == .noSuchFile)
            #expect(try Directory(folder).entries().isEmpty, "nothing was made there")
        }
    }

    @Test(.disabled(if: Machine.hasMemoryController, "this machine has what the test wants to be missing"))
    func missingMemoryControllerIsRefusedWithItsRemedy() throws {
        try withTestCgroup("slicememory") { top throws in
            let error = #expect(throws: CgroupError.self) { _ = try Slice.takeOver(top.path) }
            #expect(error?.code == .noMemoryController)
            #expect(error?.description.contains("systemd.unified_cgroup_hierarchy=1") == true)
            #expect(try top.children() == [], "nothing was made there")
        }
    }

    @Test(.enabled(if: ownUser() == 0, "only root can become somebody else"))
    func directoryOfAnotherUserIsRefusedWithItsRemedy() async {
        await #expect(processExitsWith: .success) {
            try withTestCgroup("sliceother") { top throws in
                let path = top.path
                try alone {
                    try check(test_become(12345) == 0)
                    do throws(CgroupError) {
                        _ = try Slice.takeOver(path, controllers: [], requiringMemory: false)
                    } catch {
                        try check(error.code == .noDelegation && error.errno == .accessDenied, "\(error)")
                        try check(error.description.contains("Delegate=yes"))
                        return
                    }
                    throw Missing("an error")
                }
            }
        }
    }

    @Test(.enabled(if: ownUser() == 0, "only root can give a directory away"))
    func delegatedDirectoryIsEnough() async {
        await #expect(processExitsWith: .success) {
            try withTestCgroup("slicedelegated") { top throws in
                let path = top.path
                for name in ["", "/cgroup.procs", "/cgroup.threads", "/cgroup.subtree_control"] {
                    #expect(chown(path + name, 12345, 12345) == 0)
                }
                try alone {
                    // As a service's main process: started in the directory that was given to it.
                    try unwrap(try Cgroup.open(path)).attach(0)
                    try check(test_become(12345) == 0)
                    let slice = try Slice.takeOver(path, controllers: [], requiringMemory: false)
                    try check(try slice.controller.processes() == [ownProcessID()], "moved")
                    let idlers = Idlers()
                    try idlers.add(1, to: try slice.sessions.create("a.1"))
                }
            }
        }
    }

    @Test(.enabled(if: ownUser() == 0, "only root can give a directory away"))
    func startedOutsideOfADelegatedDirectoryWeStayThereAndReportIt() async {
        await #expect(processExitsWith: .success) {
            try withTestCgroup("sliceoutside") { top throws in
                let path = top.path
                for name in ["", "/cgroup.procs", "/cgroup.threads", "/cgroup.subtree_control"] {
                    #expect(chown(path + name, 12345, 12345) == 0)
                }
                try alone {
                    try check(test_become(12345) == 0)
                    let slice = try Slice.takeOver(path, controllers: [], requiringMemory: false)
                    try check(slice.report.ownCgroupProblem?.contains("EACCES") == true)
                }
            }
        }
    }

    @Test(.enabled(if: ownUser() == 0, "only root can mount"))
    func readOnlyTreeIsRefusedWithItsRemedy() async {
        await #expect(processExitsWith: .success) {
            try withTestCgroup("slicereadonly") { top throws in
                let path = top.path
                try alone {
                    try check(test_make_read_only(path) == 0)
                    do throws(CgroupError) {
                        _ = try Slice.takeOver(path, controllers: [], requiringMemory: false)
                    } catch {
                        try check(error.code == .readOnly, "\(error)")
                        try check(error.description.contains("writable-cgroups=true"))
                        return
                    }
                    throw Missing("an error")
                }
            }
        }
    }
}

private func drop(_: consuming Slice) {}
