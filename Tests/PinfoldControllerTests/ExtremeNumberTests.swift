import PinfoldCore
import PinfoldJSON
import PinfoldPolicy
import PinfoldProtocol
import TestSupport
import Testing

@testable import PinfoldController

/// A controller that is told any number in any place answers, and goes on.
@Suite struct ExtremeNumberTests {
    private static let values = Extremes.fewIntegers + Extremes.others

    private func answer(_ client: TestClient, _ call: Extremes.Call, _ member: String, _ value: String) throws {
        try client.send(call.frame(with: member, value) + [0])
        let reply = try client.reply()
        #expect(reply != nil, "\(call.method) \(member) \(value.prefix(60))")
    }

    private func expectOrder(_ harness: ControllerHarness) throws {
        #expect(try harness.client().ask(.list).error == nil)
    }

    @Test func everyCallIsAnswered() throws {
        try ControllerHarness.with { harness in
            let launch = try harness.start("a")
            let client = try harness.client()
            for call in Extremes.calls {
                for (name, _) in call.members {
                    for value in Self.values + [Extremes.longText] { try answer(client, call, name, value) }
                }
            }
            for call in Extremes.leaseCalls {
                for (name, _) in call.members {
                    for value in Self.values { try answer(launch.client, call, name, value) }
                }
            }
            for number in Self.values {
                for turns in Extremes.turns(number) {
                    try answer(launch.client, Extremes.leaseCalls[2], "turns", turns)
                }
            }
            try expectOrder(harness)
        }
    }

    @Test func everyRequestForASessionIsAnswered() throws {
        try ControllerHarness.with { harness in
            for (name, _) in Extremes.opening.members {
                for value in Self.values + [Extremes.longText] {
                    let client = try harness.client()
                    try answer(client, Extremes.opening, name, value)
                    client.hangUp()
                    try harness.pass(.seconds(5))
                }
            }
            try expectOrder(harness)
        }
    }

    @Test func everyEndOfACommandIsAnswered() throws {
        try ControllerHarness.with { harness in
            for call in Extremes.lastCalls {
                for (name, _) in call.members {
                    for value in Self.values {
                        let launch = try Launch(harness, name: "a")
                        try answer(launch.client, call, name, value)
                        launch.client.hangUp()
                        try harness.turn(
                            until: {
                                try harness.pass(.seconds(1))
                                return harness.controller.pool.residentCount == 0
                            }, "the end of a")
                    }
                }
            }
            try expectOrder(harness)
        }
    }

    @Test(arguments: SessionKeys.all.map(\.name))
    func everySettingIsAnswered(key: String) throws {
        try ControllerHarness.with { harness in
            let launch = try harness.start("a")
            let client = try harness.client()
            for value in Extremes.settings(Extremes.fewIntegers) {
                let reply = try client.ask(.set("a", settings: ["\(key)=\(value)"]))
                #expect(reply.error == nil || reply.error == "io.pinfold.Rejected", "\(key)=\(value)")
            }
            try expectOrder(harness)
            withExtendedLifetime(launch) {}
        }
    }

    /// Each member of a record: what is accepted is adopted, asked for again, and looked at to the end of time.
    @Test func everyRecordIsRefusedOrAdopted() throws {
        var session = Session(
            id: try SessionID("a"), owner: UserID(1000), policyName: "default", policy: SessionPolicy(), settings: [],
            lastActivity: Instant(nanoseconds: 77))
        session.lives = 4
        session.cause = .startFailed("no", exit: 1)
        let life = SessionRecord.LifeRecord(inode: 7, processID: 42, placement: .attach, keepsTree: false)
        let record = SessionRecord(session: session, boot: "b", life: life).json
        let changes = try Self.values.flatMap { text in
            let value = try JSON.parse(Array(text.utf8))
            return record.keys.map { key in
                var changed = record
                changed[key] = value
                return changed
            }
                + ["inode", "pid", "placement", "keepTree"].map { key in
                    var (changed, inner) = (record, record["life"]?.object ?? [:])
                    inner[key] = value
                    changed["life"] = .object(inner)
                    return changed
                }
                + ["kind", "message", "exit"].map { key in
                    var (changed, inner) = (record, record["cause"]?.object ?? [:])
                    inner[key] = value
                    changed["cause"] = .object(inner)
                    return changed
                }
        }
        var accepted = 0
        for json in changes {
            let now = Instant(nanoseconds: 1_000)
            guard
                let read = try? SessionRecord(
                    json: json, boot: "b", now: now, policy: { (SessionPolicy(), $1) })
            else { continue }
            accepted += 1
            try goOn(with: read, from: now)
        }
        #expect(accepted > 0 && accepted < changes.count)
    }

    private func goOn(with record: SessionRecord, from now: Instant) throws {
        let budget = PoolBudget(policy: PoolPolicy(), effectiveLimit: 8 << 30, taskLimit: 32_768)
        for isAlive in [true, false] {
            var pool = SessionPool(budget: budget)
            let facts = CreationFacts(enforcement: .kernel, unenforced: [])
            let adoptedLife = Adoption.AdoptedLife(
                facts: facts, processID: record.life?.processID, placement: record.life?.placement, keepsTree: false)
            _ = pool.handle(
                .adopted([Adoption(session: record.session, adoptedLife: isAlive ? adoptedLife : nil)]), at: now)
            let request = SessionRequest(
                client: ClientID(1), session: record.session.id, owner: record.session.owner, isPrivileged: true,
                policyName: "default", policy: SessionPolicy(), settings: [], patience: nil, keepsTree: false)
            _ = pool.handle(.requested(request), at: now)
            _ = pool.handle(.snapshot(MemorySnapshot()), at: now)
            for moment in [now + .seconds(100), Instant(nanoseconds: .max)] {
                _ = pool.handle(.timePassed, at: moment)
                _ = pool.explain(at: moment)
            }
            let again = try #require(pool.sessions[record.session.id])
            #expect(SessionRecord(session: again, boot: "b", life: nil).json["lives"]?.uint64 ?? .max <= LifeID.largest)
        }
    }
}
