import Testing

@testable import PinfoldCore

/// A pool with one session, its launcher, and the messages between them: every order in which things can happen.
///
/// The launcher is a toy that does what docs/decisions/0007 asks of it, or, to see that the search finds what it must
/// find, does not. The controller is the real rules. A message is readable as soon as it is sent, as on a unix socket.
private struct Conversation {
    enum Habit: CaseIterable {
        case asAgreed
        /// Closes the input whatever it has reported meanwhile.
        case obeysAlways
        /// Closes the input only where the ending cannot be refused.
        case refusesAlways
        /// Reports a turn without having heard what was said to it.
        case reportsUnheard
        /// Counts its news only, and not what it says again.
        case countsChangesOnly
    }

    enum Step: CaseIterable {
        case promptComes, turnEnds, turnIsToldAgain
        case launcherHears, controllerHears
        case newcomerAsks, userSuspends, deadlinePasses
    }

    let habit: Habit
    var harness: PoolHarness
    var toController: [TurnState] = []
    var toLauncher: [InputClosing] = []
    // The launcher.
    var reports: UInt64 = 0
    var isOpen = false
    var hasClosed = false
    /// How often each step may still happen.
    var left: [Step: Int]
    private(set) var path: [Step] = []

    init(_ habit: Habit, _ left: [Step: Int]) {
        self.habit = habit
        self.left = left
        harness = PoolHarness { $0.maxSessions = 1 }
        harness.start("a") { $0.idleAfter = .zero }
    }

    private var life: Life? { harness.pool.sessions[id("a")]?.life }
    private var isEnding: Bool { life?.state.isEnding == true }

    private func isPossible(_ step: Step) -> Bool {
        if let count = left[step], count == 0 { return false }
        switch step {
        case .promptComes: return !isOpen && !hasClosed
        case .turnEnds: return isOpen && !hasClosed
        case .turnIsToldAgain: return !hasClosed
        case .launcherHears: return !toLauncher.isEmpty
        case .controllerHears: return !toController.isEmpty
        case .newcomerAsks, .userSuspends: return true
        case .deadlinePasses:
            // The loop hears a launcher before it lets its deadline pass.
            guard case .closingInput? = life?.state else { return false }
            return toController.isEmpty
        }
    }

    private mutating func take(_ step: Step) {
        if let count = left[step] { left[step] = count - 1 }
        path.append(step)
        switch step {
        case .promptComes: report(.open)
        case .turnEnds: report(.none)
        case .turnIsToldAgain: report(isOpen ? .open : .none, isNews: false)
        case .launcherHears: hear()
        case .controllerHears:
            happen(.turn(harness.life("a"), TurnReport(toController.removeFirst())))
        case .newcomerAsks:
            let request = SessionRequest(
                client: harness.client(), session: id("b\(path.count)"), owner: UserID(1), isPrivileged: false,
                policyName: "p", policy: SessionPolicy(), settings: [], patience: .seconds(3_600), keepsTree: false)
            happen(.requested(request))
        case .userSuspends:
            let order = Order(client: harness.client(), session: id("a"), verb: .suspend, by: UserID(1))
            happen(.ordered(order))
        case .deadlinePasses:
            harness.now = harness.now + .seconds(1)
            happen(.timePassed)
        }
    }

    private mutating func happen(_ event: Event) {
        for action in harness.handle(event) {
            if case .closeInput(_, _, let inputClosing) = action { toLauncher.append(inputClosing) }
        }
    }

    private mutating func report(_ state: TurnState, isNews: Bool = true) {
        if habit != .reportsUnheard {
            while !toLauncher.isEmpty { hear() }
            if hasClosed { return }
        }
        isOpen = state == .open
        if isNews || habit != .countsChangesOnly { reports += 1 }
        toController.append(state)
    }

    private mutating func hear() {
        let inputClosing = toLauncher.removeFirst()
        switch habit {
        case .obeysAlways: hasClosed = true
        case .refusesAlways: if !inputClosing.isRefusable { hasClosed = true }
        case .asAgreed, .reportsUnheard, .countsChangesOnly:
            if !inputClosing.isRefusable || inputClosing.reports == reports { hasClosed = true }
        }
    }

    /// What the two make of it that cannot both be right; nil while they agree, or still have news for each other.
    private var disagreement: String? {
        if hasClosed, !isEnding { return "the input is closed and the life goes on" }
        guard toLauncher.isEmpty, toController.isEmpty else { return nil }
        if isEnding, !hasClosed { return "the life ends and the launcher does not know" }
        return nil
    }

    /// Everything on which it depends what can happen from here on.
    fileprivate struct Situation: Hashable {
        let toController: [TurnState]
        let toLauncher: [InputClosing]
        let reports: UInt64
        let isOpen: Bool
        let hasClosed: Bool
        let left: [Step: Int]
        let turn: TurnState?
        let turnReports: UInt64?
        let state: LifeState?
        let waiting: Int
        let now: Instant
    }

    private var situation: Situation {
        Situation(
            toController: toController, toLauncher: toLauncher, reports: reports, isOpen: isOpen, hasClosed: hasClosed,
            left: left, turn: life?.turn.state, turnReports: life?.turnReports, state: life?.state,
            waiting: harness.pool.queue.count, now: harness.now)
    }

    struct Findings {
        fileprivate var seen: Set<Situation> = []
        var reinstated = 0
        var ended = 0
        var disagreements: [String] = []
        var situations: Int { seen.count }
    }

    /// Goes through all that can happen from here on, each situation once however it came about.
    func explore(_ findings: inout Findings) {
        guard findings.seen.insert(situation).inserted else { return }
        if let disagreement {
            findings.disagreements.append("\(disagreement): \(path)")
            return
        }
        for step in Step.allCases where isPossible(step) {
            var next = self
            next.take(step)
            if isEnding, !next.isEnding { findings.reinstated += 1 }
            if step == .deadlinePasses { findings.ended += 1 }
            next.explore(&findings)
        }
    }
}

@Suite struct AgreementTests {
    private static let left: [Conversation.Step: Int] = [
        .promptComes: 2, .turnEnds: 2, .turnIsToldAgain: 1, .newcomerAsks: 2, .userSuspends: 1,
    ]

    private func findings(_ habit: Conversation.Habit) -> Conversation.Findings {
        var findings = Conversation.Findings()
        Conversation(habit, Self.left).explore(&findings)
        return findings
    }

    @Test func controllerAndLauncherAgreeInEveryOrderOfEvents() {
        let found = findings(.asAgreed)
        #expect(found.disagreements == [])
        // A search that never meets the race would prove nothing.
        #expect(found.situations > 1_000)
        #expect(found.reinstated > 100)
        #expect(found.ended > 100)
    }

    /// Each part of the rule is needed: without it there is an order of events in which the two disagree.
    @Test(arguments: Conversation.Habit.allCases.filter { $0 != .asAgreed })
    private func withoutAnyPartOfTheRuleTheyCanDisagree(habit: Conversation.Habit) {
        #expect(!findings(habit).disagreements.isEmpty)
    }
}
