import TestSupport
import Testing

@testable import PinfoldCore

/// Sessions that are opened from within another one.
@Suite struct NestedSessionTests {
    private func open(
        _ bench: inout Bench, _ name: String, in parent: String?, patience: Duration? = nil,
        _ change: (inout SessionPolicy) -> Void = { _ in }
    ) -> [Action] {
        var actions = bench.request(name, patience: patience, in: parent, change).actions
        if actions.words.contains("grant \(bench.life(name))") {
            actions += bench.handle(.commandStarted(bench.life(name), processID: 1, placement: .into))
        }
        return actions
    }

    // MARK: The end

    @Test func killOfASessionKillsWhatWasOpenedFromWithinIt() {
        var bench = Bench()
        bench.start("jail")
        _ = open(&bench, "free", in: "jail")
        _ = open(&bench, "freer", in: "free")
        bench.start("other")
        let words = bench.order(.kill, "jail").actions.words
        #expect(words == ["kill jail.1", "kill free.1", "kill freer.1"])
        #expect(bench.state("other") == .busy)
        let ended = bench.die("free", .signaled(9)).announced(.ended)
        let message = ended.first?.details.first { $0.name == "message" }?.value
        #expect(message == .text("the session 'jail' that it was opened in has ended"))
    }

    @Test func endOfASessionByItselfStopsWhatWasOpenedFromWithinIt() {
        var bench = Bench()
        bench.start("outer")
        _ = open(&bench, "inner", in: "outer") { $0.onLeaseLost = .keep }
        #expect(bench.die("outer", .exited(0)).words.contains("terminate inner.1"))
        #expect(bench.state("inner") == .stopping)
    }

    @Test func whatWasOpenedWithinASuspendedSessionIsSuspendedWhereItCanComeBack() {
        var bench = Bench()
        bench.start("outer")
        for name in ["with", "without"] { _ = open(&bench, name, in: "outer") }
        _ = bench.handle(.token(bench.life("with"), "t"))
        _ = bench.order(.suspend, "outer")
        _ = bench.die("outer")
        for name in ["with", "without"] { _ = bench.die(name) }
        #expect(bench.state("outer") == .suspended)
        #expect(bench.state("with") == .suspended)
        #expect(bench.state("without") == .ended)
    }

    @Test func requestFromWithinAnEndingSessionIsRefused() {
        var bench = Bench()
        bench.start("outer")
        _ = bench.order(.end, "outer")
        let refusal = open(&bench, "late", in: "outer").words.first
        #expect(refusal?.contains("'outer' that the caller runs in is ending") == true)
        _ = bench.die("outer")
        #expect(open(&bench, "later", in: "outer").words.first?.hasPrefix("refuse:") == true)
    }

    @Test func requestThatWaitsIsRefusedWhenItsCallersSessionEnds() {
        var bench = Bench { $0.maxSessions = 1 }
        bench.start("outer") { $0.evict = .never }
        #expect(open(&bench, "inner", in: "outer").words == ["queued 1"])
        let words = bench.order(.kill, "outer").actions.words
        #expect(words.first == "kill outer.1")
        #expect(words.last?.hasPrefix("refuse: the session 'outer'") == true)
    }

    @Test func adoptedSessionWhoseOuterOneIsGoneIsStopped() {
        var bench = Bench()
        let inner = bench.left("inner", life: 3, parent: LifeID(session: id("outer"), number: 2))
        #expect(bench.handle(.adopted([inner])).words == ["terminate inner.3"])
    }

    @Test func circleInRecordsEndsNoLoop() {
        var bench = Bench()
        let adoptions = [("a", "b"), ("b", "a")].map { name, parent in
            bench.left(name, life: 1, keepsTree: true, parent: LifeID(session: id(parent), number: 1))
        }
        _ = bench.handle(.adopted(adoptions))
        _ = bench.handle(.activity(bench.life("a"), .stdin))
        #expect(bench.order(.kill, "a").actions.words == ["kill a.1", "kill b.1"])
    }

    // MARK: Use

