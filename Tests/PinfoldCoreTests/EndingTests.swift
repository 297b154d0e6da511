import Testing

@testable import PinfoldCore

@Suite struct EndingTests {
    @Test(arguments: [
        (ResumeRule.load, String?.none, "finish a.1 terminated exit 143"),
        (.load, "token", "finish a.1 terminated exit 75"), (.new, nil, "finish a.1 terminated exit 75"),
        (.never, "token", "finish a.1 terminated exit 143"),
    ])
    func sessionOfALauncherThatIsAskedToTerminateIsSuspendedWhereItCanComeBack(
        rule: ResumeRule, token: String?, outcome: String
    ) {
        var harness = PoolHarness()
        harness.start("a") { $0.resume = rule }
        _ = harness.handle(.token(harness.life("a"), token))
        #expect(harness.handle(.launcherTerminated(harness.life("a"))).words == ["terminate a.1"])
        #expect(harness.die("a").words.contains(outcome))
    }

    @Test func commandThatIgnoresTheEndOfItsLauncherIsKilledAfterTermSec() {
        var harness = PoolHarness()
        harness.start("a") { $0.term = .seconds(2) }
        _ = harness.handle(.launcherTerminated(harness.life("a")))
        #expect(harness.pass(.seconds(2)).words == ["kill a.1"])
        #expect(harness.die("a", .signaled(9)).words.contains("finish a.1 terminated exit 137"))
    }

    @Test(arguments: [
        (ResumeRule.load, String?.none, true), (.load, "token", true), (.new, nil, true), (.never, "token", false),
    ])
    func sessionThatRanAtARebootIsSuspendedUnlessItsPolicySaysNever(
        rule: ResumeRule, token: String?, isSuspended: Bool
    ) throws {
        var harness = PoolHarness()
        var session = harness.left("a", life: 3) { $0.resume = rule }.session
        session.token = token
        let actions = harness.handle(
            .adopted([Adoption(session: session, adoptedLife: nil, wasRunningAtReboot: true)]))
        #expect(harness.state("a") == (isSuspended ? .suspended : .ended))
        #expect(harness.pool.sessions[id("a")]?.cause?.kind == .reboot)
        #expect(actions.logged(isSuspended ? .suspended : .ended).map(\.session) == [id("a")])
        #expect(actions.contains { if case .save(let saved) = $0 { saved == id("a") } else { false } })
        #expect(harness.request("a").actions.words.contains("grant a.4"))
    }

    @Test func endingGoesThroughItsThreeStagesEachAtItsDeadline() {
        var harness = PoolHarness()
        harness.start("a")
        #expect(harness.order(.end, "a").actions.words == ["closeInput a.1 ended"])
        #expect(harness.pass(.milliseconds(999)).words == [])
        #expect(harness.pass(.milliseconds(1)).words == ["terminate a.1"])
        #expect(harness.pass(.milliseconds(2_999)).words == [])
        #expect(harness.pass(.milliseconds(1)).words == ["kill a.1"])
        #expect(harness.pass(.seconds(5)).words == [])
        #expect(harness.die("a", .signaled(9)).words == ["collect a.1", "finish a.1 ended exit 137", "answer done"])
        #expect(harness.state("a") == .ended)
    }

