import PinfoldCore
import PinfoldJSON
import TestSupport
import Testing

@testable import PinfoldProtocol

/// What reads a call must come back from any number in any place; most tests only show that it does.
@Suite struct ExtremeCallTests {
    static let calls = Extremes.calls + [Extremes.opening] + Extremes.leaseCalls + Extremes.lastCalls

    private func read(_ frame: [UInt8]) throws -> Request? {
        do {
            return try Request(Call(frame: frame))
        } catch is InterfaceError {
            return nil
        }
    }

    @Test func callsAreRightAsTheyStand() throws {
        for call in Self.calls { #expect(try read(call.frame()) != nil, "\(call.method)") }
    }

    @Test func anyNumberInAnyPlaceIsReadOrRefused() throws {
        for call in Self.calls {
            for (name, _) in call.members {
                for value in Extremes.integers + Extremes.others { _ = try read(call.frame(with: name, value)) }
            }
        }
        for number in Extremes.integers + Extremes.others {
            for turns in Extremes.turns(number) {
                guard case .turn(let report)? = try read(Extremes.leaseCalls[2].frame(with: "turns", turns)) else {
                    continue
                }
                #expect(report.turns?.allSatisfy { $0.milliseconds <= 9_223_372_036_854 } == true)
            }
        }
    }

    @Test func textAsLongAsACallIsReadOrRefused() throws {
        for call in Self.calls where !call.members.isEmpty {
            for (name, _) in call.members { _ = try read(call.frame(with: name, Extremes.longText)) }
        }
    }

    /// What a launcher or a command of ours calculates with what a controller says.
    @Test func anyNumberFromAControllerIsReadOrRefused() throws {
        let granted: JSONObject = [
            "event": "granted", "session": "a", "life": 1, "cgroup": "", "policy": "", "enforcement": "none",
            "socket": "", "graceMilliseconds": 0,
        ]
        let cause: JSON = ["kind": "exited", "message": "", "status": 0]
        let events: [JSONObject] = [
            granted, ["event": "queued", "position": 1], ["event": "cancel_turn", "cause": cause, "turn": 1],
            ["event": "close_input", "cause": cause, "milliseconds": 0, "reports": 0, "refusable": false],
            ["event": "ended", "cause": cause, "suspended": false, "exitCode": 0],
        ]
        for text in Extremes.integers + Extremes.others {
            let value = try JSON.parse(Array(text.utf8))
            for event in events {
                for key in event.keys {
                    var changed = event
                    changed[key] = value
                    guard let read = try? LeaseEvent(Reply(["lease": .object(changed)])) else { continue }
                    #expect(try LeaseEvent(read.reply) == read)
                }
            }
            var session = try #require(description().json.object)
            for key in session.keys {
                let before = session[key]
                session[key] = value
                if let read = try? SessionDescription(json: session) {
                    _ = Wording.span(.seconds(Int64(read.idleSeconds ?? 0)))
                }
                session[key] = before
            }
        }
    }
}
