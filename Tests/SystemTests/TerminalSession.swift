import Foundation
import Glibc
import PinfoldLinux
import TestSupport

/// An interactive shell on a terminal of its own, as a user has it: what is typed here are keys, not calls.
final class TerminalSession {
    /// Keys with a meaning to the terminal.
    enum Key: UInt8 {
        /// Ctrl-C
        case interrupt = 3
        /// Ctrl-D
        case end = 4
        /// Ctrl-Z
        case stop = 26
        /// Ctrl-\
        case quit = 28
    }

    /// What each shell must be told, to read keys from a terminal and to be silent about itself.
    static let shells = [
        "bash": ["bash", "--norc", "--noprofile", "--noediting", "-i"], "dash": ["sh", "-i"],
    ]

    private var shell: ChildProcess
    private var terminal: Pseudoterminal?
    private var bytes: [UInt8] = []
    /// Where in the output the last wait stopped.
    private var seen = 0

    /// - Parameter name: one of `shells`.
    init(_ rig: Rig, shell name: String = "bash") throws {
        let terminal = try Pseudoterminal()
        // Without an echo what comes out was written by programs.
        var mode = termios()
        tcgetattr(terminal.keyboard.number, &mode)
        mode.c_lflag &= ~tcflag_t(ECHO)
        mode.c_oflag &= ~tcflag_t(OPOST)
        tcsetattr(terminal.keyboard.number, TCSANOW, &mode)

        let words = Self.shells[name] ?? []
        // A session's leader gets the first terminal that it opens.
        var command = Command(
            "sh",
            ["-c", #"t=$0; exec "$@" <"$t" >"$t" 2>&1"#, ByteString(terminal.path)]
                + words.map { ByteString($0) })
        command.set("PINFOLD_SOCKET", rig.socket)
        let link = rig.folder + "/pinfold"
        if !FileManager.default.fileExists(atPath: link) {
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: Program.pinfold)
        }
        command.set("PATH", "\(rig.folder):/usr/local/bin:/usr/bin:/bin")
        command.set("PS1", "prompt> ")
        command.set("ENV", "")
        command.set("TERM", "dumb")
        command.set("LC_ALL", "C")
        var options = SpawnOptions()
        options.processGroup = .newSession
        shell = try Child.spawn(command, options: options)
        self.terminal = consume terminal
        try resize(rows: 24, columns: 80)
        try prompt()
    }

    deinit {
        _ = try? shell.send(.kill)
        _ = try? shell.wait()
    }

    // MARK: The user

    /// Types a line.
    func type(_ line: String) throws {
        try write(Array("\(line)\n".utf8))
    }

    func press(_ key: Key) throws {
        try write([key.rawValue])
    }

    private func write(_ bytes: [UInt8]) throws {
        switch terminal {
        case .some(let terminal): try terminal.keyboard.writeAll(bytes)
        case .none: throw Missing("a keyboard")
        }
    }

    /// Makes the window so large.
    func resize(rows: UInt16, columns: UInt16) throws {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        switch terminal {
        case .some(let terminal): _ = ioctl(terminal.keyboard.number, UInt(TIOCSWINSZ), &size)
        case .none: throw Missing("a keyboard")
        }
    }

    /// The window is closed, or the connection lost.
    func hangUp() {
        terminal = nil
    }

    // MARK: The screen

    /// Everything that has come out so far.
    var screen: String { String(decoding: bytes, as: UTF8.self) }

    /// Waits until a text has come out behind the last one that was waited for.
    ///
    /// - Returns: what came out before it.
    @discardableResult
    func expect(_ text: String) throws -> String {
        let deadline = MonotonicClock.now().advanced(by: Rig.patience)
        let wanted = Array(text.utf8)
        while true {
            if let at = find(wanted) {
                let before = String(decoding: bytes[seen..<at], as: UTF8.self)
                seen = at + wanted.count
                return before
            }
            guard try read(deadline) else { throw Missing("'\(text)' on the terminal: \(screen.debugDescription)") }
        }
    }

    /// Waits for the shell to be ready for the next command.
    ///
    /// - Returns: what came out before.
    @discardableResult
    func prompt() throws -> String {
        try expect("prompt> ")
    }

    /// Types a command, and waits for its end.
    ///
    /// - Returns: what it wrote.
    @discardableResult
    func run(_ line: String) throws -> String {
        try type(line)
        return try prompt()
    }

    private func find(_ wanted: [UInt8]) -> Int? {
        guard bytes.count >= seen + wanted.count else { return nil }
        return (seen...(bytes.count - wanted.count)).first { bytes[$0..<($0 + wanted.count)].elementsEqual(wanted) }
    }

    /// Takes over what there is to read. False: nothing comes in time, or nothing any more.
    private func read(_ deadline: MonotonicClock.Instant) throws -> Bool {
        switch terminal {
        case .some(let terminal):
            guard try !waitFor(terminal.keyboard.number, .readable, deadline: deadline).isEmpty else { return false }
            var chunk = [UInt8](repeating: 0, count: 4_096)
            // EIO: nobody has the terminal open any more.
            guard case .bytes(let count)? = try? terminal.keyboard.read(into: &chunk) else { return false }
            bytes += chunk[..<count]
            return true
        case .none: return false
        }
    }
}
