package import PinfoldCore

/// A line of the log, and what a log with fields can keep of it besides its text.
package struct LogLine: Sendable, CustomStringConvertible {
    /// As syslog(3) counts them.
    package enum Priority: Int, Sendable {
        case error = 3
        case warning = 4
        case notice = 5
        case information = 6
    }

    package let text: String
    package let priority: Priority
    /// The event that the line is about; nil where it is about none.
    package let event: LoggedEvent?

    package var description: String { text }
}

extension LoggedEvent {
    package var priority: LogLine.Priority {
        switch name {
        case .nothingEvictable, .stuck, .callFailed, .tokenRefused, .memoryEvent, .policyRejected, .recordSetAside,
            .recordFailed:
            .warning
        case .victimChosen, .turnCancelled, .refused, .leaseLost:
            .notice
        case .queued, .admitted, .started, .busy, .idle, .waiting, .stopping, .suspended, .ended, .reinstated,
            .leaseTaken, .limitChanged, .pinned, .unpinned, .frozen, .thawed, .reclaimed, .adopted, .policyReloaded,
            .recordsKept:
            .information
        }
    }
}
