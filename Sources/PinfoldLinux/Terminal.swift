import CPinfoldLinux
import Glibc

/// Job control on a terminal. See termios(3), credentials(7).
package enum Terminal {
    /// The terminal this process belongs to; nil where it has none.
    package static func controlling() -> OwnedDescriptor? {
        try? .open("/dev/tty", .readWrite)
    }

    /// The process group in the terminal's foreground; nil where it is no terminal of this process's session.
    ///
    /// The corresponding C function is `tcgetpgrp`.
    package static func foregroundGroup(of terminal: borrowing OwnedDescriptor) -> ProcessID? {
        let group = tcgetpgrp(terminal.number)
        return group < 0 ? nil : group
    }

    /// Puts a process group into the terminal's foreground.
    ///
    /// From the background too: SIGTTOU, which would stop us, is blocked meanwhile.
    /// - Throws: ENOTTY, EPERM where the group is not of this session.
    ///
    /// The corresponding C function is `tcsetpgrp`.
    package static func setForegroundGroup(
        _ group: ProcessID, of terminal: borrowing OwnedDescriptor
    ) throws(Errno) {
        let number = terminal.number
        let before = SignalSet.blocked()
        var blocked = before
        blocked.insert(.terminalOutput)
        blocked.block()
        defer { before.block() }
        try retried("tcsetpgrp") { tcsetpgrp(number, group) }
    }

    /// The process group this process is in.
    package static func ownGroup() -> ProcessID { getpgrp() }

    /// Stops this process as the signal would by default, and returns when it is continued.
    ///
    /// So that the parent process sees the stop of our child, with the same signal.
    package static func stopSelf(_ signal: Signal) {
        takeDefault(signal)
    }

    /// Ends this process as the signal would by default, but leaves no core file: the parent
    /// must see the signal that ended our child, which has left a core file already.
    package static func endSelf(_ signal: Signal) {
        pinfold_forbid_core()
        takeDefault(signal)
    }

    private static func takeDefault(_ signal: Signal) {
        let number = signal.rawValue
        var (standard, before) = (sigaction(), sigaction())
        unsafe standard.__sigaction_handler.sa_handler = SIG_DFL
        unsafe sigaction(number, &standard, &before)
        let mask = SignalSet.blocked()
        // To this thread, while it is blocked: then it is delivered here, at the moment it is let through.
        raise(number)
        SignalSet(bits: mask.bits & ~SignalSet([signal]).bits).block()
        mask.block()
        unsafe sigaction(number, &before, nil)
    }
}