    @Test func sessionIsBusyWhileWhatWasOpenedFromWithinItIsInUse() {
        var bench = Bench { $0.maxSessions = 2 }
        bench.start("outer") { $0.idleTimeout = .seconds(60) }
        _ = open(&bench, "inner", in: "outer")
        _ = bench.handle(.turn(bench.life("inner"), .open))
        for _ in 0..<20 { #expect(bench.pass(.seconds(11)).words.isEmpty) }
        #expect(bench.state("outer") == .busy)
        #expect(bench.request("more").actions.words == ["queued 1"], "neither gives way")
        _ = bench.handle(.turn(bench.life("inner"), .none))
        let words = bench.pass(.seconds(12)).words + bench.pass(.seconds(12)).words
        #expect(words.contains { $0.hasPrefix("closeInput") })
    }

    @Test func activityWithinCountsForTheOuterSession() {
        var bench = Bench()
        bench.startIdle("outer")
        #expect(bench.state("outer") == .idle)
        _ = open(&bench, "inner", in: "outer")
        #expect(bench.state("outer") == .busy)
        _ = bench.pass(.seconds(30))
        #expect(bench.state("outer") == .idle)
        _ = bench.handle(.activity(bench.life("inner"), .stdin))
        #expect(bench.state("outer") == .busy)
    }

    @Test(arguments: [Duration.zero, .seconds(10)])
    func nextLookIsNeverDueAtOnceWhileSomethingWithinIsInUse(idleAfter: Duration) throws {
        var bench = Bench()
        bench.start("outer") { $0.idleAfter = idleAfter }
        _ = open(&bench, "inner", in: "outer")
        _ = bench.handle(.turn(bench.life("inner"), .open))
        for _ in 0..<10 {
            _ = bench.pass(.seconds(5))
            #expect(try #require(bench.pool.nextDeadline) > bench.now)
        }
        #expect(bench.state("outer") == .busy)
    }

    // MARK: Limits

    private func confined(
        _ bench: Bench, in parent: String, _ change: (inout SessionPolicy) -> Void = { _ in }
    ) throws -> SessionPolicy {
        var policy = SessionPolicy()
        change(&policy)
        return try bench.pool.confined(policy, openedIn: bench.life(parent))
    }

    @Test func eachLimitIsAtMostTheOuterOnes() throws {
        var bench = Bench()
        bench.start("outer") {
            $0.memoryMax = .mebibytes(100)
            $0.memoryLow = .mebibytes(10)
            $0.tasksMax = .count(7)
            $0.cpuQuota = 5_000
            $0.cpuWeight = .weight(10)
            $0.ioWeight = 20
            $0.allowedCPUs = CPUSet(text: "1")
        }
        let inner = try confined(bench, in: "outer") {
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
        var bench = Bench()
        bench.start("outer") { $0.memoryMax = .mebibytes(100) }
        _ = open(&bench, "a", in: "outer") { ($0.memoryMax, $0.tasksMax) = (.mebibytes(60), .count(1)) }
        #expect(try confined(bench, in: "outer").memoryMax == .mebibytes(40))
        // Whoever goes one deeper has no more for it.
        #expect(try confined(bench, in: "a") { $0.tasksMax = .count(1) }.memoryMax == .mebibytes(40))
        _ = open(&bench, "b", in: "a") { ($0.memoryMax, $0.tasksMax) = (.mebibytes(40), .count(1)) }
        #expect(
            throws: Refusal.nothingLeft(id("outer"), key: "MemoryMax"), performing: { try confined(bench, in: "outer") }
        )
        _ = bench.order(.kill, "b")
        _ = bench.die("b")
        #expect(try confined(bench, in: "outer").memoryMax == .mebibytes(40))
    }

    @Test func thereIsAnEndToSessionsWithinOne() throws {
        var bench = Bench { ($0.maxSessions, $0.maxQueuedPerUser) = (1, 1_000) }
        bench.start("outer") { $0.evict = .never }
        for number in 0..<SessionPool.mostNested {
            _ = open(&bench, "n\(number)", in: "outer") {
                ($0.memoryMax, $0.tasksMax, $0.memorySwapMax) = (.mebibytes(1), .count(1), .bytes(0))
            }
        }
        #expect(
            throws: Refusal.tooManyNested(id("outer"), limit: SessionPool.mostNested),
            performing: { try confined(bench, in: "outer") })
    }
}
