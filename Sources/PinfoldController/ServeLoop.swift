import PinfoldCore
import PinfoldLinux

/// Runs a controller until a signal, or until its command has ended.
package enum ServeLoop {
    private enum Source {
        static let signals: UInt64 = 0
        static let command: UInt64 = 1
    }

    /// - Parameters:
    ///   - journal: where the lines of the log go; nil for none.
    ///   - write: a line for the log that the journal did not take; it may block.
    /// - Returns: the exit status; the command's where there is one.
    package static func run(
        _ options: ServeOptions, journal: Journal?, write: @escaping @Sendable (String) -> Void
    ) -> Int32 {
        let ignored: SignalSet
        let log: LogThread
        do throws(Errno) {
            // First: what is opened next must not become standard error.
            try fillStandardDescriptors()
            ignored = SignalSet.ignored()
            SignalSet.ignoreBrokenPipe()
            log = try LogThread { line in
                if journal?.take(line) != true { write(line.text) }
            }
        } catch {
            write("cannot start a thread for the log: \(error)")
            return 1
        }
        defer { log.finish(within: .seconds(2)) }
        do {
            return try start(options, ignored, log)
        } catch let failure as ServeFailure {
            // Complaints about policies have a line each.
            for line in failure.description.split(separator: "\n") { log.notice(String(line), .error) }
            return failure.exitCode
        } catch {
            log.notice("\(error)", .error)
            return 1
        }
    }

    private static func start(
        _ options: ServeOptions, _ ignored: SignalSet, _ log: LogThread
    ) throws -> Int32 {
        let notice: (String) -> Void = { log.notice($0) }
        // Before there are workers: a thread that does not block them would be killed by them.
        let signals = try SignalSource([.terminate, .interrupt, .hangUp, .child])
        let openFiles = try raiseOpenFilesLimit()
        log.patience = .seconds(2)
        let before = BeforeStart(slice: options.slice)
        let controller: Controller
        do {
            controller = try ControllerStart(options: options, notice: notice, report: { log.log($0) }) {
                Instant(nanoseconds: MonotonicClock.now().nanoseconds)
            }.run()
        } catch {
            before.clear()
            throw error
        }
        log.patience = .zero
        try controller.watch(signals.descriptor.number, as: Source.signals)
        var command: HarnessCommand?
        if !options.command.isEmpty, let world = controller.world as? SliceWorld {
            let started = try HarnessCommand(
                options.command, in: world.held, socket: controller.configuration.socket, openFiles: openFiles,
                ignored: ignored)
            try controller.watch(started.descriptor, as: Source.command)
            command = consume started
        }
        let notifier = try options.service.map { service throws(Errno) in
            try ServiceNotifier(service, at: controller.clock())
        }
        // systemd signals every process of a unit that stops. Then the sessions end in any case; so they are ended in
        // order, and can come back.
        let endsSessions = options.isService && before.wasInSlice
        return try loop(controller, signals, command, notifier, log, endsSessions: endsSessions)
    }

    private static func loop(
        _ controller: Controller, _ signals: borrowing SignalSource, _ given: consuming HarnessCommand?,
        _ notifying: consuming ServiceNotifier?, _ log: LogThread, endsSessions: Bool
    ) throws -> Int32 {
        var command = given
        var notifier = notifying
        var exitCode: Int32?
        notifier?.ready(controller.pool.status)
        while !controller.isDone {
            log.collect()
            notifier?.update(controller.pool.status, isLeaving: controller.isLeaving, at: controller.clock())
            // No event may come until the log is read again.
            let patience = [
                log.hasDropped ? .milliseconds(500) : nil,
                notifier?.patience(controller.pool.status, at: controller.clock()),
            ].compactMap { $0 }.min()
            for source in try controller.turn(patience: patience) {
                while source == Source.signals, let arrival = try signals.next() {
                    switch arrival.signal {
                    case .terminate, .interrupt:
                        if command?.send(arrival.signal) == nil {
                            controller.dispatch(.shutdown(endingSessions: endsSessions))
                        }
                    case .hangUp:
                        notifier?.reloading()
                        // The event log has the diagnostics already.
                        try? controller.reloadPolicies()
                        notifier?.ready(controller.pool.status)
                    default:
                        if ownProcessID() == 1 { exitCode = exitCode ?? reapOrphans(command?.processID) }
                    }
                }
                if source == Source.command, exitCode == nil { exitCode = command?.poll() ?? nil }
            }
            guard let exitCode, !controller.isLeaving, let ended = command.take() else { continue }
            log.notice("\(ended.name) ended with status \(exitCode); ending all sessions")
            controller.unwatch(ended.descriptor)
            ended.clear()
            controller.dispatch(.shutdown(endingSessions: true))
        }
        let isKept = controller.settle()
        let left = controller.pool.residentCount
        log.notice(
            left == 0 ? "left" : "left; \(Wording.count(left, "session")) went on and wait for the next controller")
        return exitCode ?? (isKept ? 0 : 1)
    }

    /// As PID 1 every orphan of the container is ours, and a zombie until it is reaped.
    ///
    /// - Returns: the command's exit status, should it have been among them.
    private static func reapOrphans(_ command: ProcessID?) -> Int32? {
        var status: Int32?
        while let (process, end) = reapAnyChild() {
            guard process == command else { continue }
            switch end {
            case .exited(let code): status = code
            case .signaled(let signal, _): status = CommandStatus.signaled(signal.rawValue).code
            case .stopped, .continued: break
            }
        }
        return status
    }
}

extension Controller {
    /// Waits until the records are on disk, and no longer than this for a disk that does not take them.
    ///
    /// - Returns: false if some are not; the log names them.
    func settle(within patience: Duration = .seconds(10)) -> Bool {
        let deadline = MonotonicClock.now().advanced(by: patience)
        while !records.isSettled, MonotonicClock.now() < deadline {
            records.hurry()
            guard (try? turn(patience: .milliseconds(100))) != nil else { break }
        }
        guard let unsaved = records.unsaved else { return true }
        records.abandon()
        let names = unsaved.sessions.prefix(20).map(\.text).joined(separator: ", ")
        let more = unsaved.sessions.count > 20 ? " and \(unsaved.sessions.count - 20) more" : ""
        configuration.sayings(
            "left without the records of \(Wording.count(unsaved.sessions.count, "session")): \(names)\(more); "
                + "\(unsaved.reason); the next controller knows them as they were recorded before, or not at all")
        return false
    }
}
