import PinfoldCore
import PinfoldJSON
import PinfoldLinux
import PinfoldProtocol
import TestSupport
import Testing

@testable import PinfoldController

/// Conversations as the controller hears of them: turns, endings that they take back, tokens.
@Suite struct TurnTests {
    private static let full = ["pool.policy": "[Pool]\nMaxSessions=1\n"]

    /// A session 'a', idle since its only turn, that was chosen to make place; and who waits for the place.
    private func inputClosing(_ harness: ControllerHarness) throws -> (launch: Launch, waiting: TestClient) {
        let launch = try harness.start("a")
        for report in [TurnReport.open, .none] { try launch.client.send(.turn(report)) }
        try harness.turn(until: { try self.life("a", harness)?.turnReports == 2 }, "two reports")
        try harness.pass(.seconds(20))
        let waiting = try harness.client()
        try waiting.send(.open(OpenRequest(session: "b", command: ["x"])))
        guard case .closeInput(let cause, let inputClosing) = try launch.event() else { throw Missing("a close_input") }
        #expect(cause.kind == .poolFull)
        #expect(inputClosing == InputClosing(milliseconds: 1_000, reports: 2, isRefusable: true))
        return (launch, waiting)
    }

    private func life(_ name: String, _ harness: ControllerHarness) throws -> Life? {
        harness.controller.pool.sessions[try SessionID(name)]?.life
    }

    @Test func turnThatCrossesWithAnEvictionKeepsItsSession() throws {
        try ControllerHarness.with(policies: Self.full) { harness in
            let (launch, waiting) = try inputClosing(harness)
            try launch.client.send(.turn(.open))
            try harness.turn(until: { try harness.session("a")?.state == .busy }, "the way back")
            try harness.pass(.seconds(25))
            #expect(try harness.session("a")?.state == .busy)
            #expect(harness.lines.contains { $0.hasPrefix("reinstated a.1") })
            // It is chosen again when the turn is over, and the one who waits gets its place.
            try launch.client.send(.turn(.none))
            try harness.turn(until: { try self.life("a", harness)?.turn == Turn.none }, "the turn's end")
            try harness.pass(.milliseconds(4_000))
            #expect(try LeaseEvent(try #require(try waiting.reply())) == .queued(position: 1))
            withExtendedLifetime(launch) {}
        }
    }

    /// Whoever else is ready, and served first: the deadline does not pass over what was said before it.
    @Test func reportThatWasSentInTimeCountsThoughTheLoopComesLate() throws {
        try ControllerHarness.with(policies: Self.full) { harness in
            let (launch, _) = try inputClosing(harness)
            let user = try harness.client()
            // Both are there before the loop looks, and the one that brings it past the deadline is looked at first.
            try user.send(.order(.touch, "a"))
            try launch.client.send(.remember(String(repeating: "\u{1}", count: 40_000)))
            try launch.client.send(.turn(.open))
            try harness.pass(.seconds(5))
            #expect(try harness.session("a")?.state == .busy)
            #expect(try life("a", harness)?.turnReports == 3)
        }
    }

    @Test func orderIsSentAgainAsNotRefusable() throws {
        try ControllerHarness.with(policies: Self.full) { harness in
            let (launch, _) = try inputClosing(harness)
            let user = try harness.client()
            try user.send(.order(.suspend, "a"))
            guard case .closeInput(_, let inputClosing) = try launch.event() else { throw Missing("a close_input") }
            #expect(inputClosing == InputClosing(milliseconds: 1_000, reports: 2, isRefusable: false))
            try launch.client.send(.turn(.open))
            try harness.contract.end(launch.life)
            #expect(try launch.ending(.exited(0)).isSuspended)
        }
    }

    @Test func launcherThatReconnectsInTheFirstStageReceivesCloseInputAndCountsFromTheBeginning() throws {
        let policies = ["default.policy": "[Session]\nOnLeaseLost=keep\nIdleTimeoutSec=60s\n"]
        try ControllerHarness.with(policies: policies) { harness in
            let launch = try harness.start("a")
            try launch.client.send(.turn(.none))
            try harness.turn(until: { try self.life("a", harness)?.turnReports == 1 }, "a report")
            try harness.pass(.seconds(60))
            _ = try launch.event()
            launch.client.hangUp()
            try harness.turn(until: { try self.life("a", harness)?.lease == nil }, "the loss of the lease")
            try harness.pass(.milliseconds(400))
            let again = try harness.client()
            try again.send(.reopen(session: "a", life: 1))
            guard case .granted(let grant)? = try again.reply().map({ try LeaseEvent($0) }) else {
                throw Missing("a grant")
            }
            #expect(grant.resume == nil)
            guard case .closeInput(_, let inputClosing)? = try again.reply().map({ try LeaseEvent($0) }) else {
                throw Missing("a close_input")
            }
            #expect(inputClosing == InputClosing(milliseconds: 600, reports: 0, isRefusable: true))
            try again.send(.turn(.none))
            try harness.turn(until: { try harness.session("a")?.state == .busy }, "the way back")
        }
    }

