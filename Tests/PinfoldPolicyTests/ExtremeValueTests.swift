import PinfoldCore
import TestSupport
import Testing

@testable import PinfoldPolicy

/// What reads a policy must come back from any value of any key, and what is made of it fits.
@Suite struct ExtremeValueTests {
    private static let values = Extremes.settings(Extremes.integers)
    /// A machine without memory, a usual one, and what no machine is.
    private static let machines: [(memory: UInt64, tasks: UInt64)] = [(0, 0), (16 << 30, 32_768), (.max, .max)]

    @Test(arguments: SessionKeys.all.map(\.name))
    func anyValueOfASessionKeyIsRefusedOrFits(name: String) throws {
        let key = try #require(SessionKeys.key(name))
        var accepted = 0
        for value in Self.values {
            var policy = SessionPolicy()
            guard (try? key.apply(value, to: &policy)) != nil else { continue }
            accepted += 1
            var again = SessionPolicy()
            try key.apply(key.write(policy), to: &again)
            #expect(again == policy, "\(name)=\(value)")
            _ = key.loosens(SessionPolicy(), policy)
            for machine in Self.machines {
                let budget = PoolBudget(policy: PoolPolicy(), effectiveLimit: machine.memory, taskLimit: machine.tasks)
                let limits = SessionLimits(policy, within: budget)
                #expect(limits.cpuQuota.map { $0 <= 81_920_000 } ?? true)
            }
        }
        #expect(accepted > 0)
        for isPrivileged in [false, true] {
            for value in ["", String(repeating: "9", count: 2_000_000)] {
                _ = try? SettingsOverlay.apply(
                    ["\(name)=\(value)"], to: SessionPolicy(), named: "a", mayLoosen: isPrivileged)
            }
        }
    }

    @Test(arguments: PoolKeys.all.map(\.name))
    func anyValueOfAPoolKeyIsRefusedOrFits(name: String) throws {
        let key = try #require(PoolKeys.all.first { $0.name == name })
        var accepted = 0
        for value in Self.values {
            var policy = PoolPolicy()
            guard (try? key.apply(value, to: &policy)) != nil else { continue }
            accepted += 1
            var again = PoolPolicy()
            try key.apply(key.write(policy), to: &again)
            #expect(again == policy, "\(name)=\(value)")
            for machine in Self.machines {
                _ = PoolBudget(policy: policy, effectiveLimit: machine.memory, taskLimit: machine.tasks)
            }
        }
        #expect(accepted > 0)
    }
}
