import Testing

@testable import PinfoldCore

@Suite struct EndingTests {
    @Test func endingGoesThroughItsThreeStagesEachAtItsDeadline() {
        var bench = Bench()
        bench.start("a")
        #expect(bench.order(.end, "a").actions.words == ["closeInput a.1 ended"])
        #expect(bench.pass(.milliseconds(999)).words == [])
        #expect(bench.pass(.milliseconds(1)).words == ["terminate a.1"])
        #expect(bench.pass(.milliseconds(2_999)).words == [])
        #expect(bench.pass(.milliseconds(1)).words == ["kill a.1"])
        #expect(bench.pass(.seconds(5)).words == [])
        #expect(bench.die("a", .signaled(9)).words == ["collect a.1", "finish a.1 ended exit 137", "answer done"])
        #expect(bench.state("a") == .ended)
    }

    @Test func killGoesStraightToTheLastStageAndIsWrittenOnce() {
        var bench = Bench()
        bench.start("a")
        #expect(bench.order(.kill, "a").actions.words == ["kill a.1"])
        #expect(bench.order(.kill, "a").actions.words == [])
        #expect(bench.pass(.seconds(30)).words == [])
        #expect(
            bench.die("a", .signaled(9)).words
                == ["collect a.1", "finish a.1 killed exit 137", "answer done", "answer done"])
    }

    @Test func killHastensAnEndingThatHasBegunAndTakesOverItsCause() {
        var bench = Bench()
        bench.startIdle("a")
        _ = bench.order(.suspend, "a")
        #expect(bench.order(.kill, "a").actions.words == ["kill a.1"])
        #expect(bench.die("a", .signaled(9)).words.contains("finish a.1 killed exit 137"))
        #expect(bench.state("a") == .ended)
    }

    @Test func commandThatLeavesByItselfPassesItsStatusOn() {
        var bench = Bench()
        bench.start("a")
        #expect(bench.die("a", .exited(3)).words == ["collect a.1", "finish a.1 exited exit 3"])
    }

    @Test func whatTheCommandLeavesBehindIsTerminatedThenKilled() {
        var bench = Bench()
        bench.start("a")
        #expect(bench.handle(.commandExited(bench.life("a"), .exited(0))).words == ["terminate a.1"])
        #expect(bench.pass(.seconds(3)).words == ["kill a.1"])
        #expect(bench.handle(.emptied(bench.life("a"))).words == ["collect a.1"])
        #expect(bench.handle(.removed(bench.life("a"), LifeTotals())).words == ["finish a.1 exited exit 0"])
    }

    @Test func commandThatLeavesWhenItsInputClosesHasItsRestTerminatedAtOnce() {
        var bench = Bench()
        bench.start("a")
        _ = bench.order(.end, "a")
        #expect(bench.handle(.commandExited(bench.life("a"), .exited(0))).words == ["terminate a.1"])
        #expect(bench.handle(.emptied(bench.life("a"))).words == ["collect a.1"])
        #expect(
            bench.handle(.removed(bench.life("a"), LifeTotals())).words == ["finish a.1 ended exit 0", "answer done"])
    }

    @Test func keptTreeOutlivesItsCommandAndItsLauncher() {
        var bench = Bench()
        let client = bench.request("a", keepsTree: true).client
        _ = bench.handle(.commandStarted(bench.life("a"), processID: 1, placement: .into))
        #expect(bench.handle(.commandExited(bench.life("a"), .exited(0))).words == ["release a.1"])
        #expect(bench.handle(.disconnected(client)).words == [])
        #expect(bench.state("a") == .busy)
        #expect(bench.handle(.emptied(bench.life("a"))).words == ["collect a.1"])
    }

    @Test func lostLeaseEndsTheSessionWithoutWaitingForAnybody() {
        var bench = Bench()
        let client = bench.start("a")
        #expect(bench.handle(.disconnected(client)).words == ["terminate a.1"])
        #expect(bench.handle(.emptied(bench.life("a"))).words == ["collect a.1"])
        _ = bench.handle(.removed(bench.life("a"), LifeTotals()))
        #expect(bench.pool.sessions[id("a")]?.cause?.kind == .leaseLost)
    }

    @Test func lostLeaseIsOutlivedWhereThePolicyKeepsIt() {
        var bench = Bench()
        let client = bench.start("a") { $0.onLeaseLost = .keep }
        #expect(bench.handle(.disconnected(client)).words == [])
        #expect(bench.state("a") == .busy)
    }

    @Test func launcherLostWhileStartingLeavesNothing() {
        var bench = Bench()
        let client = bench.request("a").client
        #expect(bench.handle(.disconnected(client)).words == ["kill a.1"])
        #expect(bench.handle(.emptied(bench.life("a"))).words == ["collect a.1"])
    }

    @Test func emptinessBeforeTheLauncherSaysStartedIsNotAnEnd() {
        var bench = Bench()
        _ = bench.request("a")
        #expect(bench.handle(.emptied(bench.life("a"))).words == [])
        _ = bench.handle(.commandStarted(bench.life("a"), processID: 1, placement: .attach))
        #expect(bench.state("a") == .busy)
    }

    @Test func emptyLifeDoesNotWaitForeverForItsLauncher() {
        var bench = Bench()
        bench.start("a")
        #expect(bench.handle(.emptied(bench.life("a"))).words == [])
        #expect(bench.pass(.seconds(1)).words == ["collect a.1"])
        #expect(bench.handle(.removed(bench.life("a"), LifeTotals())).words == ["finish a.1 ended exit 137"])
    }

    @Test func commandThatCannotStartReportsItsOwnExitCodeAndKeepsTheToken() {
        var bench = Bench()
        bench.start("a")
        _ = bench.handle(.token(bench.life("a"), "conversation"))
        _ = bench.pass(.seconds(11))
        _ = bench.order(.suspend, "a")
        _ = bench.die("a")
        _ = bench.request("a")
        let life = bench.life("a")
        #expect(bench.handle(.startFailed(life, reason: "no such file", exit: 127)).words == ["kill a.2"])
        #expect(bench.handle(.emptied(life)).words == ["collect a.2"])
        #expect(bench.handle(.removed(life, LifeTotals())).words == ["finish a.2 start_failed exit 127"])
        #expect(bench.state("a") == .suspended)
        #expect(bench.pool.sessions[id("a")]?.token == "conversation")
    }

    @Test func stuckLifeIsReportedOnceAndItsMemoryNoLongerCountedOn() {
        var bench = Bench()
        bench.start("a")
        _ = bench.order(.kill, "a")
        #expect(bench.pass(.seconds(9)).announced(.stuck).isEmpty)
        #expect(bench.pass(.seconds(1)).announced(.stuck).count == 1)
        #expect(bench.pass(.seconds(60)).announced(.stuck).isEmpty)
        #expect(bench.state("a") == .stopping)
    }

    @Test func frozenSessionIsThawedBeforeItIsAskedToLeave() {
        var bench = Bench()
        bench.start("a") { $0.freezeIdle = .seconds(20) }
        #expect(bench.pass(.seconds(20)).words == ["freeze a.1"])
        #expect(bench.order(.end, "a").actions.words == ["thaw a.1", "closeInput a.1 ended"])
    }

    @Test func suspendedSessionThatIsEndedIsOverForGood() {
        var bench = Bench()
        bench.startIdle("a")
        _ = bench.order(.suspend, "a")
        _ = bench.die("a")
        #expect(bench.order(.end, "a").actions.words == ["answer done"])
        #expect(bench.state("a") == .ended)
        #expect(bench.order(.kill, "a").actions.words == ["answer done"])
    }

    @Test func shutdownThatTakesSessionsWithItWaitsForAllOfThem() {
        var bench = Bench { $0.maxSessions = 2 }
        for name in ["a", "b"] { bench.start(name) }
        _ = bench.request("c")
        let words = bench.handle(.shutdown(endingSessions: true)).words
        #expect(
            words == [
                "refuse: the controller is shutting down", "closeInput a.1 ended", "closeInput b.1 ended",
            ])
        #expect(!bench.die("a").words.contains("shutdownComplete"))
        #expect(bench.die("b").words.last == "shutdownComplete")
    }

    @Test func shutdownThatLeavesSessionsIsCompleteAtOnceAndTouchesNobody() {
        var bench = Bench()
        bench.start("a")
        #expect(bench.handle(.shutdown(endingSessions: false)).words == ["shutdownComplete"])
        #expect(bench.state("a") == .busy)
    }
}
