import Testing

@testable import PinfoldCore

@Suite struct ActivityTests {
    @Test func sessionWithoutActivityBecomesIdleAndSaysSoOnce() {
        var bench = Bench()
        bench.start("a")
        #expect(bench.pass(.seconds(9)).announced(.idle).isEmpty)
        #expect(bench.pass(.seconds(1)).announced(.idle).count == 1)
        #expect(bench.state("a") == .idle)
        #expect(bench.pass(.seconds(60)).announced(.idle).isEmpty)
    }

    @Test(arguments: ActivitySource.allCases)
    func activityCountsOnlyWhereThePolicyNamesIt(source: ActivitySource) {
        for counted in ActivitySource.allCases {
            var bench = Bench()
            bench.startIdle("a") { $0.activity = ActivitySource.Sources([counted]) }
            let announced = bench.handle(.activity(bench.life("a"), source)).announced(.busy)
            #expect(announced.count == (source == counted ? 1 : 0))
        }
    }

    @Test func touchThatThePolicyDoesNotCountIsRefusedWithTheReason() {
        var bench = Bench()
        bench.startIdle("a") { $0.activity = ActivitySource.Sources([.cpu]) }
        #expect(bench.order(.touch, "a").actions.words.first?.contains("does not count touch") == true)
        #expect(bench.state("a") == .idle)
    }

    @Test func cpuAboveTheFloorIsActivityAndBelowItIsNoise() {
        for (share, isActive) in [(UInt64(15_000), false), (25_000, true)] {
            var bench = Bench()
            bench.startIdle("a")
            var actions: [Action] = []
            for tick in 0...1 {
                bench.now = bench.now + .seconds(1)
                var part = LifeReading(life: bench.life("a"))
                part.cpuMicroseconds = UInt64(tick) * share
                var reading = Reading()
                reading.lives = [part]
                actions = bench.handle(.reading(reading))
            }
            #expect(actions.announced(.busy).isEmpty == !isActive)
        }
    }

    @Test func looksListsAndReconnectsAreNotActivity() {
        var bench = Bench()
        bench.startIdle("a")
        let before = bench.pool.sessions[id("a")]?.lastActivity
        _ = bench.handle(.reading(Reading()))
        _ = bench.handle(.leaseTaken(bench.life("a"), by: bench.client()))
        _ = bench.pool.explain(at: bench.now)
        _ = bench.order(.pin, "a")
        #expect(bench.pool.sessions[id("a")]?.lastActivity == before)
    }

    @Test func idleSessionIsSuspendedAtItsTimeoutAndNotBefore() {
        var bench = Bench()
        bench.start("a") { $0.idleTimeout = .seconds(60) }
        #expect(bench.pass(.seconds(59)).words == [])
        #expect(bench.pass(.seconds(1)).words == ["closeInput a.1 idle_timeout"])
        _ = bench.die("a")
        #expect(bench.state("a") == .suspended)
    }

    @Test func activityMovesTheTimeout() {
        var bench = Bench()
        bench.start("a") { $0.idleTimeout = .seconds(60) }
        _ = bench.pass(.seconds(50))
        _ = bench.handle(.activity(bench.life("a"), .stdin))
        #expect(bench.pass(.seconds(59)).words == [])
        #expect(bench.pass(.seconds(1)).words == ["closeInput a.1 idle_timeout"])
    }

    @Test func sessionThatIsOnlyToGoWhereItCanComeBackTimesOutFromItsTokenOn() {
        var bench = Bench()
        bench.start("a") {
            $0.idleTimeout = .seconds(60)
            $0.evict = .resumable
        }
        #expect(bench.pass(.seconds(600)).words == [])
        let due = bench.handle(.token(bench.life("a"), "t")).words + bench.pass(.zero).words
        #expect(due == ["closeInput a.1 idle_timeout"])
    }

    @Test(arguments: ["pinned", "never", "turn", "waiting"])
    func timeoutSparesWhoMayNotGo(kind: String) {
        var bench = Bench()
        bench.start("a") {
            $0.idleTimeout = .seconds(60)
            $0.evict = kind == "never" ? .never : .yes
        }
        if kind == "pinned" { _ = bench.order(.pin, "a") }
        if kind == "turn" { _ = bench.handle(.turn(bench.life("a"), .open)) }
        if kind == "waiting" { _ = bench.handle(.turn(bench.life("a"), .waiting)) }
        #expect(bench.pass(.seconds(1_700)).words == [])
    }

