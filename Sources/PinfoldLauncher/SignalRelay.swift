import PinfoldCore
import PinfoldLinux

/// Which signals reach the command through us, and which have reached it already.
///
/// With a terminal the command is in our own process group, as with no launcher in between: what a key sends goes to
/// both, and must not be passed on a second time. Without one the command has a group of its own, so that a signal to
/// our group reaches it once, through us.
struct SignalRelay {
    static let relayed: SignalSet = [
        .interrupt, .terminate, .hangUp, .quit, .windowSize, .user1, .user2, .terminalStop, .resume,
    ]

    let hasTerminal: Bool
    /// What the terminal has sent, to us and to the command.
    private var felt: SignalSet = []
    /// Whether SIGCONT was passed on since no signal was waiting.
    private var hasPassedResumeOn = false

    init(hasTerminal: Bool = Terminal.controlling() != nil) {
        self.hasTerminal = hasTerminal
    }

    var processGroup: SpawnOptions.ProcessGroup { hasTerminal ? .inherited : .own }

    /// Whether a signal that came to us is still to be passed on.
    mutating func forwards(_ arrival: SignalSource.Arrival) -> Bool {
        guard Self.relayed.contains(arrival.signal) else { return false }
        guard hasTerminal, arrival.origin == .kernel else {
            if arrival.signal == .resume { hasPassedResumeOn = true }
            return true
        }
        felt.insert(arrival.signal)
        // The stop key may have been pressed between the shell's SIGCONT and ours, which then undid the stop. Whoever
        // is stopped already does not notice a second one: SIGCONT discards it.
        return arrival.signal == .terminalStop && hasPassedResumeOn
    }

    /// No signal is waiting: one that arrives from now on was sent after all that was passed on.
    mutating func recordNoneWaiting() {
        hasPassedResumeOn = false
    }

    /// The command has stopped: with a terminal our shell must see us stop too, and take the terminal back. Without one
    /// no shell would continue us, and the lease would depend on a stopped process.
    func mirror(_ change: ProcessChange) {
        guard hasTerminal, case .stopped(let signal) = change else { return }
        Terminal.stopSelf(signal)
    }

    /// The command has ended. If a key ended it, we end of the same: our shell asks how its child died, and would take
    /// an exit with 130 for a command that has dealt with Ctrl-C by itself, and go on with the next one.
    func mirror(_ end: CommandStatus) {
        guard case .signaled(let number) = end, felt.contains(Signal(rawValue: number)) else { return }
        Terminal.endSelf(Signal(rawValue: number))
    }
}
