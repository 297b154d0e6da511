import Testing

@testable import PinfoldCore

private let gibibyte: UInt64 = 1 << 30

private func snapshot(available: UInt64, pool: UInt64 = 0, pressure: UInt32? = nil) -> MemorySnapshot {
    var snapshot = MemorySnapshot()
    snapshot.available = available
    snapshot.poolWorkingSet = pool
    snapshot.pressure = pressure
    return snapshot
}

extension PoolHarness {
    /// A pool of 10 GiB with a reserve of 1 GiB and a hard one of half of it, and `names` idle in it.
    fileprivate static func withIdle(_ names: [String], _ change: (inout PoolPolicy) -> Void = { _ in }) -> PoolHarness
    {
        var harness = PoolHarness(change, memory: 10 * gibibyte)
        for name in names {
            harness.startIdle(name)
            var part = LifeSnapshot(life: harness.life(name))
            part.current = gibibyte
            part.workingSet = gibibyte
            part.anonymous = gibibyte
            var measured = PinfoldCoreTests.snapshot(available: 8 * gibibyte)
            measured.lives = [part]
            _ = harness.handle(.memoryEvent, snapshot: measured)
        }
        return harness
    }
}

@Suite struct GuardingTests {
    @Test func aboveTheReserveNobodyGoes() {
        var harness = PoolHarness.withIdle(["a"])
        #expect(harness.handle(.snapshot(snapshot(available: gibibyte))).words == [])
    }

    @Test func belowTheReserveOneIdleSessionGoesWithGrace() {
        var harness = PoolHarness.withIdle(["a", "b"])
        #expect(harness.handle(.snapshot(snapshot(available: gibibyte - 1))).words == ["closeInput a.1 reserve"])
    }

    @Test func wallOfThePoolCountsAsMuchAsTheHost() {
        var harness = PoolHarness.withIdle(["a"]) { $0.memoryMax = .bytes(4 * gibibyte) }
        let full = snapshot(available: 8 * gibibyte, pool: 4 * gibibyte - 900 << 20)
        #expect(harness.handle(.snapshot(full)).words == ["closeInput a.1 reserve"])
    }

    @Test func secondVictimWaitsUntilTheFirstOnesMemoryIsBack() {
        var harness = PoolHarness.withIdle(["a", "b"])
        _ = harness.handle(.snapshot(snapshot(available: gibibyte / 10 * 9)))
        _ = harness.pass(.milliseconds(500))
        #expect(harness.handle(.snapshot(snapshot(available: gibibyte / 10 * 8))).words == [])
        _ = harness.die("a")
        _ = harness.pass(.seconds(1))
        #expect(harness.handle(.snapshot(snapshot(available: gibibyte / 10 * 8))).words == ["closeInput b.1 reserve"])
    }

    @Test func afterAnEvictionWithGraceThereIsQuiet() {
        var harness = PoolHarness.withIdle(["a", "b"]) { $0.evictQuiet = .seconds(15) }
        _ = harness.handle(.snapshot(snapshot(available: gibibyte / 10 * 9)))
        _ = harness.die("a")
        #expect(harness.handle(.snapshot(snapshot(available: gibibyte / 10 * 9))).words == [])
        harness.now = harness.now + .seconds(15)
        #expect(harness.handle(.snapshot(snapshot(available: gibibyte / 10 * 9))).words == ["closeInput b.1 reserve"])
    }

    @Test func belowTheHardReserveIsNoGraceAndNoQuiet() {
        var harness = PoolHarness.withIdle(["a", "b"]) { $0.evictQuiet = .seconds(15) }
        #expect(harness.handle(.snapshot(snapshot(available: gibibyte / 4))).words == ["kill a.1"])
        _ = harness.die("a", .signaled(9))
        #expect(harness.handle(.snapshot(snapshot(available: gibibyte / 4))).words == ["kill b.1"])
    }

    @Test func victimWithGraceIsHastenedWhenTheHardReserveBreaks() {
        var harness = PoolHarness.withIdle(["a", "b"])
        _ = harness.handle(.snapshot(snapshot(available: gibibyte / 10 * 9)))
        #expect(harness.handle(.snapshot(snapshot(available: gibibyte / 4))).words == ["kill a.1"])
    }

    @Test func creditOfAVictimEndsAtItsDeadlineSoThatAStuckOneDoesNotBlockTheNext() {
        var harness = PoolHarness.withIdle(["a", "b"])
        _ = harness.handle(.snapshot(snapshot(available: gibibyte / 4)))
        harness.now = harness.now + SessionPool.creditAfterKill
        #expect(harness.handle(.snapshot(snapshot(available: gibibyte / 4))).words == ["kill b.1"])
    }

