import Foundation
import PinfoldLinux
import TestSupport

/// A program of a test: its output goes to files, so that nobody has to read along.
final class Program {
    enum Input {
        case none, pipe
    }

    /// The program under test: the one that was built with the tests, or the one that was named.
    static let pinfold: String = {
        if let named = ProcessInfo.processInfo.environment["PINFOLD_BINARY"] { return named }
        let tests = Bundle.main.executableURL ?? URL(filePath: CommandLine.arguments[0])
        return tests.deletingLastPathComponent().appending(path: "pinfold").path
    }()

    /// The same for a controller, which alone has threads: under the thread sanitizer it is another one than its clients.
    static let controller = ProcessInfo.processInfo.environment["PINFOLD_CONTROLLER"] ?? pinfold

    private let name: String
    private var child: ChildProcess
    private var input: OwnedDescriptor?
    private let outputPath: String
    private let errorPath: String
    /// Where in the output the last `awaitOutput` stopped.
    private var seen = 0
    let processID: ProcessID

    init(
        _ executable: String, _ arguments: [String], rig: Rig, input wanted: Input = .none,
        environment: [String: String] = [:], standardOutput: Int32? = nil, standardError: Int32? = nil
    ) throws {
        name = ([executable] + arguments).joined(separator: " ")
        var command = Command(ByteString(executable), arguments.map { ByteString($0) })
        command.set("PINFOLD_SOCKET", rig.socket)
        for (name, value) in environment { command.set(name, value) }
        let unique = MonotonicClock.now().nanoseconds
        outputPath = "\(rig.folder)/out.\(unique)"
        errorPath = "\(rig.folder)/err.\(unique)"
        var options = SpawnOptions()
        // Of its own, as a harness's children have it: no terminal of the test's, no signal meant for the test.
        options.processGroup = .newSession
        let output = try OwnedDescriptor.open(outputPath, [.write, .create, .append])
        let errors = try OwnedDescriptor.open(errorPath, [.write, .create, .append])
        let null = try OwnedDescriptor.open("/dev/null", .read)
        options.standardOutput = standardOutput ?? output.number
        options.standardError = standardError ?? errors.number
        options.standardInput = null.number
        let pipe = try PinfoldLinux.Pipe()
        if wanted == .pipe { options.standardInput = pipe.reading.number }
        child = try Child.spawn(command, options: options)
        input = consume pipe.writing
        processID = child.pid
    }

    deinit {
        kill()
    }

    func kill() {
        _ = try? child.send(.kill)
        _ = try? child.wait()
    }

    func send(_ signal: Signal) throws {
        _ = try child.send(signal)
    }

    func write(_ text: String) throws {
        switch input {
        case .some(let input): try input.writeAll(Array(text.utf8))
        case .none: throw Missing("an input")
        }
    }

    func closeInput() {
        input = nil
    }

    func poll() throws -> Int32? {
        switch try child.poll() {
        case .exited(let code)?: code
        case .signaled(let signal, _)?: 128 + signal.rawValue
        case .stopped?, .continued?, nil: nil
        }
    }

    /// What the kernel knows of a process that does not end.
    private var whereabouts: String {
        func text(_ file: String) -> String {
            (try? String(contentsOfFile: "/proc/\(processID)/\(file)", encoding: .utf8)) ?? "?"
        }
        let state = text("status").split(separator: "\n").first { $0.hasPrefix("State:") }
        return "\(state ?? "State: ?"), in \(text("wchan")), children \(text("task/\(processID)/children"))"
    }

    /// Waits for its end, and no longer than the rig's patience.
    func wait() throws -> Int32 {
        let deadline = MonotonicClock.now().advanced(by: Rig.patience)
        guard try !waitFor(child.pidfd.descriptor.number, .readable, deadline: deadline).isEmpty else {
            throw Missing("the end of \(name), process \(processID), \(whereabouts): \(output()) \(errors())")
        }
        guard let code = try poll() else { throw Missing("a status of \(processID)") }
        return code
    }

    func finish() throws -> Finished {
        Finished(status: try wait(), output: output(), errors: errors())
    }

    func output() -> String {
        (try? text(ofFile: outputPath)) ?? ""
    }

    func errors() -> String {
        (try? text(ofFile: errorPath)) ?? ""
    }

    /// Waits until a line has come out behind the last one that was waited for.
    ///
    /// - Returns: the line.
    @discardableResult
    func awaitOutput(_ word: String) throws -> String {
        let (line, index) = try awaitLine(word, in: outputPath, from: seen)
        seen = index + 1
        return line
    }

    /// Waits until a line with this word is among what it said on standard error.
    func awaitErrors(_ word: String) throws {
        _ = try awaitLine(word, in: errorPath, from: 0)
    }

    private func awaitLine(_ word: String, in path: String, from first: Int) throws -> (line: String, index: Int) {
        let watch = try Inotify()
        _ = try watch.watch(path, for: .modified)
        let deadline = MonotonicClock.now().advanced(by: Rig.patience)
        while true {
            // Before the text is read: what it wrote before it left is then in it.
            let code = try poll()
            let text = (try? TestSupport.text(ofFile: path)) ?? ""
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            if let index = lines.indices.first(where: { $0 >= first && lines[$0].contains(word) }) {
                return (String(lines[index]), index)
            }
            if let code { throw Missing("'\(word)' from a program that left with \(code): \(output()) \(errors())") }
            // Woken by what it writes; its end is looked for now and then.
            let soon = MonotonicClock.now().advanced(by: .milliseconds(200))
            _ = try waitFor(watch.descriptor.number, .readable, deadline: soon)
            _ = try watch.events()
            guard MonotonicClock.now() < deadline else { throw Missing("'\(word)' in \(output()) \(errors())") }
        }
    }
}
