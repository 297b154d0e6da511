import Testing

@testable import PinfoldCore

private let gibibyte: UInt64 = 1 << 30

private func reading(available: UInt64, pool: UInt64 = 0, pressure: UInt32? = nil) -> Reading {
    var reading = Reading()
    reading.available = available
    reading.poolWorkingSet = pool
    reading.pressure = pressure
    return reading
}

extension Bench {
    /// A pool of 10 GiB with a reserve of 1 GiB and a hard one of half of it, and `names` idle in it.
    fileprivate static func withIdle(_ names: [String], _ change: (inout PoolPolicy) -> Void = { _ in }) -> Bench {
        var bench = Bench(change, memory: 10 * gibibyte)
        for name in names {
            bench.startIdle(name)
            var part = LifeReading(life: bench.life(name))
            part.current = gibibyte
            part.workingSet = gibibyte
            part.anonymous = gibibyte
            var measured = PinfoldCoreTests.reading(available: 8 * gibibyte)
            measured.lives = [part]
            _ = bench.handle(.memoryEvent, reading: measured)
        }
        return bench
    }
}

@Suite struct GuardingTests {
    @Test func aboveTheReserveNobodyGoes() {
        var bench = Bench.withIdle(["a"])
        #expect(bench.handle(.reading(reading(available: gibibyte))).words == [])
    }

    @Test func belowTheReserveOneIdleSessionGoesWithGrace() {
        var bench = Bench.withIdle(["a", "b"])
        #expect(bench.handle(.reading(reading(available: gibibyte - 1))).words == ["closeInput a.1 reserve"])
    }

    @Test func wallOfThePoolCountsAsMuchAsTheHost() {
        var bench = Bench.withIdle(["a"]) { $0.memoryMax = .bytes(4 * gibibyte) }
        let full = reading(available: 8 * gibibyte, pool: 4 * gibibyte - 900 << 20)
        #expect(bench.handle(.reading(full)).words == ["closeInput a.1 reserve"])
    }

    @Test func secondVictimWaitsUntilTheFirstOnesMemoryIsBack() {
        var bench = Bench.withIdle(["a", "b"])
        _ = bench.handle(.reading(reading(available: gibibyte / 10 * 9)))
        _ = bench.pass(.milliseconds(500))
        #expect(bench.handle(.reading(reading(available: gibibyte / 10 * 8))).words == [])
        _ = bench.die("a")
        _ = bench.pass(.seconds(1))
        #expect(bench.handle(.reading(reading(available: gibibyte / 10 * 8))).words == ["closeInput b.1 reserve"])
    }

    @Test func afterAnEvictionWithGraceThereIsQuiet() {
        var bench = Bench.withIdle(["a", "b"]) { $0.evictQuiet = .seconds(15) }
        _ = bench.handle(.reading(reading(available: gibibyte / 10 * 9)))
        _ = bench.die("a")
        #expect(bench.handle(.reading(reading(available: gibibyte / 10 * 9))).words == [])
        bench.now = bench.now + .seconds(15)
        #expect(bench.handle(.reading(reading(available: gibibyte / 10 * 9))).words == ["closeInput b.1 reserve"])
    }

    @Test func belowTheHardReserveIsNoGraceAndNoQuiet() {
        var bench = Bench.withIdle(["a", "b"]) { $0.evictQuiet = .seconds(15) }
        #expect(bench.handle(.reading(reading(available: gibibyte / 4))).words == ["kill a.1"])
        _ = bench.die("a", .signaled(9))
        #expect(bench.handle(.reading(reading(available: gibibyte / 4))).words == ["kill b.1"])
    }

    @Test func victimWithGraceIsHastenedWhenTheHardReserveBreaks() {
        var bench = Bench.withIdle(["a", "b"])
        _ = bench.handle(.reading(reading(available: gibibyte / 10 * 9)))
        #expect(bench.handle(.reading(reading(available: gibibyte / 4))).words == ["kill a.1"])
    }

    @Test func creditOfAVictimEndsAtItsDeadlineSoThatAStuckOneDoesNotBlockTheNext() {
        var bench = Bench.withIdle(["a", "b"])
        _ = bench.handle(.reading(reading(available: gibibyte / 4)))
        bench.now = bench.now + SessionPool.creditAfterKill
        #expect(bench.handle(.reading(reading(available: gibibyte / 4))).words == ["kill b.1"])
    }

