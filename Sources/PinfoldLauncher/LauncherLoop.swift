import PinfoldCore
import PinfoldLinux

/// Where a launcher stands, whatever it starts: its poller, the signals that are meant for its command, its parent.
struct LauncherLoop: ~Copyable {
    let signals: SignalSource
    var relay = SignalRelay()
    /// When the harness dies, its sessions have no client left.
    let parent: Pidfd?
    var poller: Poller
    private let ignored: SignalSet

    init() throws {
        try fillStandardDescriptors()
        let ignored = SignalSet.ignored()
        SignalSet.ignoreBrokenPipe()
        let signals = try SignalSource(SignalSet(bits: SignalRelay.relayed.bits | SignalSet([.child]).bits))
        let poller = try Poller(capacity: 16)
        let parent = try Self.watchParent(poller)
        try poller.add(signals.descriptor.number, token: LaunchToken.signals, for: .readable)
        self.ignored = ignored
        self.signals = signals
        self.poller = poller
        self.parent = parent
    }

    private static func watchParent(_ poller: borrowing Poller) throws -> Pidfd? {
        let process = parentProcessID()
        // 0: in another PID namespace, and out of sight. 1: the process that adopts orphans; it does not die before us.
        guard process > 1 else { return nil }
        guard let parent = try? Pidfd(process), parentProcessID() == process else {
            throw LaunchFailure("our parent is gone already", exitCode: ExitCode.failed)
        }
        try poller.add(parent.descriptor.number, token: LaunchToken.parent, for: .readable)
        return parent
    }

    /// What every command is started with.
    var spawnOptions: SpawnOptions {
        var options = SpawnOptions()
        options.ignoredSignals = ignored
        options.processGroup = relay.processGroup
        // Whatever the caller left open is meant for the command; all of ours close by themselves.
        options.closingFrom = .max
        return options
    }

    /// The next signal that came; nil where none is waiting.
    mutating func nextSignal() throws(Errno) -> SignalSource.Arrival? {
        let arrival = try signals.next()
        if arrival == nil { relay.recordNoneWaiting() }
        return arrival
    }

    /// While there is no command, a signal means us.
    ///
    /// - Parameter exitCode: what to exit with; nil for that of the signal.
    mutating func leaveOnSignal(_ doing: String, exitCode: Int32? = nil, log: (String) -> Void) throws {
        while let arrival = try nextSignal() {
            switch arrival.signal {
            case .terminalStop: Terminal.stopSelf(.terminalStop)
            case .interrupt, .terminate, .hangUp, .quit:
                let end = CommandStatus.signaled(arrival.signal.rawValue)
                let failure = LaunchFailure("\(doing): \(arrival.signal)", exitCode: exitCode ?? end.code)
                if !relay.forwards(arrival) {
                    log(failure.description)
                    relay.mirror(end)
                }
                throw failure
            default: break
            }
        }
    }
}
