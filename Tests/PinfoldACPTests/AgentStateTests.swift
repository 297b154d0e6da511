import PinfoldJSON
import TestSupport
import Testing

@testable import PinfoldACP

/// The table of the relay's agent, and its copy in docs/architecture.md.
@Suite struct AgentStateTests {
    private static let reason = Reason(kind: "ended", message: "", json: [:])
    private static let columns: [(name: String, state: AgentState)] = [
        ("absent", .absent), ("starting", .starting), ("initializing", .initializing(until: .zero)), ("ready", .ready),
        ("resuming", .resuming(SessionResumption(session: ACPSessionID("s"), resumeMethods: [], until: .zero))),
        ("stopping", .stopping(AgentStop(reason: reason, until: .zero))), ("finished", .finished),
    ]

    @Test func tableOnThePageIsTheOneInTheCode() throws {
        let rows = try DocumentPage("architecture.md").rows(below: "The states of a relay's agent", withHeads: true)
        let body = AgentEvent.allCases.map { event in
            ["`\(event)`"] + Self.columns.map { $0.state.step(on: event) }.map { $0 == .none ? "-" : "\($0)" }
        }
        #expect(rows == [["event"] + Self.columns.map(\.name)] + body)
    }

    @Test(arguments: AgentEvent.allCases)
    func nothingHappensToAnAgentThatIsFinished(event: AgentEvent) {
        #expect(AgentState.finished.step(on: event) == .none)
    }

    @Test(arguments: [AgentEvent.suspended, .left, .ended])
    func endOfALifeIsTheEndInEveryStateWithAProcessAndInNoOther(event: AgentEvent) {
        for (name, state) in Self.columns { #expect((state.step(on: event) != .none) == state.isRunning, "\(name)") }
    }
}
