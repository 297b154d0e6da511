import PinfoldCore
import PinfoldJSON
import PinfoldLinux
import PinfoldProtocol
import TestSupport
import Testing

@testable import PinfoldController

/// What the loop promises, held against a world made up and against this machine's kernel.
@Suite struct WorldContractTests {
    @Test(arguments: WorldKind.here)
    func grantedSessionHasACgroupAndIsShown(kind: WorldKind) throws {
        try ControllerHarness.with(kind) { harness in
            let launch = try Launch(harness, name: "a")
            #expect(harness.contract.exists(launch.life))
            #expect(try harness.session("a")?.state == .starting)
            try launch.begin()
            let shown = try #require(try harness.session("a"))
            #expect(shown.state == .busy)
            #expect(shown.placement == .into)
            #expect(shown.cgroup == harness.world.sessionsPath + "/a.1")
        }
    }

    @Test(arguments: WorldKind.here)
    func commandThatLeavesTakesItsCgroupWithItAndKeepsItsStatus(kind: WorldKind) throws {
        try ControllerHarness.with(kind) { harness in
            let launch = try harness.start("a")
            try harness.contract.end(launch.life)
            let ending = try launch.ending(.exited(7))
            #expect(ending.exitCode == 7)
            #expect(ending.cause.kind == .exited)
            #expect(!harness.contract.exists(launch.life))
            #expect(try harness.session("a")?.state == .ended)
        }
    }

    @Test(arguments: WorldKind.here)
    func killAnswersOnceNothingIsLeft(kind: WorldKind) throws {
        try ControllerHarness.with(kind) { harness in
            let launch = try harness.start("a")
            let user = try harness.client()
            try user.send(.order(.kill, "a"))
            let ending = try launch.ending(.signaled(9))
            #expect(ending.exitCode == 137)
            #expect(ending.cause.kind == .killed)
            let answer = try #require(try user.reply())
            #expect(answer.parameters["session"]?["state"]?.string == "ended")
            #expect(!harness.contract.exists(launch.life))
        }
    }

    @Test func refusedKillIsAnsweredOnceItIsDone() throws {
        try ControllerHarness.with(.fake) { harness in
            let launch = try harness.start("a")
            let world = try #require(harness.world as? FakeWorld)
            world.refused = [.kill]
            let user = try harness.client()
            try user.send(.order(.kill, "a"))
            try harness.turn(until: { !world.killed.isEmpty }, "the first try")
            #expect(harness.contract.exists(launch.life))
            #expect(harness.lines.contains { $0.hasPrefix("call_failed a.1") })
            world.refused = []
            try harness.pass(.milliseconds(100))
            #expect(try launch.ending(.signaled(9)).cause.kind == .killed)
            #expect(try #require(try user.reply()).parameters["session"]?["state"]?.string == "ended")
        }
    }

    @Test(arguments: WorldKind.here)
    func brokenLeaseEndsTheSession(kind: WorldKind) throws {
        try ControllerHarness.with(kind) { harness in
            let launch = try harness.start("a")
            launch.client.hangUp()
            try harness.turn(until: { try harness.session("a")?.state == .ended }, "the end")
            #expect(try harness.session("a")?.cause?.kind == .leaseLost)
            #expect(!harness.contract.exists(launch.life))
        }
    }

