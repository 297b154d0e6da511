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
    private func closing(_ desk: Desk) throws -> (launch: Launch, waiting: TestClient) {
        let launch = try desk.start("a")
        for report in [TurnReport.open, .none] { try launch.client.send(.turn(report)) }
        try desk.turn(until: { try self.life("a", desk)?.turnReports == 2 }, "two reports")
        try desk.pass(.seconds(20))
        let waiting = try desk.client()
        try waiting.send(.open(OpenRequest(session: "b", command: ["x"])))
        guard case .closeInput(let cause, let closing) = try launch.event() else { throw Missing("a close_input") }
        #expect(cause.kind == .poolFull)
        #expect(closing == Closing(milliseconds: 1_000, reports: 2, isRefusable: true))
        return (launch, waiting)
    }

    private func life(_ name: String, _ desk: Desk) throws -> Life? {
        desk.controller.pool.sessions[try SessionID(name)]?.life
    }

    @Test func turnThatCrossesWithAnEvictionKeepsItsSession() throws {
        try Desk.with(policies: Self.full) { desk in
            let (launch, waiting) = try closing(desk)
            try launch.client.send(.turn(.open))
            try desk.turn(until: { try desk.session("a")?.state == .busy }, "the way back")
            try desk.pass(.seconds(25))
            #expect(try desk.session("a")?.state == .busy)
            #expect(desk.lines.contains { $0.hasPrefix("reinstated a.1") })
            // It is chosen again when the turn is over, and the one who waits gets its place.
            try launch.client.send(.turn(.none))
            try desk.turn(until: { try self.life("a", desk)?.turn == Turn.none }, "the turn's end")
            try desk.pass(.milliseconds(4_000))
            #expect(try LeaseEvent(try #require(try waiting.reply())) == .queued(position: 1))
            withExtendedLifetime(launch) {}
        }
    }

    /// Whoever else is ready, and served first: the deadline does not pass over what was said before it.
    @Test func reportThatWasSentInTimeCountsThoughTheLoopComesLate() throws {
        try Desk.with(policies: Self.full) { desk in
            let (launch, _) = try closing(desk)
            let user = try desk.client()
            // Both are there before the loop looks, and the one that brings it past the deadline is looked at first.
            try user.send(.order(.touch, "a"))
            try launch.client.send(.remember(String(repeating: "\u{1}", count: 40_000)))
            try launch.client.send(.turn(.open))
            try desk.pass(.seconds(5))
            #expect(try desk.session("a")?.state == .busy)
            #expect(try life("a", desk)?.turnReports == 3)
        }
    }

    @Test func orderIsToldAgainWithoutAWayOut() throws {
        try Desk.with(policies: Self.full) { desk in
            let (launch, _) = try closing(desk)
            let user = try desk.client()
            try user.send(.order(.suspend, "a"))
            guard case .closeInput(_, let closing) = try launch.event() else { throw Missing("a close_input") }
            #expect(closing == Closing(milliseconds: 1_000, reports: 2, isRefusable: false))
            try launch.client.send(.turn(.open))
            try desk.stage.end(launch.life)
            #expect(try launch.ending(.exited(0)).isSuspended)
        }
    }

    @Test func launcherThatComesBackInTheFirstStageIsToldOfItAndCountsFromTheBeginning() throws {
        let policies = ["default.policy": "[Session]\nOnLeaseLost=keep\nIdleTimeoutSec=60s\n"]
        try Desk.with(policies: policies) { desk in
            let launch = try desk.start("a")
            try launch.client.send(.turn(.none))
            try desk.turn(until: { try self.life("a", desk)?.turnReports == 1 }, "a report")
            try desk.pass(.seconds(60))
            _ = try launch.event()
            launch.client.hangUp()
            try desk.turn(until: { try self.life("a", desk)?.lease == nil }, "the loss of the lease")
            try desk.pass(.milliseconds(400))
            let again = try desk.client()
            try again.send(.reopen(session: "a", life: 1))
            guard case .granted(let grant)? = try again.reply().map({ try LeaseEvent($0) }) else {
                throw Missing("a grant")
            }
            #expect(grant.resume == nil)
            guard case .closeInput(_, let closing)? = try again.reply().map({ try LeaseEvent($0) }) else {
                throw Missing("a close_input")
            }
            #expect(closing == Closing(milliseconds: 600, reports: 0, isRefusable: true))
            try again.send(.turn(.none))
            try desk.turn(until: { try desk.session("a")?.state == .busy }, "the way back")
        }
    }

    @Test func hungTurnIsToldToBeCancelled() throws {
        try Desk.with(policies: ["default.policy": "[Session]\nTurnTimeoutSec=60s\n"]) { desk in
            let launch = try desk.start("a")
            try launch.client.send(.turn(.open))
            try desk.turn(until: { try self.life("a", desk)?.turnReports == 1 }, "a report")
            try desk.pass(.seconds(60))
            #expect(try launch.event() == .cancelTurn(.turnTimeout(limit: .seconds(60)), turn: nil))
            try desk.pass(.seconds(10))
            guard case .closeInput(let cause, let closing) = try launch.event() else { throw Missing("a close_input") }
            #expect(cause.kind == .turnTimeout)
            #expect(!closing.isRefusable)
            try desk.pass(.seconds(1))
            #expect(try launch.ending(.signaled(15)).exitCode == 124)
        }
    }

    /// The longest that may be: whatever JSON and the sockets make of it.
    @Test func whatALauncherRemembersIsGivenToTheNextOne() throws {
        try Desk.with { desk in
            let token = String(repeating: "\u{1}", count: ResumeToken.longest)
            let launch = try desk.start("a")
            #expect(launch.grant.resume == nil)
            try launch.client.send(.remember(token))
            try desk.stage.end(launch.life)
            #expect(try launch.ending(.exited(0)).cause.kind == .exited)
            #expect(try desk.session("a")?.state == .ended)
            #expect(try desk.session("a")?.isResumable == true)
            #expect(try Launch(desk, name: "a").grant.resume == token)
        }
    }

    @Test func tokenIsNotGivenToASessionThatDoesNotComeBack() throws {
        try Desk.with { desk in
            let launch = try desk.start("a")
            try launch.client.send(.remember("t"))
            try desk.stage.end(launch.life)
            _ = try launch.ending(.exited(0))
            #expect(try Launch(desk, name: "a", settings: ["Resume=never"]).grant.resume == nil)
        }
    }

    @Test func tokenIsOnDiskWhenItsSetterIsTold() throws {
        try Desk.with { desk in
            let launch = try desk.start("a")
            let inside = try desk.client()
            #expect(try inside.ask(.setToken(session: "a", life: 1, token: "t")) == Reply())
            #expect(try tokensOnDisk(desk) == ["t"])
            // Nothing changes, so nothing is written, and nobody waits for that.
            #expect(try inside.ask(.setToken(session: "a", life: 1, token: "t")) == Reply())
            #expect(try inside.ask(.setToken(session: "a", life: 1, token: nil)) == Reply())
            #expect(try tokensOnDisk(desk) == [nil])
            withExtendedLifetime(launch) {}
        }
    }

    private func tokensOnDisk(_ desk: Desk) throws -> [String?] {
        desk.controller.records.load { (object) throws(WorldError) in object["token"]?.string }.records
    }

    @Test func tokenOfAnotherLifeIsRefusedInWords() throws {
        try Desk.with { desk in
            let launch = try desk.start("a")
            let inside = try desk.client()
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
        try Desk.with { desk in
            let stranger = try desk.client()
            for request in [Request.turn(.open), .remember("t")] {
                try stranger.send(Call(request.call.method, request.call.parameters).frame)
                #expect(try stranger.reply()?.error == "io.pinfold.NoLease")
            }
        }
    }
}
