import Glibc
import PinfoldLinux
import TestSupport
import Testing

/// Becomes the leader of a session with a terminal, and returns the other end of that.
private func takeTerminal() throws -> (keyboard: Int32, terminal: Int32) {
    var (keyboard, end): (Int32, Int32) = (-1, -1)
    try check(openpty(&keyboard, &end, nil, nil, nil) == 0)
    try check(setsid() > 0)
    // A session's leader gets the first terminal that it opens.
    return (keyboard, try OwnedDescriptor.open("/proc/self/fd/\(end)", .readWrite).release())
}

@Suite struct TerminalTests {
    @Test func childTakesTheForegroundBeforeItExecutes() async {
        await #expect(processExitsWith: .success) {
            try alone {
                let (_, number) = try takeTerminal()
                let terminal = OwnedDescriptor(owning: number)
                try check(terminal.isTerminal)
                try check(Terminal.foregroundGroup(of: terminal) == Terminal.ownGroup())
                guard case .some = Terminal.controlling() else { throw Missing("the terminal") }

                var options = SpawnOptions()
                options.processGroup = .own
                options.terminal = terminal.number
                var child = try PipedChild(Command("cat", ["/proc/self/stat"]), in: nil, options)
                let pid = child.process.pid
                let fields = try child.finish().output.split(separator: " ")
                try check(fields[4] == "\(pid)" && fields[7] == "\(pid)", "its group is the terminal's")

                try check(Terminal.foregroundGroup(of: terminal) == pid)
                try Terminal.setForegroundGroup(Terminal.ownGroup(), of: terminal)
                try check(Terminal.foregroundGroup(of: terminal) == Terminal.ownGroup(), "taken back, unstopped")
                try check(SignalSet.blocked() == [])
            }
        }
    }

    @Test func keyOnTheTerminalIsASignalOfTheKernel() async {
        await #expect(processExitsWith: .success) {
            try alone {
                // Its end would be a hang-up, so it stays open until the process ends.
                let (keyboard, _) = try takeTerminal()
                let intake = try SignalSource([.interrupt])
                try OwnedDescriptor.duplicating(keyboard).writeAll([3])
                _ = try waitFor(intake.descriptor.number, .readable, deadline: nil)
                let arrival = try unwrap(try intake.next())
                try check(arrival.signal == .interrupt && arrival.origin == .kernel, "\(arrival)")
            }
        }
    }

    @Test func stopIsSeenByTheParentAndEndsWithContinue() async {
        await #expect(processExitsWith: .success) {
            try alone {
                let change = try fork(watching: { held in
                    try check(try held.wait(stops: true, blocking: true) == .stopped(.terminalStop))
                    try held.send(.resume)
                    try check(try held.wait(stops: true, blocking: true) == .continued)
                }) {
                    // A group whose leader's parent is in the same session: others are not stopped by a terminal.
                    setpgid(0, 0)
                    // As in a launcher: with the signals taken by a descriptor.
                    let intake = try SignalSource([.terminalStop, .resume])
                    let before = SignalSet.blocked()
                    Terminal.stopSelf(.terminalStop)
                    try check(SignalSet.blocked() == before)
                    try check(try intake.next()?.signal == .resume)
                    try check(try intake.next() == nil, "the stop itself is not left over")
                }
                try check(change == .exited(0), "\(change)")
            }
        }
    }
}
