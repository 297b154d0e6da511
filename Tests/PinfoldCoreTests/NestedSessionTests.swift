import TestSupport
import Testing

@testable import PinfoldCore

/// Sessions that are opened from within another one.
@Suite struct NestedSessionTests {
    private func open(
        _ harness: inout PoolHarness, _ name: String, in parent: String?, patience: Duration? = nil,
        _ change: (inout SessionPolicy) -> Void = { _ in }
    ) -> [Action] {
        var actions = harness.request(name, patience: patience, in: parent, change).actions
        if actions.words.contains("grant \(harness.life(name))") {
            actions += harness.handle(.commandStarted(harness.life(name), processID: 1, placement: .into))
        }
        return actions
    }

    // MARK: The end

    @Test func killOfASessionKillsWhatWasOpenedFromWithinIt() {
        var harness = PoolHarness()
        harness.start("jail")
        _ = open(&harness, "free", in: "jail")
        _ = open(&harness, "freer", in: "free")
        harness.start("other")
        let words = harness.order(.kill, "jail").actions.words
        #expect(words == ["kill jail.1", "kill free.1", "kill freer.1"])
        #expect(harness.state("other") == .busy)
        let ended = harness.die("free", .signaled(9)).logged(.ended)
        let message = ended.first?.details.first { $0.name == "message" }?.value
        #expect(message == .text("the session 'jail' that it was opened in has ended"))
    }

    @Test func endOfASessionByItselfStopsWhatWasOpenedFromWithinIt() {
        var harness = PoolHarness()
        harness.start("outer")
        _ = open(&harness, "inner", in: "outer") { $0.onLeaseLost = .keep }
        #expect(harness.die("outer", .exited(0)).words.contains("terminate inner.1"))
        #expect(harness.state("inner") == .stopping)
    }

    @Test func whatWasOpenedWithinASuspendedSessionIsSuspendedWhereItCanComeBack() {
        var harness = PoolHarness()
        harness.start("outer")
        for name in ["with", "without"] { _ = open(&harness, name, in: "outer") }
        _ = harness.handle(.token(harness.life("with"), "t"))
        _ = harness.order(.suspend, "outer")
        _ = harness.die("outer")
        for name in ["with", "without"] { _ = harness.die(name) }
        #expect(harness.state("outer") == .suspended)
        #expect(harness.state("with") == .suspended)
        #expect(harness.state("without") == .ended)
    }

    @Test func requestFromWithinAnEndingSessionIsRefused() {
        var harness = PoolHarness()
        harness.start("outer")
        _ = harness.order(.end, "outer")
        let refusal = open(&harness, "late", in: "outer").words.first
        #expect(refusal?.contains("'outer' that the caller runs in is ending") == true)
        _ = harness.die("outer")
        #expect(open(&harness, "later", in: "outer").words.first?.hasPrefix("refuse:") == true)
    }

    @Test func requestThatWaitsIsRefusedWhenItsCallersSessionEnds() {
        var harness = PoolHarness { $0.maxSessions = 1 }
        harness.start("outer") { $0.evict = .never }
        #expect(open(&harness, "inner", in: "outer").words == ["queued 1"])
        let words = harness.order(.kill, "outer").actions.words
        #expect(words.first == "kill outer.1")
        #expect(words.last?.hasPrefix("refuse: the session 'outer'") == true)
    }

    @Test func adoptedSessionWhoseOuterOneIsGoneIsStopped() {
        var harness = PoolHarness()
        let inner = harness.left("inner", life: 3, parent: LifeID(session: id("outer"), number: 2))
        #expect(harness.handle(.adopted([inner])).words == ["terminate inner.3"])
    }

    @Test func circleInRecordsEndsNoLoop() {
        var harness = PoolHarness()
        let adoptions = [("a", "b"), ("b", "a")].map { name, parent in
            harness.left(name, life: 1, keepsTree: true, parent: LifeID(session: id(parent), number: 1))
        }
        _ = harness.handle(.adopted(adoptions))
        _ = harness.handle(.activity(harness.life("a"), .stdin))
        #expect(harness.order(.kill, "a").actions.words == ["kill a.1", "kill b.1"])
    }

    // MARK: Use

