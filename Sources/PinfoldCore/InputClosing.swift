/// How an ending is put to a launcher: what it needs to know to agree with the controller on whether the life goes on.
///
/// A prompt may be on its way to the agent while the controller decides that it was idle for long enough. Whoever then
/// acts on what it knows must come to the same result as the other: see docs/decisions/0007.
package struct InputClosing: Hashable, Sendable {
    /// `StdinCloseSec=`: how long the command is given to leave by itself, milliseconds.
    package let milliseconds: UInt64
    /// How many reports of turns over this lease the decision is based on.
    package let reports: UInt64
    /// Whether a report that is not among them takes the ending back. Then a launcher that has made one does nothing,
    /// and one that has made none closes the input and reports no more.
    package let isRefusable: Bool

    package init(milliseconds: UInt64, reports: UInt64, isRefusable: Bool) {
        self.milliseconds = milliseconds
        self.reports = reports
        self.isRefusable = isRefusable
    }
}