    @Test func hungTurnIsCancelled() throws {
        try ControllerHarness.with(policies: ["default.policy": "[Session]\nTurnTimeoutSec=60s\n"]) { harness in
            let launch = try harness.start("a")
            try launch.client.send(.turn(.open))
            try harness.turn(until: { try self.life("a", harness)?.turnReports == 1 }, "a report")
            try harness.pass(.seconds(60))
            #expect(try launch.event() == .cancelTurn(.turnTimeout(limit: .seconds(60)), turn: nil))
            try harness.pass(.seconds(10))
            guard case .closeInput(let cause, let inputClosing) = try launch.event() else {
                throw Missing("a close_input")
            }
            #expect(cause.kind == .turnTimeout)
            #expect(!inputClosing.isRefusable)
            try harness.pass(.seconds(1))
            #expect(try launch.ending(.signaled(15)).exitCode == 124)
        }
    }

    /// The longest that may be: whatever JSON and the sockets make of it.
    @Test func whatALauncherRemembersIsGivenToTheNextOne() throws {
        try ControllerHarness.with { harness in
            let token = String(repeating: "\u{1}", count: ResumeToken.longest)
            let launch = try harness.start("a")
            #expect(launch.grant.resume == nil)
            try launch.client.send(.remember(token))
            try harness.contract.end(launch.life)
            #expect(try launch.ending(.exited(0)).cause.kind == .exited)
            #expect(try harness.session("a")?.state == .ended)
            #expect(try harness.session("a")?.isResumable == true)
            #expect(try Launch(harness, name: "a").grant.resume == token)
        }
    }

    @Test func tokenIsNotGivenToASessionThatDoesNotComeBack() throws {
        try ControllerHarness.with { harness in
            let launch = try harness.start("a")
            try launch.client.send(.remember("t"))
            try harness.contract.end(launch.life)
            _ = try launch.ending(.exited(0))
            #expect(try Launch(harness, name: "a", settings: ["Resume=never"]).grant.resume == nil)
        }
    }

    @Test func tokenIsOnDiskWhenItsSetterIsAnswered() throws {
        try ControllerHarness.with { harness in
            let launch = try harness.start("a")
            let inside = try harness.client()
            #expect(try inside.ask(.setToken(session: "a", life: 1, token: "t")) == Reply())
            #expect(try tokensOnDisk(harness) == ["t"])
            // Nothing changes, so nothing is written, and nobody waits for that.
            #expect(try inside.ask(.setToken(session: "a", life: 1, token: "t")) == Reply())
            #expect(try inside.ask(.setToken(session: "a", life: 1, token: nil)) == Reply())
            #expect(try tokensOnDisk(harness) == [nil])
            withExtendedLifetime(launch) {}
        }
    }

    private func tokensOnDisk(_ harness: ControllerHarness) throws -> [String?] {
        harness.controller.records.load { (object) throws(WorldError) in object["token"]?.string }.records
    }

    @Test func tokenOfAnotherLifeIsRefusedWithAReason() throws {
        try ControllerHarness.with { harness in
            let launch = try harness.start("a")
            let inside = try harness.client()
            let refused = try inside.ask(.setToken(session: "a", life: 2, token: "t"))
            #expect(refused.error == "io.pinfold.Refused")
            #expect(refused.parameters["message"]?.string?.contains("life 2 of 'a' is over") == true)
            #expect(
                try inside.ask(.setToken(session: "b", life: 1, token: "t")).error == "io.pinfold.NoSuchSession")
            // The connection goes on.
            #expect(try inside.ask(.list).error == nil)
            withExtendedLifetime(launch) {}
        }
    }

    @Test func turnsAndTokensBelongToALease() throws {
        try ControllerHarness.with { harness in
            let stranger = try harness.client()
            for request in [Request.turn(.open), .remember("t")] {
                try stranger.send(Call(request.call.method, request.call.parameters).frame)
                #expect(try stranger.reply()?.error == "io.pinfold.NoLease")
            }
        }
    }
}