    @Test func busySessionsSurviveTheHardReserveUnlessThePolicyGivesThem() {
        var harness = PoolHarness.withIdle([])
        harness.start("a")
        #expect(harness.handle(.snapshot(snapshot(available: 0))).words == [])
        var giving = PoolHarness.withIdle([]) { $0.evictBusy = .hard }
        giving.start("a")
        #expect(giving.handle(.snapshot(snapshot(available: 0))).words == ["kill a.1"])
    }

    @Test func nothingEvictableIsReportedOnceInAWhile() {
        var harness = PoolHarness.withIdle([])
        harness.start("a") { $0.evict = .never }
        let low = snapshot(available: 0)
        #expect(harness.handle(.snapshot(low)).logged(.nothingEvictable).count == 1)
        #expect(harness.handle(.snapshot(low)).logged(.nothingEvictable).isEmpty)
        harness.now = harness.now + SessionPool.futileInterval
        #expect(harness.handle(.snapshot(low)).logged(.nothingEvictable).count == 1)
    }

    @Test func dryRunNamesWhoWouldGoAndTouchesNoSession() {
        var harness = PoolHarness.withIdle(["a"]) { $0.dryRun = true }
        let actions = harness.handle(.snapshot(snapshot(available: 0)))
        #expect(actions.words == [])
        #expect(actions.logged(.victimChosen).first?.session == id("a"))
    }

    @Test func pressureEvictsOnlyAfterItHasLasted() {
        var harness = PoolHarness.withIdle(["a"]) {
            $0.pressureLimit = 4_000
            $0.pressureDuration = .seconds(5)
        }
        let pressed = snapshot(available: 8 * gibibyte, pressure: 4_500)
        #expect(harness.handle(.snapshot(pressed)).words == [])
        harness.now = harness.now + .seconds(4)
        #expect(harness.handle(.snapshot(pressed)).words == [])
        harness.now = harness.now + .seconds(1)
        #expect(harness.handle(.snapshot(pressed)).words == ["closeInput a.1 pressure"])
    }

    @Test func pressureThatLetsUpBeginsAnew() {
        var harness = PoolHarness.withIdle(["a"]) {
            $0.pressureLimit = 4_000
            $0.pressureDuration = .seconds(5)
        }
        let pressed = snapshot(available: 8 * gibibyte, pressure: 4_500)
        _ = harness.handle(.snapshot(pressed))
        harness.now = harness.now + .seconds(4)
        _ = harness.handle(.snapshot(snapshot(available: 8 * gibibyte, pressure: 3_999)))
        harness.now = harness.now + .seconds(1)
        #expect(harness.handle(.snapshot(pressed)).words == [])
    }

    @Test(arguments: [
        (UInt64(20) * gibibyte, Duration.seconds(1)), (gibibyte, .milliseconds(100)), (0, .milliseconds(100)),
        (gibibyte + 3 * gibibyte / 2, .milliseconds(500)),
    ])
    func looksTheOftenerTheNearerTheLine(headroom: UInt64, expected: Duration) {
        #expect(MemoryMonitor.interval(headroom: headroom, line: gibibyte) == expected)
    }

    @Test func withoutSessionsNobodyLooks() {
        var harness = PoolHarness()
        #expect(harness.pool.nextDeadline == nil)
        harness.start("a")
        #expect(harness.pool.nextDeadline != nil)
        _ = harness.die("a", .exited(0))
        _ = harness.pass(.seconds(60))
        #expect(harness.pool.nextDeadline == nil)
    }

    @Test func killsInASessionAreAnnouncedWithTheirNumbers() {
        var harness = PoolHarness.withIdle(["a"])
        var part = LifeSnapshot(life: harness.life("a"))
        part.events = MemoryEventCounts()
        var first = snapshot(available: 8 * gibibyte)
        first.lives = [part]
        _ = harness.handle(.snapshot(first))
        part.events?.kills = 2
        part.events?.outOfMemory = 1
        first.lives = [part]
        let logged = harness.handle(.snapshot(first)).logged(.memoryEvent)
        #expect(
            logged == [
                LoggedEvent(.memoryEvent, harness.life("a"), [("outOfMemory", .number(1)), ("kills", .number(2))])
            ])
    }
    /// A life may be over its limit before it was ever looked at.
    @Test func killsBeforeTheFirstLookAreAnnouncedToo() {
        var harness = PoolHarness()
        harness.start("a")
        var part = LifeSnapshot(life: harness.life("a"))
        part.events = MemoryEventCounts()
        part.events?.kills = 3
        part.events?.groupKills = 1
        part.events?.outOfMemory = 1
        var first = snapshot(available: 8 * gibibyte)
        first.lives = [part]
        let logged = harness.handle(.snapshot(first)).logged(.memoryEvent)
        #expect(
            logged == [
                LoggedEvent(.memoryEvent, harness.life("a"), [("outOfMemory", .number(1)), ("kills", .number(2))])
            ])
    }
}
