import Testing

@testable import PinfoldCore

@Suite struct ActivityTests {
    @Test func sessionWithoutActivityBecomesIdleAndReportsItOnce() {
        var harness = PoolHarness()
        harness.start("a")
        #expect(harness.pass(.seconds(9)).logged(.idle).isEmpty)
        #expect(harness.pass(.seconds(1)).logged(.idle).count == 1)
        #expect(harness.state("a") == .idle)
        #expect(harness.pass(.seconds(60)).logged(.idle).isEmpty)
    }

    @Test(arguments: ActivitySource.allCases)
    func activityCountsOnlyWhereThePolicyNamesIt(source: ActivitySource) {
        for counted in ActivitySource.allCases {
            var harness = PoolHarness()
            harness.startIdle("a") { $0.activity = ActivitySource.Sources([counted]) }
            let logged = harness.handle(.activity(harness.life("a"), source)).logged(.busy)
            #expect(logged.count == (source == counted ? 1 : 0))
        }
    }

    @Test func touchThatThePolicyDoesNotCountIsRefusedWithTheReason() {
        var harness = PoolHarness()
        harness.startIdle("a") { $0.activity = ActivitySource.Sources([.cpu]) }
        #expect(harness.order(.touch, "a").actions.words.first?.contains("does not count touch") == true)
        #expect(harness.state("a") == .idle)
    }

    @Test func cpuAboveTheFloorIsActivityAndBelowItIsNoise() {
        for (share, isActive) in [(UInt64(15_000), false), (25_000, true)] {
            var harness = PoolHarness()
            harness.startIdle("a")
            var actions: [Action] = []
            for tick in 0...1 {
                harness.now = harness.now + .seconds(1)
                var part = LifeSnapshot(life: harness.life("a"))
                part.cpuMicroseconds = UInt64(tick) * share
                var snapshot = MemorySnapshot()
                snapshot.lives = [part]
                actions = harness.handle(.snapshot(snapshot))
            }
            #expect(actions.logged(.busy).isEmpty == !isActive)
        }
    }

    @Test func looksListsAndReconnectsAreNotActivity() {
        var harness = PoolHarness()
        harness.startIdle("a")
        let before = harness.pool.sessions[id("a")]?.lastActivity
        _ = harness.handle(.snapshot(MemorySnapshot()))
        _ = harness.handle(.leaseTaken(harness.life("a"), by: harness.client()))
        _ = harness.pool.explain(at: harness.now)
        _ = harness.order(.pin, "a")
        #expect(harness.pool.sessions[id("a")]?.lastActivity == before)
    }

    @Test func idleSessionIsSuspendedAtItsTimeoutAndNotBefore() {
        var harness = PoolHarness()
        harness.start("a") { $0.idleTimeout = .seconds(60) }
        #expect(harness.pass(.seconds(59)).words == [])
        #expect(harness.pass(.seconds(1)).words == ["closeInput a.1 idle_timeout"])
        _ = harness.die("a")
        #expect(harness.state("a") == .suspended)
    }

    @Test func activityMovesTheTimeout() {
        var harness = PoolHarness()
        harness.start("a") { $0.idleTimeout = .seconds(60) }
        _ = harness.pass(.seconds(50))
        _ = harness.handle(.activity(harness.life("a"), .stdin))
        #expect(harness.pass(.seconds(59)).words == [])
        #expect(harness.pass(.seconds(1)).words == ["closeInput a.1 idle_timeout"])
    }

    @Test func sessionThatIsOnlyToGoWhereItCanComeBackTimesOutFromItsTokenOn() {
        var harness = PoolHarness()
        harness.start("a") {
            $0.idleTimeout = .seconds(60)
            $0.evict = .resumable
        }
        #expect(harness.pass(.seconds(600)).words == [])
        let due = harness.handle(.token(harness.life("a"), "t")).words + harness.pass(.zero).words
        #expect(due == ["closeInput a.1 idle_timeout"])
    }

    @Test(arguments: ["pinned", "never", "turn", "waiting"])
    func timeoutSparesWhoMayNotGo(kind: String) {
        var harness = PoolHarness()
        harness.start("a") {
            $0.idleTimeout = .seconds(60)
            $0.evict = kind == "never" ? .never : .yes
        }
        if kind == "pinned" { _ = harness.order(.pin, "a") }
        if kind == "turn" { _ = harness.handle(.turn(harness.life("a"), .open)) }
        if kind == "waiting" { _ = harness.handle(.turn(harness.life("a"), .waiting)) }
        #expect(harness.pass(.seconds(1_700)).words == [])
    }

