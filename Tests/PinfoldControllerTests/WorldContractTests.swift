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
        try Desk.with(kind) { desk in
            let launch = try Launch(desk, name: "a")
            #expect(desk.stage.exists(launch.life))
            #expect(try desk.session("a")?.state == .starting)
            try launch.begin()
            let shown = try #require(try desk.session("a"))
            #expect(shown.state == .busy)
            #expect(shown.placement == .into)
            #expect(shown.cgroup == desk.world.sessionsPath + "/a.1")
        }
    }

    @Test(arguments: WorldKind.here)
    func commandThatLeavesTakesItsCgroupWithItAndKeepsItsStatus(kind: WorldKind) throws {
        try Desk.with(kind) { desk in
            let launch = try desk.start("a")
            try desk.stage.end(launch.life)
            let ending = try launch.ending(.exited(7))
            #expect(ending.exitCode == 7)
            #expect(ending.cause.kind == .exited)
            #expect(!desk.stage.exists(launch.life))
            #expect(try desk.session("a")?.state == .ended)
        }
    }

    @Test(arguments: WorldKind.here)
    func killAnswersOnceNothingIsLeft(kind: WorldKind) throws {
        try Desk.with(kind) { desk in
            let launch = try desk.start("a")
            let user = try desk.client()
            try user.send(.order(.kill, "a"))
            let ending = try launch.ending(.signaled(9))
            #expect(ending.exitCode == 137)
            #expect(ending.cause.kind == .killed)
            let answer = try #require(try user.reply())
            #expect(answer.parameters["session"]?["state"]?.string == "ended")
            #expect(!desk.stage.exists(launch.life))
        }
    }

    @Test func refusedKillIsAnsweredOnceItIsDone() throws {
        try Desk.with(.fake) { desk in
            let launch = try desk.start("a")
            let world = try #require(desk.world as? FakeWorld)
            world.refused = [.kill]
            let user = try desk.client()
            try user.send(.order(.kill, "a"))
            try desk.turn(until: { !world.killed.isEmpty }, "the first try")
            #expect(desk.stage.exists(launch.life))
            #expect(desk.lines.contains { $0.hasPrefix("call_failed a.1") })
            world.refused = []
            try desk.pass(.milliseconds(100))
            #expect(try launch.ending(.signaled(9)).cause.kind == .killed)
            #expect(try #require(try user.reply()).parameters["session"]?["state"]?.string == "ended")
        }
    }

    @Test(arguments: WorldKind.here)
    func brokenLeaseEndsTheSession(kind: WorldKind) throws {
        try Desk.with(kind) { desk in
            let launch = try desk.start("a")
            launch.client.hangUp()
            try desk.turn(until: { try desk.session("a")?.state == .ended }, "the end")
            #expect(try desk.session("a")?.cause?.kind == .leaseLost)
            #expect(!desk.stage.exists(launch.life))
        }
    }

    @Test(arguments: WorldKind.here)
    func fullPoolEvictsTheLeastRecentlyUsedAndOnlyThenAdmits(kind: WorldKind) throws {
        try Desk.with(kind, policies: ["pool.policy": "[Pool]\nMaxSessions=2\n"]) { desk in
            let first = try desk.start("first")
            try desk.pass(.seconds(1))
            let second = try desk.start("second")
            try desk.pass(.seconds(20))
            let asking = try desk.client()
            try asking.send(.open(OpenRequest(session: "third", command: ["x"])))
            guard case .closeInput(let cause, _) = try first.event() else { throw Missing("a request to leave") }
            #expect(cause.kind == .poolFull)
            #expect(try LeaseEvent(try #require(try asking.reply())) == .queued(position: 1))
            try desk.stage.end(first.life)
            let ending = try first.ending(.exited(0))
            #expect(ending.isSuspended)
            #expect(ending.exitCode == 75)
            guard case .granted = try LeaseEvent(try #require(try asking.reply())) else { throw Missing("a grant") }
            #expect(try desk.session("first")?.state == .suspended)
            #expect(try desk.session("second")?.state == .idle)
            withExtendedLifetime(second) {}
        }
    }

    @Test(arguments: WorldKind.here)
    func suspendedSessionComesBackInANewLifeWithANewCgroup(kind: WorldKind) throws {
        try Desk.with(kind) { desk in
            let launch = try desk.start("a")
            let user = try desk.client()
            try user.send(.order(.suspend, "a"))
            _ = try launch.event()
            try desk.stage.end(launch.life)
            #expect(try launch.ending(.exited(0)).exitCode == 75)
            _ = try user.reply()
            let again = try desk.start("a")
            #expect(again.life.number == 2)
            #expect(desk.stage.exists(again.life))
            #expect(!desk.stage.exists(launch.life))
        }
    }

    @Test(arguments: WorldKind.here, [false, true])
    func treeThatEmptiesJustBeforeAPictureIsStillTold(kind: WorldKind, isDetailed: Bool) throws {
        try Desk.with(kind) { desk in
            let launch = try desk.start("a")
            try desk.stage.end(launch.life)
            try desk.stage.untilEmpty(launch.life)
            var reading = Reading()
            desk.world.read(ReadingRequest(includesCPU: isDetailed, includesStatistics: isDetailed), into: &reading)
            var isTold = false
            // The kernel may hold the news back for ten milliseconds.
            let deadline = MonotonicClock.now().advanced(by: .seconds(5))
            while !isTold, try !waitFor(desk.world.wakeDescriptor, .readable, deadline: deadline).isEmpty {
                isTold = desk.world.takeEvents(at: desk.now).contains { event in
                    if case .emptied(launch.life) = event { true } else { false }
                }
            }
            #expect(isTold)
        }
    }

    @Test(arguments: WorldKind.here)
    func heldChildOfTheLauncherIsMovedIn(kind: WorldKind) throws {
        try Desk.with(kind) { desk in
            let launch = try Launch(desk, name: "a")
            // This process plays the launcher, so its child is the launcher's.
            let process = try desk.stage.outsider()
            guard kind == .real else { return }
            let pidfd = try Pidfd(process)
            try launch.client.send(.attach, descriptors: [pidfd.descriptor.number])
            #expect(try launch.event() == .attached)
            #expect(try desk.stage.isIn(process, launch.life))
        }
    }

    @Test(.enabled(if: Machine.canMakeCgroups, "needs a cgroup2 tree that may be changed"))
    func processMovedInWhileItsSessionIsKilledDiesToo() throws {
        try Desk.with(.real) { desk in
            let launch = try Launch(desk, name: "a")
            let world = try #require(desk.world as? SliceWorld)
            let process = try desk.stage.outsider()
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
            try desk.turn(until: { !world.moves.isEmpty }, "the move")
            try world.kill(launch.life)
            try gate.writing.writeAll([1])
            try desk.turn(until: { try pidfd.hasEnded() }, "the end of what was moved in")
        }
    }

    @Test(arguments: WorldKind.here)
    func processThatIsNotTheLaunchersChildIsNotMoved(kind: WorldKind) throws {
        try Desk.with(kind) { desk in
            let launch = try Launch(desk, name: "a")
            // PID 1 is root's like this test, and nobody's child here.
            let pidfd = try Pidfd(1)
            try launch.client.send(.attach, descriptors: [pidfd.descriptor.number])
            guard case .attachFailed(let reason) = try launch.event() else { throw Missing("a refusal") }
            #expect(reason.contains("not a child of the launcher"))
            #expect(try !desk.stage.isIn(1, launch.life))
        }
    }

    @Test(arguments: WorldKind.here)
    func attachWithoutAPidfdIsRefused(kind: WorldKind) throws {
        try Desk.with(kind) { desk in
            let launch = try Launch(desk, name: "a")
            try launch.client.send(.attach)
            #expect(try launch.event() == .attachFailed(reason: "no pidfd came with the call"))
        }
    }

    @Test(arguments: WorldKind.here)
    func idleSessionIsFrozenAndThawedByUse(kind: WorldKind) throws {
        try Desk.with(kind, policies: ["default.policy": "[Session]\nFreezeIdleSec=20s\n"]) { desk in
            let launch = try desk.start("a")
            try desk.pass(.seconds(20))
            #expect(desk.lines.contains("frozen a.1"))
            try launch.client.send(.active(.stdin))
            try desk.turn(until: { desk.lines.contains("thawed a.1") }, "the thaw")
            // A frozen one would not leave.
            try desk.stage.end(launch.life)
            #expect(try launch.ending(.exited(0)).exitCode == 0)
        }
    }

    @Test(arguments: WorldKind.here)
    func endedSessionOutlivesNeitherItsGraceNorItsPolicy(kind: WorldKind) throws {
        try Desk.with(kind) { desk in
            let launch = try desk.start("a")
            let user = try desk.client()
            try user.send(.order(.end, "a"))
            guard case .closeInput = try launch.event() else { throw Missing("a request to leave") }
            // It does not leave by itself: SIGTERM comes when the first stage is over.
            try desk.pass(.seconds(1))
            let ending = try launch.ending(.signaled(15))
            #expect(ending.cause.kind == .ended)
            #expect(ending.exitCode == 137)
        }
    }

    @Test(.enabled(if: Machine.canMakeCgroups, "needs a cgroup2 tree that may be changed"))
    func lifeWhoseRecordDidNotReachTheDiskIsTakenOverByTheNoteInItsCgroup() throws {
        try Desk.with(.real) { desk in
            let launch = try Launch(desk, name: "a")
            let world = try #require(desk.world as? SliceWorld)
            let decode = { (object: JSONObject) throws(WorldError) in
                try SessionRecord(json: object, boot: "this boot", now: desk.now) { (SessionPolicy(), $1) }
            }
            var former = try #require(desk.controller.record(of: launch.life.session))
            (former.session.lives, former.session.token, former.life) = (0, "kept", nil)
            let adoptions = try Adopting(world: world, boot: "this boot", decode: decode, say: { _ in }).adopt([former])
            #expect(adoptions.count == 1)
            #expect(adoptions.first?.session.lives == 1)
            #expect(adoptions.first?.session.token == "kept")
            #expect(adoptions.first?.survivor != nil)
            #expect(desk.stage.exists(launch.life))
            let inAnotherBoot = try Adopting(world: world, boot: "another", decode: decode, say: { _ in }).adopt([])
            #expect(inAnotherBoot.isEmpty)
        }
    }

    @Test(
        .enabled(if: Machine.canMakeCgroups, "needs a cgroup2 tree that may be changed"),
        arguments: [
            ("session", JSON.string("b")), ("lives", 7), ("lives", JSON(UInt64.max)), ("version", 2),
            ("boot", "another"), ("life", .null),
        ])
    func noteThatIsOfAnotherCgroupClaimsNothing(member: String, value: JSON) throws {
        try Desk.with(.real) { desk in
            let launch = try Launch(desk, name: "a")
            let world = try #require(desk.world as? SliceWorld)
            let decode = { (object: JSONObject) throws(WorldError) in
                try SessionRecord(json: object, boot: "this boot", now: desk.now) { (SessionPolicy(), $1) }
            }
            var note = try #require(desk.controller.record(of: launch.life.session)).json
            note[member] = value
            world.leave(JSON.object(note).serialized(), with: launch.life)
            var said: [String] = []
            let adopting = Adopting(world: world, boot: "this boot", decode: decode, say: { said.append($0) })
            #expect(try adopting.adopt([]).isEmpty)
            #expect(said.contains { $0.hasPrefix("the note with the cgroup a.1 is not a record of it") })
        }
    }

    @Test(arguments: WorldKind.here)
    func restartedControllerKnowsWhatTheRecordsSay(kind: WorldKind) throws {
        try Desk.with(kind) { desk in
            let launch = try desk.start("a")
            let user = try desk.client()
            _ = try user.ask(.order(.pin, "a"))
            try user.send(.order(.suspend, "a"))
            try desk.stage.end(launch.life)
            _ = try launch.ending(.exited(0))
            _ = try user.reply()
            try desk.turn(until: { desk.controller.records.isSettled }, "the records")
            let loaded = desk.controller.records.load { (object) throws(WorldError) in
                try SessionRecord(json: object, boot: "this boot", now: desk.now) { (SessionPolicy(), $1) }
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