    @Test func killGoesStraightToTheLastStageAndIsWrittenOnce() {
        var harness = PoolHarness()
        harness.start("a")
        #expect(harness.order(.kill, "a").actions.words == ["kill a.1"])
        #expect(harness.order(.kill, "a").actions.words == [])
        #expect(harness.pass(.seconds(30)).words == [])
        #expect(
            harness.die("a", .signaled(9)).words
                == ["collect a.1", "finish a.1 killed exit 137", "answer done", "answer done"])
    }

    @Test func killHastensAnEndingThatHasBegunAndTakesOverItsCause() {
        var harness = PoolHarness()
        harness.startIdle("a")
        _ = harness.order(.suspend, "a")
        #expect(harness.order(.kill, "a").actions.words == ["kill a.1"])
        #expect(harness.die("a", .signaled(9)).words.contains("finish a.1 killed exit 137"))
        #expect(harness.state("a") == .ended)
    }

    @Test func commandThatLeavesByItselfPassesItsStatusOn() {
        var harness = PoolHarness()
        harness.start("a")
        #expect(harness.die("a", .exited(3)).words == ["collect a.1", "finish a.1 exited exit 3"])
    }

    @Test func whatTheCommandLeavesBehindIsTerminatedThenKilled() {
        var harness = PoolHarness()
        harness.start("a")
        #expect(harness.handle(.commandExited(harness.life("a"), .exited(0))).words == ["terminate a.1"])
        #expect(harness.pass(.seconds(3)).words == ["kill a.1"])
        #expect(harness.handle(.emptied(harness.life("a"))).words == ["collect a.1"])
        #expect(harness.handle(.removed(harness.life("a"), LifeTotals())).words == ["finish a.1 exited exit 0"])
    }

    @Test func commandThatLeavesWhenItsInputClosesHasItsRestTerminatedAtOnce() {
        var harness = PoolHarness()
        harness.start("a")
        _ = harness.order(.end, "a")
        #expect(harness.handle(.commandExited(harness.life("a"), .exited(0))).words == ["terminate a.1"])
        #expect(harness.handle(.emptied(harness.life("a"))).words == ["collect a.1"])
        #expect(
            harness.handle(.removed(harness.life("a"), LifeTotals())).words == [
                "finish a.1 ended exit 0", "answer done",
            ])
    }

    @Test func keptTreeOutlivesItsCommandAndItsLauncher() {
        var harness = PoolHarness()
        let client = harness.request("a", keepsTree: true).client
        _ = harness.handle(.commandStarted(harness.life("a"), processID: 1, placement: .into))
        #expect(harness.handle(.commandExited(harness.life("a"), .exited(0))).words == ["release a.1"])
        #expect(harness.handle(.disconnected(client)).words == [])
        #expect(harness.state("a") == .busy)
        #expect(harness.handle(.emptied(harness.life("a"))).words == ["collect a.1"])
    }

    @Test func lostLeaseEndsTheSessionWithoutWaiting() {
        var harness = PoolHarness()
        let client = harness.start("a")
        #expect(harness.handle(.disconnected(client)).words == ["terminate a.1"])
        #expect(harness.handle(.emptied(harness.life("a"))).words == ["collect a.1"])
        _ = harness.handle(.removed(harness.life("a"), LifeTotals()))
        #expect(harness.pool.sessions[id("a")]?.cause?.kind == .leaseLost)
    }

    @Test func lostLeaseIsOutlivedWhereThePolicyKeepsIt() {
        var harness = PoolHarness()
        let client = harness.start("a") { $0.onLeaseLost = .keep }
        #expect(harness.handle(.disconnected(client)).words == [])
        #expect(harness.state("a") == .busy)
    }

    @Test func launcherLostWhileStartingLeavesNothing() {
        var harness = PoolHarness()
        let client = harness.request("a").client
        #expect(harness.handle(.disconnected(client)).words == ["kill a.1"])
        #expect(harness.handle(.emptied(harness.life("a"))).words == ["collect a.1"])
    }

    @Test func emptinessBeforeTheLauncherReportsStartedIsNotAnEnd() {
        var harness = PoolHarness()
        _ = harness.request("a")
        #expect(harness.handle(.emptied(harness.life("a"))).words == [])
        _ = harness.handle(.commandStarted(harness.life("a"), processID: 1, placement: .attach))
        #expect(harness.state("a") == .busy)
    }

    @Test func emptyLifeDoesNotWaitForeverForItsLauncher() {
        var harness = PoolHarness()
        harness.start("a")
        #expect(harness.handle(.emptied(harness.life("a"))).words == [])
        #expect(harness.pass(.seconds(1)).words == ["collect a.1"])
        #expect(harness.handle(.removed(harness.life("a"), LifeTotals())).words == ["finish a.1 ended exit 137"])
    }

    @Test func commandThatCannotStartReportsItsOwnExitCodeAndKeepsTheToken() {
        var harness = PoolHarness()
        harness.start("a")
        _ = harness.handle(.token(harness.life("a"), "conversation"))
        _ = harness.pass(.seconds(11))
        _ = harness.order(.suspend, "a")
        _ = harness.die("a")
        _ = harness.request("a")
        let life = harness.life("a")
        #expect(harness.handle(.startFailed(life, reason: "no such file", exit: 127)).words == ["kill a.2"])
        #expect(harness.handle(.emptied(life)).words == ["collect a.2"])
        #expect(harness.handle(.removed(life, LifeTotals())).words == ["finish a.2 start_failed exit 127"])
        #expect(harness.state("a") == .suspended)
        #expect(harness.pool.sessions[id("a")]?.token == "conversation")
    }

    @Test func stuckLifeIsReportedOnceAndItsMemoryNoLongerCountedOn() {
        var harness = PoolHarness()
        harness.start("a")
        _ = harness.order(.kill, "a")
        #expect(harness.pass(.seconds(9)).logged(.stuck).isEmpty)
        #expect(harness.pass(.seconds(1)).logged(.stuck).count == 1)
        #expect(harness.pass(.seconds(60)).logged(.stuck).isEmpty)
        #expect(harness.state("a") == .stopping)
    }

    @Test func frozenSessionIsThawedBeforeItIsAskedToLeave() {
        var harness = PoolHarness()
        harness.start("a") { $0.freezeIdle = .seconds(20) }
        #expect(harness.pass(.seconds(20)).words == ["freeze a.1"])
        #expect(harness.order(.end, "a").actions.words == ["thaw a.1", "closeInput a.1 ended"])
    }

    @Test func suspendedSessionThatIsEndedIsOverForGood() {
        var harness = PoolHarness()
        harness.startIdle("a")
        _ = harness.order(.suspend, "a")
        _ = harness.die("a")
        #expect(harness.order(.end, "a").actions.words == ["answer done"])
        #expect(harness.state("a") == .ended)
        #expect(harness.order(.kill, "a").actions.words == ["answer done"])
    }

    @Test func shutdownThatTakesSessionsWithItWaitsForAllOfThem() {
        var harness = PoolHarness { $0.maxSessions = 2 }
        for name in ["a", "b"] { harness.start(name) }
        _ = harness.request("c")
        let words = harness.handle(.shutdown(endingSessions: true)).words
        #expect(
            words == [
                "refuse: the controller is shutting down", "closeInput a.1 ended", "closeInput b.1 ended",
            ])
        #expect(!harness.die("a").words.contains("shutdownComplete"))
        #expect(harness.die("b").words.last == "shutdownComplete")
    }

    @Test func shutdownThatLeavesSessionsIsCompleteAtOnceAndTouchesNoSession() {
        var harness = PoolHarness()
        harness.start("a")
        #expect(harness.handle(.shutdown(endingSessions: false)).words == ["shutdownComplete"])
        #expect(harness.state("a") == .busy)
    }

    @Test func requestsOfAControllerThatLeavesItsSessionsAreLeftToTheNextOne() {
        var harness = PoolHarness { $0.maxSessions = 2 }
        for name in ["a", "b"] { harness.start(name) }
        _ = harness.request("queued")
        #expect(harness.handle(.shutdown(endingSessions: false)).words == ["shutdownComplete"])
        #expect(harness.die("a").words.allSatisfy { !$0.hasPrefix("create") })
        #expect(harness.request("late").actions.words.allSatisfy { !$0.hasPrefix("refuse") && !$0.hasPrefix("create") })
    }
}