    @Test func unpinnedSessionTimesOutAsIfItHadNeverBeenPinned() {
        var bench = Bench()
        bench.start("a") { $0.idleTimeout = .seconds(60) }
        _ = bench.order(.pin, "a")
        _ = bench.pass(.seconds(120))
        #expect(bench.order(.unpin, "a").actions.words.contains("closeInput a.1 idle_timeout"))
    }

    @Test func idleIsCountedFromTheEndOfTheTurn() {
        var bench = Bench()
        bench.start("a") { $0.idleTimeout = .seconds(60) }
        _ = bench.handle(.turn(bench.life("a"), .open))
        _ = bench.pass(.seconds(1_000))
        _ = bench.handle(.turn(bench.life("a"), .none))
        #expect(bench.pass(.seconds(59)).words == [])
        #expect(bench.pass(.seconds(1)).words == ["closeInput a.1 idle_timeout"])
    }

    @Test func lifetimeEndsABusySessionForGood() {
        var bench = Bench()
        bench.start("a") { $0.lifetime = .seconds(100) }
        _ = bench.handle(.turn(bench.life("a"), .open))
        #expect(bench.pass(.seconds(100)).words == ["closeInput a.1 lifetime"])
        #expect(bench.die("a").words.contains("finish a.1 lifetime exit 124"))
        #expect(bench.state("a") == .ended)
    }

    @Test func idleSessionIsReclaimedOnceAndFrozenOnceUntilItIsUsedAgain() {
        var bench = Bench()
        bench.start("a") {
            $0.reclaimIdle = .seconds(20)
            $0.freezeIdle = .seconds(30)
        }
        #expect(bench.pass(.seconds(20)).words == ["reclaim a.1"])
        #expect(bench.pass(.seconds(10)).words == ["freeze a.1"])
        #expect(bench.pass(.seconds(60)).words == [])
        #expect(bench.handle(.activity(bench.life("a"), .stdin)).words == ["thaw a.1"])
        #expect(bench.pass(.seconds(20)).words == ["reclaim a.1"])
    }

    @Test func neverResumableSessionEndsWhereOthersAreSuspended() {
        var bench = Bench()
        bench.start("a") {
            $0.idleTimeout = .seconds(60)
            $0.resume = .never
        }
        _ = bench.pass(.seconds(60))
        #expect(bench.die("a").words.contains("finish a.1 idle_timeout exit 137"))
        #expect(bench.state("a") == .ended)
    }

    @Test func adoptedSessionKeepsItsLeaseWhenItsLauncherComesBack() {
        var bench = Bench()
        _ = bench.handle(.adopted([bench.left("a", life: 3)]))
        _ = bench.handle(.leaseTaken(bench.life("a"), by: bench.client()))
        #expect(bench.pass(SessionPool.leaseGrace).words == [])
        #expect(bench.life("a").number == 3)
    }

    @Test func adoptedSessionWithoutALauncherIsEndedByItsPolicy() {
        for (rule, words) in [(LeaseLostRule.stop, ["terminate a.3"]), (.keep, [])] {
            var bench = Bench()
            _ = bench.handle(.adopted([bench.left("a", life: 3) { $0.onLeaseLost = rule }]))
            #expect(bench.pass(SessionPool.leaseGrace).words == words)
        }
    }

    /// A controller that was killed between the end and its record leaves such a one behind.
    @Test func nameOfAnAdoptedLifeWithoutProcessesIsFreeForWhoeverAsks() {
        var bench = Bench()
        _ = bench.handle(.adopted([bench.left("a", life: 3)]))
        let life = bench.life("a")
        #expect(bench.handle(.emptied(life)).words == [])
        #expect(bench.request("a").actions.words.contains("collect a.3"))
        #expect(bench.handle(.removed(life, LifeTotals())).words.contains("create a.4"))
    }

    @Test func oldestEndedSessionIsForgottenButNoSuspendedOne() {
        var bench = Bench { $0.maxSessions = 1_000 }
        bench.startIdle("kept")
        _ = bench.order(.suspend, "kept")
        _ = bench.die("kept")
        var forgotten: [String] = []
        for number in 0...SessionPool.rememberedEnds {
            bench.start("s\(number)")
            _ = bench.pass(.seconds(1))
            forgotten += bench.die("s\(number)", .exited(0)).words.filter { $0.hasPrefix("forget") }
        }
        #expect(forgotten == ["forget s0"])
        #expect(bench.state("kept") == .suspended)
    }
}
