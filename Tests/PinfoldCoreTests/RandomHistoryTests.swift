import Foundation
import Testing

@testable import PinfoldCore

@Suite struct RandomHistoryTests {
    /// Fewer under the sanitizers, which look for other things and are many times slower.
    private static let histories =
        ProcessInfo.processInfo.environment["PINFOLD_HISTORIES"].flatMap { Int($0) } ?? 10_000
    private static let batches = 20

    @Test(arguments: 0..<batches)
    func whatMustHoldHoldsInEveryHistory(batch: Int) {
        let size = Self.histories / Self.batches
        var evictions = 0
        var ends = 0
        var reinstatements = 0
        var hungTurns = 0
        for seed in batch * size..<(batch + 1) * size {
            var history = RandomHistory(seed: UInt64(seed))
            history.run(steps: 60)
            evictions += history.evictions
            ends += history.ends
            reinstatements += history.reinstatements
            hungTurns += history.hungTurns
            if !history.violations.isEmpty {
                Issue.record("seed \(seed): \(Set(history.violations).sorted().joined(separator: "; "))")
            }
        }
        // Histories in which nothing happens would prove nothing.
        #expect(evictions > size / 2)
        #expect(ends > size)
        // In the few of a sanitizer these are too rare to be counted on.
        guard size >= 100 else { return }
        #expect(reinstatements > size / 20)
        #expect(hungTurns > size / 20)
    }

    @Test func equalHistoriesLeadToEqualDecisions() {
        for seed in 0..<200 {
            var traces: [[String]] = []
            for _ in 0..<2 {
                var history = RandomHistory(seed: UInt64(seed), isTraced: true)
                history.run(steps: 60)
                traces.append(history.trace)
            }
            #expect(traces[0] == traces[1])
        }
    }
}