    @Test func busySessionsSurviveTheHardReserveUnlessThePolicyGivesThem() {
        var bench = Bench.withIdle([])
        bench.start("a")
        #expect(bench.handle(.reading(reading(available: 0))).words == [])
        var giving = Bench.withIdle([]) { $0.evictBusy = .hard }
        giving.start("a")
        #expect(giving.handle(.reading(reading(available: 0))).words == ["kill a.1"])
    }

    @Test func nothingEvictableIsSaidOnceInAWhile() {
        var bench = Bench.withIdle([])
        bench.start("a") { $0.evict = .never }
        let low = reading(available: 0)
        #expect(bench.handle(.reading(low)).announced(.nothingEvictable).count == 1)
        #expect(bench.handle(.reading(low)).announced(.nothingEvictable).isEmpty)
        bench.now = bench.now + SessionPool.futileInterval
        #expect(bench.handle(.reading(low)).announced(.nothingEvictable).count == 1)
    }

    @Test func dryRunSaysWhoWouldGoAndTouchesNobody() {
        var bench = Bench.withIdle(["a"]) { $0.dryRun = true }
        let actions = bench.handle(.reading(reading(available: 0)))
        #expect(actions.words == [])
        #expect(actions.announced(.victimChosen).first?.session == id("a"))
    }

    @Test func pressureEvictsOnlyAfterItHasLasted() {
        var bench = Bench.withIdle(["a"]) {
            $0.pressureLimit = 4_000
            $0.pressureDuration = .seconds(5)
        }
        let pressed = reading(available: 8 * gibibyte, pressure: 4_500)
        #expect(bench.handle(.reading(pressed)).words == [])
        bench.now = bench.now + .seconds(4)
        #expect(bench.handle(.reading(pressed)).words == [])
        bench.now = bench.now + .seconds(1)
        #expect(bench.handle(.reading(pressed)).words == ["closeInput a.1 pressure"])
    }

    @Test func pressureThatLetsUpBeginsAnew() {
        var bench = Bench.withIdle(["a"]) {
            $0.pressureLimit = 4_000
            $0.pressureDuration = .seconds(5)
        }
        let pressed = reading(available: 8 * gibibyte, pressure: 4_500)
        _ = bench.handle(.reading(pressed))
        bench.now = bench.now + .seconds(4)
        _ = bench.handle(.reading(reading(available: 8 * gibibyte, pressure: 3_999)))
        bench.now = bench.now + .seconds(1)
        #expect(bench.handle(.reading(pressed)).words == [])
    }

    @Test(arguments: [
        (UInt64(20) * gibibyte, Duration.seconds(1)), (gibibyte, .milliseconds(100)), (0, .milliseconds(100)),
        (gibibyte + 3 * gibibyte / 2, .milliseconds(500)),
    ])
    func looksTheOftenerTheNearerTheLine(headroom: UInt64, expected: Duration) {
        #expect(MemoryWatch.interval(headroom: headroom, line: gibibyte) == expected)
    }

    @Test func withoutSessionsNobodyLooks() {
        var bench = Bench()
        #expect(bench.pool.nextDeadline == nil)
        bench.start("a")
        #expect(bench.pool.nextDeadline != nil)
        _ = bench.die("a", .exited(0))
        _ = bench.pass(.seconds(60))
        #expect(bench.pool.nextDeadline == nil)
    }

    @Test func killsInASessionAreAnnouncedWithTheirNumbers() {
        var bench = Bench.withIdle(["a"])
        var part = LifeReading(life: bench.life("a"))
        part.events = MemoryEventCounts()
        var first = reading(available: 8 * gibibyte)
        first.lives = [part]
        _ = bench.handle(.reading(first))
        part.events?.kills = 2
        part.events?.outOfMemory = 1
        first.lives = [part]
        let announced = bench.handle(.reading(first)).announced(.memoryEvent)
        #expect(
            announced == [
                Announcement(.memoryEvent, bench.life("a"), [("outOfMemory", .number(1)), ("kills", .number(2))])
            ])
    }
    /// A life may be over its limit before it was ever looked at.
    @Test func killsBeforeTheFirstLookAreAnnouncedToo() {
        var bench = Bench()
        bench.start("a")
        var part = LifeReading(life: bench.life("a"))
        part.events = MemoryEventCounts()
        part.events?.kills = 3
        part.events?.groupKills = 1
        part.events?.outOfMemory = 1
        var first = reading(available: 8 * gibibyte)
        first.lives = [part]
        let announced = bench.handle(.reading(first)).announced(.memoryEvent)
        #expect(
            announced == [
                Announcement(.memoryEvent, bench.life("a"), [("outOfMemory", .number(1)), ("kills", .number(2))])
            ])
    }
}
