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

    init() {
        hasTerminal = Terminal.controlling() != nil
    }

    var processGroup: SpawnOptions.ProcessGroup { hasTerminal ? .inherited : .own }

    /// Whether a signal that came to us is still to be passed on.
    func passesOn(_ arrival: SignalIntake.Arrival) -> Bool {
        guard Self.relayed.contains(arrival.signal) else { return false }
        return !(hasTerminal && arrival.origin == .kernel)
    }

    /// The command has stopped: with a terminal our shell must see us stop too, and take the terminal back. Without one
    /// nobody would ever continue us, and the lease would hang on a stopped process.
    func mirror(_ change: ProcessChange) {
        guard hasTerminal, case .stopped(let signal) = change else { return }
        Terminal.stopSelf(signal)
    }
}