    @Test func unpinnedSessionTimesOutAsIfItHadNeverBeenPinned() {
        var harness = PoolHarness()
        harness.start("a") { $0.idleTimeout = .seconds(60) }
        _ = harness.order(.pin, "a")
        _ = harness.pass(.seconds(120))
        #expect(harness.order(.unpin, "a").actions.words.contains("closeInput a.1 idle_timeout"))
    }

    @Test func idleIsCountedFromTheEndOfTheTurn() {
        var harness = PoolHarness()
        harness.start("a") { $0.idleTimeout = .seconds(60) }
        _ = harness.handle(.turn(harness.life("a"), .open))
        _ = harness.pass(.seconds(1_000))
        _ = harness.handle(.turn(harness.life("a"), .none))
        #expect(harness.pass(.seconds(59)).words == [])
        #expect(harness.pass(.seconds(1)).words == ["closeInput a.1 idle_timeout"])
    }

    @Test func lifetimeEndsABusySessionForGood() {
        var harness = PoolHarness()
        harness.start("a") { $0.lifetime = .seconds(100) }
        _ = harness.handle(.turn(harness.life("a"), .open))
        #expect(harness.pass(.seconds(100)).words == ["closeInput a.1 lifetime"])
        #expect(harness.die("a").words.contains("finish a.1 lifetime exit 124"))
        #expect(harness.state("a") == .ended)
    }

    @Test func idleSessionIsReclaimedOnceAndFrozenOnceUntilItIsUsedAgain() {
        var harness = PoolHarness()
        harness.start("a") {
            $0.reclaimIdle = .seconds(20)
            $0.freezeIdle = .seconds(30)
        }
        #expect(harness.pass(.seconds(20)).words == ["reclaim a.1"])
        #expect(harness.pass(.seconds(10)).words == ["freeze a.1"])
        #expect(harness.pass(.seconds(60)).words == [])
        #expect(harness.handle(.activity(harness.life("a"), .stdin)).words == ["thaw a.1"])
        #expect(harness.pass(.seconds(20)).words == ["reclaim a.1"])
    }

    @Test func neverResumableSessionEndsWhereOthersAreSuspended() {
        var harness = PoolHarness()
        harness.start("a") {
            $0.idleTimeout = .seconds(60)
            $0.resume = .never
        }
        _ = harness.pass(.seconds(60))
        #expect(harness.die("a").words.contains("finish a.1 idle_timeout exit 137"))
        #expect(harness.state("a") == .ended)
    }

    @Test func adoptedSessionKeepsItsLeaseWhenItsLauncherComesBack() {
        var harness = PoolHarness()
        _ = harness.handle(.adopted([harness.left("a", life: 3)]))
        _ = harness.handle(.leaseTaken(harness.life("a"), by: harness.client()))
        #expect(harness.pass(SessionPool.leaseGrace).words == [])
        #expect(harness.life("a").number == 3)
    }

    @Test func adoptedSessionWithoutALauncherIsEndedByItsPolicy() {
        for (rule, words) in [(LeaseLostRule.stop, ["terminate a.3"]), (.keep, [])] {
            var harness = PoolHarness()
            _ = harness.handle(.adopted([harness.left("a", life: 3) { $0.onLeaseLost = rule }]))
            #expect(harness.pass(SessionPool.leaseGrace).words == words)
        }
    }

    /// A controller that was killed between the end and its record leaves such a one behind.
    @Test func nameOfAnAdoptedLifeWithoutProcessesIsFreeForAnyRequest() {
        var harness = PoolHarness()
        _ = harness.handle(.adopted([harness.left("a", life: 3)]))
        let life = harness.life("a")
        #expect(harness.handle(.emptied(life)).words == [])
        #expect(harness.request("a").actions.words.contains("collect a.3"))
        #expect(harness.handle(.removed(life, LifeTotals())).words.contains("create a.4"))
    }

    @Test func oldestEndedSessionIsForgottenButNoSuspendedOne() {
        var harness = PoolHarness { $0.maxSessions = 1_000 }
        harness.startIdle("kept")
        _ = harness.order(.suspend, "kept")
        _ = harness.die("kept")
        var forgotten: [String] = []
        for number in 0...SessionPool.recordedEnds {
            harness.start("s\(number)")
            _ = harness.pass(.seconds(1))
            forgotten += harness.die("s\(number)", .exited(0)).words.filter { $0.hasPrefix("forget") }
        }
        #expect(forgotten == ["forget s0"])
        #expect(harness.state("kept") == .suspended)
    }
}
