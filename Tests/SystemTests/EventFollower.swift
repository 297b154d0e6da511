import PinfoldJSON
import PinfoldLinux
import TestSupport

/// Reads `pinfold events --follow --json`: tests wait for what happens, not for time.
final class EventFollower {
    private let program: TalkingProgram
    private var pending: [JSON] = []

    init(_ rig: Rig) throws {
        program = try TalkingProgram(
            Command(ByteString(Program.pinfold), ["events", "--follow", "--json", "--socket", ByteString(rig.socket)]))
    }

    func await(_ event: String, _ session: String?) throws -> JSON {
        let deadline = MonotonicClock.now().advanced(by: Rig.patience)
        while true {
            if let index = pending.firstIndex(where: {
                $0["event"]?.string == event && (session == nil || $0["session"]?.string == session)
            }) {
                return pending.remove(at: index)
            }
            guard let line = try program.line(deadline: deadline) else {
                throw Missing("the event \(event) of \(session ?? "anybody"); there were \(pending.map(\.description))")
            }
            pending.append(try JSON.parse(line))
        }
    }
}

/// A program whose lines come as they are written.
final class TalkingProgram {
    private var child: ChildProcess
    private let output: OwnedDescriptor
    private var buffer: [UInt8] = []

    init(_ command: Command) throws {
        let pipe = try Pipe()
        var options = SpawnOptions()
        options.standardOutput = pipe.writing.number
        options.processGroup = .newSession
        child = try Child.spawn(command, options: options)
        output = pipe.reading
    }

    deinit {
        _ = try? child.send(.kill)
        _ = try? child.wait()
    }

    /// The next line; nil where none comes in time, or none any more.
    func line(deadline: MonotonicClock.Instant) throws -> String? {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                let line = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeSubrange(...end)
                return line
            }
            guard try !waitFor(output.number, .readable, deadline: deadline).isEmpty else { return nil }
            var chunk = [UInt8](repeating: 0, count: 4_096)
            guard case .bytes(let count) = try output.read(into: &chunk) else { return nil }
            buffer += chunk[..<count]
        }
    }
}
