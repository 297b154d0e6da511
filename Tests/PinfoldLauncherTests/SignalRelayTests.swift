import PinfoldLinux
import Testing

@testable import PinfoldLauncher

@Suite struct SignalRelayTests {
    private static let stopKey = SignalSource.Arrival(signal: .terminalStop, code: 0x80)
    private static let resume = SignalSource.Arrival(signal: .resume, code: 0, sender: 1)

    /// What becomes of signals that arrive one after the other, without a moment in which none is waiting.
    private func passed(_ arrivals: SignalSource.Arrival..., hasTerminal: Bool = true) -> [Bool] {
        var relay = SignalRelay(hasTerminal: hasTerminal)
        return arrivals.map { relay.forwards($0) }
    }

    @Test func keyOfTheTerminalIsNotPassedOn() {
        #expect(passed(Self.stopKey) == [false])
    }

    @Test func keyWithoutATerminalIsPassedOn() {
        #expect(passed(Self.stopKey, hasTerminal: false) == [true])
    }

    /// The command got the key before the SIGCONT that we passed on, and runs: its shell would wait for a stop that was undone.
    @Test func stopKeyThatOurResumeMayHaveUndoneIsPassedOn() {
        #expect(passed(Self.resume, Self.stopKey) == [true, true])
    }

    @Test func stopKeyPressedAfterOurResumeIsNotPassedOn() {
        var relay = SignalRelay(hasTerminal: true)
        let passesResumeOn = relay.forwards(Self.resume)
        relay.recordNoneWaiting()
        let passesStopOn = relay.forwards(Self.stopKey)
        #expect(passesResumeOn && !passesStopOn)
    }
}
