import TestSupport
import Testing

@testable import PinfoldCore

/// The table of states and events, and its copy in docs/architecture.md.
@Suite struct LifeStateTests {
    private static let now = Instant(nanoseconds: 1_000)

    /// One of each, in the order of a life; the two that differ by what they carry stand twice.
    private static let columns: [(name: String, state: LifeState)] = [
        ("starting", .starting(deadline: now)), ("running", .running), ("frozen", .frozen),
        ("closing input, refusable", .closingInput(until: now, isRefusable: true)),
        ("closing input", .closingInput(until: now, isRefusable: false)), ("terminating", .terminating(until: now)),
        ("killing", .killing(since: now, isReportedStuck: false)),
        ("killing, stuck", .killing(since: now, isReportedStuck: true)),
        ("awaiting status", .awaitingStatus(until: now)), ("collecting", .collecting),
    ]
    private static let states = columns.map(\.state)

    @Test func tableOnThePageIsTheOneInTheCode() throws {
        let rows = try DocumentPage("architecture.md").rows(below: "The states of a life", withHeads: true)
        let head = ["event"] + Self.columns.map(\.name)
        let body = LifeEvent.allCases.map { event in
            ["`\(event)`"] + Self.states.map { $0.step(on: event) }.map { $0 == .none ? "-" : "\($0)" }
        }
        #expect(rows == [head] + body)
    }

    @Test(arguments: LifeEvent.allCases)
    func endingIsOnlyTakenBackByATurnWhileItIsRefusable(event: LifeEvent) {
        for state in Self.states where state.isEnding {
            let step = state.step(on: event)
            #expect(![.run, .freeze, .thaw, .release, .failStart].contains(step), "\(state), \(event)")
            #expect(step != .reinstate || state.isRefusable && event == .turnReported, "\(state), \(event)")
        }
    }

    @Test func everyStateThatIsEndedByTimeHasADeadlineAndTheOthersIgnoreOne() {
        for state in Self.states {
            #expect((state.deadline == nil) == (state.step(on: .deadlinePassed) == .none), "\(state)")
        }
    }

    @Test func killReachesEveryStateInWhichProcessesMayBeLeft() {
        for state in Self.states {
            let step = state.step(on: .killRequested)
            switch state {
            case .starting, .running, .frozen, .closingInput, .terminating: #expect(step == .kill)
            // Written once: a second write would change nothing, but for a kill that seems to be of no use.
            case .killing(_, let isReportedStuck): #expect(step == (isReportedStuck ? .kill : .none))
            case .awaitingStatus, .collecting: #expect(step == .none)
            }
        }
    }

    @Test func emptyLifeIsCollectedOrAwaitsItsStatusUnlessItHasYetToBegin() {
        for state in Self.states {
            switch state {
            case .starting, .collecting:
                #expect(state.step(on: .emptied) == .none)
                #expect(state.step(on: .emptiedUnreported) == .none)
            case .awaitingStatus:
                #expect(state.step(on: .emptied) == .collect)
            case .running, .frozen, .closingInput, .terminating, .killing:
                #expect(state.step(on: .emptied) == .collect)
                #expect(state.step(on: .emptiedUnreported) == .awaitStatus)
            }
        }
    }
}
