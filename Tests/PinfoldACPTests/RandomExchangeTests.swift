import Foundation
import Testing

@testable import PinfoldACP

@Suite struct RandomExchangeTests {
    /// Fewer under the sanitizers, which look for other things and are many times slower.
    private static let exchanges = ProcessInfo.processInfo.environment["PINFOLD_HISTORIES"].flatMap { Int($0) } ?? 2_000
    private static let batches = 20

    @Test(arguments: 0..<batches)
    func everyRequestHasOneAnswerAndEveryPromptArrivesOnceAtMost(batch: Int) {
        let size = Self.exchanges / Self.batches
        var deliveries = 0
        var returns = 0
        for seed in batch * size..<(batch + 1) * size {
            var exchange = RandomExchange(seed: UInt64(seed))
            exchange.run(steps: 150)
            deliveries += exchange.deliveries
            returns += exchange.returns
            if !exchange.violations.isEmpty {
                Issue.record("seed \(seed): \(Set(exchange.violations).sorted().joined(separator: "; "))")
            }
        }
        // Talks in which nothing happens would prove nothing.
        #expect(deliveries > size)
        #expect(returns > size / 2)
    }
}
