package import PinfoldCore
package import PinfoldLinux

/// Writes the lines of the log on a thread of its own. Whoever reads them may stop to, and the loop must not wait for
/// that. To make standard error non-blocking is no way: that belongs to the open file, which others have as well.
package final class LogThread {
    /// Bytes that wait to be written.
    private static let mostWaiting = 16 << 10
    private static let longestLine = 8 << 10

    private let worker: WorkerThread<Int>
    private let write: @Sendable (LogLine) -> Void
    private var waiting = 0
    private var dropped = 0

    /// - Parameter write: called on the thread, and may take as long as it likes.
    package init(write: @escaping @Sendable (LogLine) -> Void) throws(Errno) {
        worker = try WorkerThread()
        self.write = write
    }

    deinit {
        worker.abandon()
    }

    /// Whether lines were dropped that were not yet counted in the log.
    package var hasDropped: Bool { dropped > 0 }

    /// How long a line waits for room before it is dropped: not at all once there is a loop that others wait for.
    /// Before, a thousand records may have to be named at once.
    package var patience = Duration.zero

    package func notice(_ text: String, _ priority: LogLine.Priority = .information) {
        add(text, priority, about: nil)
    }

    package func log(_ event: LoggedEvent) {
        add(event.line, event.priority, about: event)
    }

    private func add(_ text: String, _ priority: LogLine.Priority, about event: LoggedEvent?) {
        collect()
        let line = PrintableText(text, most: Self.longestLine).description
        if dropped == 0, waiting + line.utf8.count > Self.mostWaiting { finish(within: patience) }
        guard dropped == 0, waiting + line.utf8.count <= Self.mostWaiting else {
            dropped += 1
            return
        }
        submit(LogLine(text: line, priority: priority, event: event))
    }

    /// Notes what was written. Once there is room again, the lines that found none are counted in one, before any
    /// other.
    package func collect() {
        while let size = worker.takeResult() { waiting -= size }
        guard dropped > 0, waiting <= Self.mostWaiting / 2 else { return }
        let text =
            "\(Wording.count(dropped, "line")) of this log \(dropped == 1 ? "was" : "were") dropped: nobody read it"
        submit(LogLine(text: text, priority: .warning, event: nil))
        dropped = 0
    }

    /// Waits until everything is written, and no longer than this for the reader.
    package func finish(within patience: Duration) {
        let deadline = MonotonicClock.now().advanced(by: patience)
        while waiting > 0, MonotonicClock.now() < deadline {
            _ = try? waitFor(worker.resultsDescriptor, .readable, deadline: deadline)
            collect()
        }
    }

    private func submit(_ line: LogLine) {
        waiting += line.text.utf8.count
        worker.submit { [write] in
            write(line)
            return line.text.utf8.count
        }
    }
}