    @Test(arguments: WorldKind.here)
    func fullPoolEvictsTheLeastRecentlyUsedAndOnlyThenAdmits(kind: WorldKind) throws {
        try ControllerHarness.with(kind, policies: ["pool.policy": "[Pool]\nMaxSessions=2\n"]) { harness in
            let first = try harness.start("first")
            try harness.pass(.seconds(1))
            let second = try harness.start("second")
            try harness.pass(.seconds(20))
            let asking = try harness.client()
            try asking.send(.open(OpenRequest(session: "third", command: ["x"])))
            guard case .closeInput(let cause, _) = try first.event() else { throw Missing("a request to leave") }
            #expect(cause.kind == .poolFull)
            #expect(try LeaseEvent(try #require(try asking.reply())) == .queued(position: 1))
            try harness.contract.end(first.life)
            let ending = try first.ending(.exited(0))
            #expect(ending.isSuspended)
            #expect(ending.exitCode == 75)
            guard case .granted = try LeaseEvent(try #require(try asking.reply())) else { throw Missing("a grant") }
            #expect(try harness.session("first")?.state == .suspended)
            #expect(try harness.session("second")?.state == .idle)
            withExtendedLifetime(second) {}
        }
    }

    @Test(arguments: WorldKind.here)
    func suspendedSessionComesBackInANewLifeWithANewCgroup(kind: WorldKind) throws {
        try ControllerHarness.with(kind) { harness in
            let launch = try harness.start("a")
            let user = try harness.client()
            try user.send(.order(.suspend, "a"))
            _ = try launch.event()
            try harness.contract.end(launch.life)
            #expect(try launch.ending(.exited(0)).exitCode == 75)
            _ = try user.reply()
            let again = try harness.start("a")
            #expect(again.life.number == 2)
            #expect(harness.contract.exists(again.life))
            #expect(!harness.contract.exists(launch.life))
        }
    }

    @Test(arguments: WorldKind.here, [false, true])
    func treeThatEmptiesJustBeforeASnapshotIsStillNoticed(kind: WorldKind, isDetailed: Bool) throws {
        try ControllerHarness.with(kind) { harness in
            let launch = try harness.start("a")
            try harness.contract.end(launch.life)
            try harness.contract.untilEmpty(launch.life)
            var snapshot = MemorySnapshot()
            harness.world.read(
                SnapshotRequest(includesCPU: isDetailed, includesStatistics: isDetailed), into: &snapshot)
            var isTold = false
            // The kernel may hold the news back for ten milliseconds.
            let deadline = MonotonicClock.now().advanced(by: .seconds(5))
            while !isTold, try !waitFor(harness.world.wakeDescriptor, .readable, deadline: deadline).isEmpty {
                isTold = harness.world.takeEvents(at: harness.now).contains { event in
                    if case .emptied(launch.life) = event { true } else { false }
                }
            }
            #expect(isTold)
        }
    }

    @Test(arguments: WorldKind.here)
    func heldChildOfTheLauncherIsMovedIn(kind: WorldKind) throws {
        try ControllerHarness.with(kind) { harness in
            let launch = try Launch(harness, name: "a")
            // This process plays the launcher, so its child is the launcher's.
            let process = try harness.contract.outsider()
            guard kind == .real else { return }
            let pidfd = try Pidfd(process)
            try launch.client.send(.attach, descriptors: [pidfd.descriptor.number])
            #expect(try launch.event() == .attached)
            #expect(try harness.contract.isIn(process, launch.life))
        }
    }

    @Test(.enabled(if: Machine.canMakeCgroups, "needs a cgroup2 tree that may be changed"))
    func processMovedInWhileItsSessionIsKilledDiesToo() throws {
        try ControllerHarness.with(.real) { harness in
            let launch = try Launch(harness, name: "a")
            let world = try #require(harness.world as? SliceWorld)
            let process = try harness.contract.outsider()
            let pidfd = try Pidfd(process)
            // The write waits behind this for as long as the test wants.
            let gate = try Pipe()
            let gateEnd = gate.reading.release()
            world.mover.submit {
                var byte: [UInt8] = [0]
                _ = try? OwnedDescriptor(owning: gateEnd).read(into: &byte)
                return .swept
            }
            try launch.client.send(.attach, descriptors: [pidfd.descriptor.number])
            try harness.turn(until: { !world.moves.isEmpty }, "the move")
            try world.kill(launch.life)
            try gate.writing.writeAll([1])
            try harness.turn(until: { try pidfd.hasEnded() }, "the end of what was moved in")
        }
    }

    @Test(arguments: WorldKind.here)
    func processThatIsNotTheLaunchersChildIsNotMoved(kind: WorldKind) throws {
        try ControllerHarness.with(kind) { harness in
            let launch = try Launch(harness, name: "a")
            // PID 1 is root's like this test, and nobody's child here.
            let pidfd = try Pidfd(1)
            try launch.client.send(.attach, descriptors: [pidfd.descriptor.number])
            guard case .attachFailed(let reason) = try launch.event() else { throw Missing("a refusal") }
            #expect(reason.contains("not a child of the launcher"))
            #expect(try !harness.contract.isIn(1, launch.life))
        }
    }

    @Test(arguments: WorldKind.here)
    func attachWithoutAPidfdIsRefused(kind: WorldKind) throws {
        try ControllerHarness.with(kind) { harness in
            let launch = try Launch(harness, name: "a")
            try launch.client.send(.attach)
            #expect(try launch.event() == .attachFailed(reason: "no pidfd came with the call"))
        }
    }

    @Test(arguments: WorldKind.here)
    func idleSessionIsFrozenAndThawedByUse(kind: WorldKind) throws {
        try ControllerHarness.with(kind, policies: ["default.policy": "[Session]\nFreezeIdleSec=20s\n"]) { harness in
            let launch = try harness.start("a")
            try harness.pass(.seconds(20))
            #expect(harness.lines.contains("frozen a.1"))
            try launch.client.send(.active(.stdin))
            try harness.turn(until: { harness.lines.contains("thawed a.1") }, "the thaw")
            // A frozen one would not leave.
            try harness.contract.end(launch.life)
            #expect(try launch.ending(.exited(0)).exitCode == 0)
        }
    }

    @Test(arguments: WorldKind.here)
    func endedSessionOutlivesNeitherItsGraceNorItsPolicy(kind: WorldKind) throws {
        try ControllerHarness.with(kind) { harness in
            let launch = try harness.start("a")
            let user = try harness.client()
            try user.send(.order(.end, "a"))
            guard case .closeInput = try launch.event() else { throw Missing("a request to leave") }
            // It does not leave by itself: SIGTERM comes when the first contract is over.
            try harness.pass(.seconds(1))
            let ending = try launch.ending(.signaled(15))
            #expect(ending.cause.kind == .ended)
            #expect(ending.exitCode == 137)
        }
    }

    @Test(.enabled(if: Machine.canMakeCgroups, "needs a cgroup2 tree that may be changed"))
    func lifeWhoseRecordDidNotReachTheDiskIsTakenOverByTheNoteInItsCgroup() throws {
        try ControllerHarness.with(.real) { harness in
            let launch = try Launch(harness, name: "a")
            let world = try #require(harness.world as? SliceWorld)
            let decode = { (object: JSONObject) throws(WorldError) in
                try SessionRecord(json: object, boot: "this boot", now: harness.now) { (SessionPolicy(), $1) }
            }
            var former = try #require(harness.controller.record(of: launch.life.session))
            (former.session.lives, former.session.token, former.life) = (0, "kept", nil)
            let adoptions = try SessionAdoption(world: world, boot: "this boot", decode: decode, notice: { _ in })
                .adopt([former])
            #expect(adoptions.count == 1)
            #expect(adoptions.first?.session.lives == 1)
            #expect(adoptions.first?.session.token == "kept")
            #expect(adoptions.first?.adoptedLife != nil)
            #expect(harness.contract.exists(launch.life))
            let inAnotherBoot = try SessionAdoption(world: world, boot: "another", decode: decode, notice: { _ in })
                .adopt([])
            #expect(inAnotherBoot.isEmpty)
            let running = try #require(harness.controller.record(of: launch.life.session))
            let afterReboot = try SessionAdoption(world: world, boot: "another", decode: decode, notice: { _ in })
                .adopt([running])
            #expect(afterReboot.first?.wasRunningAtReboot == true)
            #expect(afterReboot.first?.adoptedLife == nil)
        }
    }

    @Test(
        .enabled(if: Machine.canMakeCgroups, "needs a cgroup2 tree that may be changed"),
        arguments: [
            ("session", JSON.string("b")), ("lives", 7), ("lives", JSON(UInt64.max)), ("version", 2),
            ("boot", "another"), ("life", .null),
        ])
    func noteThatIsOfAnotherCgroupClaimsNothing(member: String, value: JSON) throws {
        try ControllerHarness.with(.real) { harness in
            let launch = try Launch(harness, name: "a")
            let world = try #require(harness.world as? SliceWorld)
            let decode = { (object: JSONObject) throws(WorldError) in
                try SessionRecord(json: object, boot: "this boot", now: harness.now) { (SessionPolicy(), $1) }
            }
            var note = try #require(harness.controller.record(of: launch.life.session)).json
            note[member] = value
            world.leave(JSON.object(note).serialized(), with: launch.life)
            var said: [String] = []
            let adopting = SessionAdoption(world: world, boot: "this boot", decode: decode, notice: { said.append($0) })
            #expect(try adopting.adopt([]).isEmpty)
            #expect(said.contains { $0.hasPrefix("the note with the cgroup a.1 is not a record of it") })
        }
    }

    @Test(arguments: WorldKind.here)
    func restartedControllerKnowsWhatTheRecordsSay(kind: WorldKind) throws {
        try ControllerHarness.with(kind) { harness in
            let launch = try harness.start("a")
            let user = try harness.client()
            _ = try user.ask(.order(.pin, "a"))
            try user.send(.order(.suspend, "a"))
            try harness.contract.end(launch.life)
            _ = try launch.ending(.exited(0))
            _ = try user.reply()
            try harness.turn(until: { harness.controller.records.isSettled }, "the records")
            let loaded = harness.controller.records.load { (object) throws(WorldError) in
                try SessionRecord(json: object, boot: "this boot", now: harness.now) { (SessionPolicy(), $1) }
            }
            #expect(loaded.problems == [])
            let record = try #require(loaded.records.first)
            #expect(record.session.id.text == "a")
            #expect(record.session.isSuspended)
            #expect(record.session.isPinned)
            #expect(record.session.lives == 1)
            #expect(record.life == nil)
        }
    }
}
