import Testing

@testable import PinfoldCore

@Suite struct KernelFailureTests {
    private func refused(_ bench: inout Bench, _ call: KernelCall, _ name: String = "a") -> [Action] {
        bench.handle(.callFailed(bench.life(name), call, reason: "cannot \(call) a.1: too many open files"))
    }

    @Test func refusedKillIsTriedAgainAfterLongerAndLongerPausesUntilItIsDone() {
        var bench = Bench()
        bench.start("a")
        _ = bench.order(.kill, "a")
        for pause in [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000] {
            #expect(refused(&bench, .kill).words == [])
            #expect(bench.pass(.milliseconds(pause - 1)).words == [])
            #expect(bench.pass(.milliseconds(1)).words == ["kill a.1"])
        }
        #expect(bench.pass(.seconds(5)).words == [])
        #expect(bench.die("a").words.last == "answer done")
    }

    @Test func refusalIsAnnouncedOnceAndCountedInTheEnd() {
        var bench = Bench()
        bench.start("a")
        _ = bench.order(.kill, "a")
        let first = refused(&bench, .kill).announced(.callFailed)
        #expect(
            first.first?.details.contains { $0.name == "message" && "\($0.value)".contains("tried again") } == true)
        _ = bench.pass(.milliseconds(100))
        #expect(refused(&bench, .kill).announced(.callFailed) == [])
        _ = bench.pass(.milliseconds(200))
        let end = bench.die("a").announced(.ended).first
        #expect(end?.details.contains { $0.name == "failedCalls" && $0.value == .number(2) } == true)
    }

    @Test func sessionWhoseKillIsRefusedIsNotSaidToWaitInTheKernel() {
        var bench = Bench()
        bench.start("a")
        _ = bench.order(.kill, "a")
        for _ in 0..<40 {
            _ = refused(&bench, .kill)
            #expect(bench.pass(.seconds(5)).announced(.stuck) == [])
        }
    }

    @Test func killThatIsOrderedAgainIsWrittenAgainWhereTheLastOneWasRefused() {
        var bench = Bench()
        bench.start("a")
        _ = bench.order(.kill, "a")
        _ = refused(&bench, .kill)
        #expect(bench.order(.kill, "a").actions.words == ["kill a.1"])
        #expect(bench.order(.kill, "a").actions.words == [])
        #expect(bench.pass(.seconds(1)).words == [])
    }

    @Test func killThatIsOrderedAgainIsWrittenAgainWhereTheLastOneDidNotHelp() {
        var bench = Bench()
        bench.start("a")
        _ = bench.order(.kill, "a")
        #expect(bench.pass(.seconds(10)).announced(.stuck).count == 1)
        #expect(bench.order(.kill, "a").actions.words == ["kill a.1"])
    }

    @Test func emptySessionThatWaitsForItsLauncherIsNeitherStuckNorKilledAgain() {
        var bench = Bench()
        _ = bench.handle(.adopted([bench.left("a", life: 1)]))
        _ = bench.order(.kill, "a")
        _ = bench.handle(.emptied(bench.life("a")))
        for _ in 0..<20 {
            let actions = bench.pass(.seconds(1))
            #expect(actions.announced(.stuck) == [])
            #expect(!actions.words.contains("kill a.1"))
        }
    }

    @Test func killIsNotTriedAgainOnceNobodyIsLeft() {
        var bench = Bench()
        bench.start("a")
        _ = bench.order(.kill, "a")
        _ = refused(&bench, .kill)
        _ = bench.handle(.commandExited(bench.life("a"), .signaled(9)))
        #expect(bench.handle(.emptied(bench.life("a"))).words == ["collect a.1"])
        #expect(bench.pass(.seconds(10)).words == [])
    }

    @Test func refusedSIGTERMIsFollowedByTheKill() {
        var bench = Bench()
        bench.start("a")
        _ = bench.order(.end, "a")
        _ = bench.pass(.seconds(1))
        #expect(refused(&bench, .terminate).announced(.callFailed).count == 1)
        #expect(bench.pass(.milliseconds(2_999)).words == [])
        #expect(bench.pass(.milliseconds(1)).words == ["kill a.1"])
    }

    @Test func refusedFreezeIsTriedAgainWhileTheSessionIsIdleAndNoLonger() {
        var bench = Bench()
        bench.startIdle("a") { $0.freezeIdle = .seconds(20) }
        #expect(bench.pass(.seconds(9)).words == ["freeze a.1"])
        _ = refused(&bench, .freeze)
        #expect(bench.pass(.milliseconds(100)).words == ["freeze a.1"])
        _ = refused(&bench, .freeze)
        _ = bench.handle(.activity(bench.life("a"), .stdin))
        #expect(bench.pass(.seconds(1)).words == [])
    }

    @Test func refusedThawIsTriedAgainUntilTheSessionStirs() {
        var bench = Bench()
        bench.startIdle("a") { $0.freezeIdle = .seconds(20) }
        _ = bench.pass(.seconds(9))
        #expect(bench.handle(.activity(bench.life("a"), .stdin)).words == ["thaw a.1"])
        for pause in [100, 200, 400] {
            _ = refused(&bench, .thaw)
            #expect(bench.pass(.milliseconds(pause)).words == ["thaw a.1"])
        }
    }

    @Test func endingThatCouldNotThawGoesOnTryingAndKillsInTheEnd() {
        var bench = Bench()
        bench.startIdle("a") { $0.freezeIdle = .seconds(20) }
        _ = bench.pass(.seconds(9))
        #expect(bench.order(.end, "a").actions.words == ["thaw a.1", "closeInput a.1 ended"])
        _ = refused(&bench, .thaw)
        #expect(bench.pass(.milliseconds(100)).words == ["thaw a.1"])
        _ = refused(&bench, .thaw)
        _ = bench.pass(.seconds(1))
        #expect(bench.pass(.seconds(3)).words == ["kill a.1"])
        #expect(bench.pass(.seconds(5)).words == [])
    }
}