    @Test func sessionIsBusyWhileWhatWasOpenedFromWithinItIsInUse() {
        var harness = PoolHarness { $0.maxSessions = 2 }
        harness.start("outer") { $0.idleTimeout = .seconds(60) }
        _ = open(&harness, "inner", in: "outer")
        _ = harness.handle(.turn(harness.life("inner"), .open))
        for _ in 0..<20 { #expect(harness.pass(.seconds(11)).words.isEmpty) }
        #expect(harness.state("outer") == .busy)
        #expect(harness.request("more").actions.words == ["queued 1"], "neither gives way")
        _ = harness.handle(.turn(harness.life("inner"), .none))
        let words = harness.pass(.seconds(12)).words + harness.pass(.seconds(12)).words
        #expect(words.contains { $0.hasPrefix("closeInput") })
    }

    @Test func activityWithinCountsForTheOuterSession() {
        var harness = PoolHarness()
        harness.startIdle("outer")
        #expect(harness.state("outer") == .idle)
        _ = open(&harness, "inner", in: "outer")
        #expect(harness.state("outer") == .busy)
        _ = harness.pass(.seconds(30))
        #expect(harness.state("outer") == .idle)
        _ = harness.handle(.activity(harness.life("inner"), .stdin))
        #expect(harness.state("outer") == .busy)
    }

    @Test(arguments: [Duration.zero, .seconds(10)])
    func nextLookIsNeverDueAtOnceWhileSomethingWithinIsInUse(idleAfter: Duration) throws {
        var harness = PoolHarness()
        harness.start("outer") { $0.idleAfter = idleAfter }
        _ = open(&harness, "inner", in: "outer")
        _ = harness.handle(.turn(harness.life("inner"), .open))
        for _ in 0..<10 {
            _ = harness.pass(.seconds(5))
            #expect(try #require(harness.pool.nextDeadline) > harness.now)
        }
        #expect(harness.state("outer") == .busy)
    }

    // MARK: Limits

    private func confined(
        _ harness: PoolHarness, in parent: String, _ change: (inout SessionPolicy) -> Void = { _ in }
    ) throws -> SessionPolicy {
        var policy = SessionPolicy()
        change(&policy)
        return try harness.pool.confined(policy, openedIn: harness.life(parent))
    }

    @Test func eachLimitIsAtMostTheOuterOnes() throws {
        var harness = PoolHarness()
        harness.start("outer") {
            $0.memoryMax = .mebibytes(100)
            $0.memoryLow = .mebibytes(10)
            $0.tasksMax = .count(7)
            $0.cpuQuota = 5_000
            $0.cpuWeight = .weight(10)
            $0.ioWeight = 20
            $0.allowedCPUs = CPUSet(text: "1")
        }
        let inner = try confined(harness, in: "outer") {
            $0.memoryMax = .infinity
            $0.memoryLow = .mebibytes(10)
            $0.memorySwapMax = .infinity
            $0.tasksMax = .infinity
            $0.ioWeight = 5
        }
        #expect(inner.memoryMax == .mebibytes(100))
        #expect(inner.memoryLow == .bytes(0))
        #expect(inner.memorySwapMax == .bytes(0))
        #expect(inner.tasksMax == .count(7))
        #expect(inner.cpuQuota == 5_000)
        #expect(inner.cpuWeight == .weight(10))
        #expect(inner.ioWeight == 5)
        #expect(inner.allowedCPUs == CPUSet(text: "1"))
    }

    @Test func allWithinOneSessionTogetherHaveNoMoreThanItHas() throws {
        var harness = PoolHarness()
        harness.start("outer") { $0.memoryMax = .mebibytes(100) }
        _ = open(&harness, "a", in: "outer") { ($0.memoryMax, $0.tasksMax) = (.mebibytes(60), .count(1)) }
        #expect(try confined(harness, in: "outer").memoryMax == .mebibytes(40))
        // Whoever goes one deeper has no more for it.
        #expect(try confined(harness, in: "a") { $0.tasksMax = .count(1) }.memoryMax == .mebibytes(40))
        _ = open(&harness, "b", in: "a") { ($0.memoryMax, $0.tasksMax) = (.mebibytes(40), .count(1)) }
        #expect(
            throws: Refusal.nothingLeft(id("outer"), key: "MemoryMax"),
            performing: { try confined(harness, in: "outer") }
        )
        _ = harness.order(.kill, "b")
        _ = harness.die("b")
        #expect(try confined(harness, in: "outer").memoryMax == .mebibytes(40))
    }

    @Test func thereIsAnEndToSessionsWithinOne() throws {
        var harness = PoolHarness { ($0.maxSessions, $0.maxQueuedPerUser) = (1, 1_000) }
        harness.start("outer") { $0.evict = .never }
        for number in 0..<SessionPool.mostNested {
            _ = open(&harness, "n\(number)", in: "outer") {
                ($0.memoryMax, $0.tasksMax, $0.memorySwapMax) = (.mebibytes(1), .count(1), .bytes(0))
            }
        }
        #expect(
            throws: Refusal.tooManyNested(id("outer"), limit: SessionPool.mostNested),
            performing: { try confined(harness, in: "outer") })
    }
}
