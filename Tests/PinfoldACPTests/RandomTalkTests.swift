import Foundation
import Testing

@testable import PinfoldACP

@Suite struct RandomTalkTests {
    /// Fewer under the sanitizers, which look for other things and are many times slower.
    private static let talks = ProcessInfo.processInfo.environment["PINFOLD_HISTORIES"].flatMap { Int($0) } ?? 2_000
    private static let batches = 20

    @Test(arguments: 0..<batches)
    func everyRequestHasOneAnswerAndEveryPromptArrivesOnceAtMost(batch: Int) {
        let size = Self.talks / Self.batches
        var deliveries = 0
        var returns = 0
        for seed in batch * size..<(batch + 1) * size {
            var talk = RandomTalk(seed: UInt64(seed))
            talk.run(steps: 150)
            deliveries += talk.deliveries
            returns += talk.returns
            if !talk.violations.isEmpty {
                Issue.record("seed \(seed): \(Set(talk.violations).sorted().joined(separator: "; "))")
            }
        }
        // Talks in which nothing happens would prove nothing.
        #expect(deliveries > size)
        #expect(returns > size / 2)
    }
}
