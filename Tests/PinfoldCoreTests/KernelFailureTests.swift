import Testing

@testable import PinfoldCore

@Suite struct KernelFailureTests {
    private func refused(_ harness: inout PoolHarness, _ call: KernelCall, _ name: String = "a") -> [Action] {
        harness.handle(.callFailed(harness.life(name), call, reason: "cannot \(call) a.1: too many open files"))
    }

    @Test func refusedKillIsTriedAgainAfterLongerAndLongerPausesUntilItIsDone() {
        var harness = PoolHarness()
        harness.start("a")
        _ = harness.order(.kill, "a")
        for pause in [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000] {
            #expect(refused(&harness, .kill).words == [])
            #expect(harness.pass(.milliseconds(pause - 1)).words == [])
            #expect(harness.pass(.milliseconds(1)).words == ["kill a.1"])
        }
        #expect(harness.pass(.seconds(5)).words == [])
        #expect(harness.die("a").words.last == "answer done")
    }

    @Test func refusalIsAnnouncedOnceAndCountedInTheEnd() {
        var harness = PoolHarness()
        harness.start("a")
        _ = harness.order(.kill, "a")
        let first = refused(&harness, .kill).logged(.callFailed)
        #expect(
            first.first?.details.contains { $0.name == "message" && "\($0.value)".contains("tried again") } == true)
        _ = harness.pass(.milliseconds(100))
        #expect(refused(&harness, .kill).logged(.callFailed) == [])
        _ = harness.pass(.milliseconds(200))
        let end = harness.die("a").logged(.ended).first
        #expect(end?.details.contains { $0.name == "failedCalls" && $0.value == .number(2) } == true)
    }

    @Test func sessionWhoseKillIsRefusedIsNotReportedStuck() {
        var harness = PoolHarness()
        harness.start("a")
        _ = harness.order(.kill, "a")
        for _ in 0..<40 {
            _ = refused(&harness, .kill)
            #expect(harness.pass(.seconds(5)).logged(.stuck) == [])
        }
    }

    @Test func killThatIsOrderedAgainIsWrittenAgainWhereTheLastOneWasRefused() {
        var harness = PoolHarness()
        harness.start("a")
        _ = harness.order(.kill, "a")
        _ = refused(&harness, .kill)
        #expect(harness.order(.kill, "a").actions.words == ["kill a.1"])
        #expect(harness.order(.kill, "a").actions.words == [])
        #expect(harness.pass(.seconds(1)).words == [])
    }

    @Test func killThatIsOrderedAgainIsWrittenAgainWhereTheLastOneDidNotHelp() {
        var harness = PoolHarness()
        harness.start("a")
        _ = harness.order(.kill, "a")
        #expect(harness.pass(.seconds(10)).logged(.stuck).count == 1)
        #expect(harness.order(.kill, "a").actions.words == ["kill a.1"])
    }

    @Test func emptySessionThatWaitsForItsLauncherIsNeitherStuckNorKilledAgain() {
        var harness = PoolHarness()
        _ = harness.handle(.adopted([harness.left("a", life: 1)]))
        _ = harness.order(.kill, "a")
        _ = harness.handle(.emptied(harness.life("a")))
        for _ in 0..<20 {
            let actions = harness.pass(.seconds(1))
            #expect(actions.logged(.stuck) == [])
            #expect(!actions.words.contains("kill a.1"))
        }
    }

    @Test func killIsNotTriedAgainOnceNobodyIsLeft() {
        var harness = PoolHarness()
        harness.start("a")
        _ = harness.order(.kill, "a")
        _ = refused(&harness, .kill)
        _ = harness.handle(.commandExited(harness.life("a"), .signaled(9)))
        #expect(harness.handle(.emptied(harness.life("a"))).words == ["collect a.1"])
        #expect(harness.pass(.seconds(10)).words == [])
    }

    @Test func refusedSIGTERMIsFollowedByTheKill() {
        var harness = PoolHarness()
        harness.start("a")
        _ = harness.order(.end, "a")
        _ = harness.pass(.seconds(1))
        #expect(refused(&harness, .terminate).logged(.callFailed).count == 1)
        #expect(harness.pass(.milliseconds(2_999)).words == [])
        #expect(harness.pass(.milliseconds(1)).words == ["kill a.1"])
    }

    @Test func refusedFreezeIsTriedAgainWhileTheSessionIsIdleAndNoLonger() {
        var harness = PoolHarness()
        harness.startIdle("a") { $0.freezeIdle = .seconds(20) }
        #expect(harness.pass(.seconds(9)).words == ["freeze a.1"])
        _ = refused(&harness, .freeze)
        #expect(harness.pass(.milliseconds(100)).words == ["freeze a.1"])
        _ = refused(&harness, .freeze)
        _ = harness.handle(.activity(harness.life("a"), .stdin))
        #expect(harness.pass(.seconds(1)).words == [])
    }

    @Test func refusedThawIsTriedAgainUntilTheSessionIsUsed() {
        var harness = PoolHarness()
        harness.startIdle("a") { $0.freezeIdle = .seconds(20) }
        _ = harness.pass(.seconds(9))
        #expect(harness.handle(.activity(harness.life("a"), .stdin)).words == ["thaw a.1"])
        for pause in [100, 200, 400] {
            _ = refused(&harness, .thaw)
            #expect(harness.pass(.milliseconds(pause)).words == ["thaw a.1"])
        }
    }

    @Test func endingThatCouldNotThawGoesOnTryingAndKillsInTheEnd() {
        var harness = PoolHarness()
        harness.startIdle("a") { $0.freezeIdle = .seconds(20) }
        _ = harness.pass(.seconds(9))
        #expect(harness.order(.end, "a").actions.words == ["thaw a.1", "closeInput a.1 ended"])
        _ = refused(&harness, .thaw)
        #expect(harness.pass(.milliseconds(100)).words == ["thaw a.1"])
        _ = refused(&harness, .thaw)
        _ = harness.pass(.seconds(1))
        #expect(harness.pass(.seconds(3)).words == ["kill a.1"])
        #expect(harness.pass(.seconds(5)).words == [])
    }
}
