package import PinfoldLinux

/// A child whose standard output a test reads. It is killed and reaped with this value.
///
/// No test may leave a zombie: the monitor of exit tests waits for any child without reaping it, and would be told of
/// that one for ever.
package struct PipedChild: ~Copyable {
    package var process: ChildProcess
    package let output: OwnedDescriptor

    /// Starts a command whose output comes to us, in this cgroup if there is one.
    ///
    /// - Parameter cgroup: a borrowed descriptor.
    package init(_ command: Command, in cgroup: Int32? = nil, _ options: SpawnOptions = .init()) throws {
        let pipe = try Pipe()
        var options = options
        options.standardOutput = pipe.writing.number
        options.cgroup = cgroup
        process = try Child.spawn(command, options: options)
        output = pipe.reading
    }

    deinit {
        _ = try? process.send(.kill)
        _ = try? process.pidfd.wait(blocking: true)
    }

    /// Starts a shell script.
    package init(_ script: String, in cgroup: Int32? = nil, _ options: SpawnOptions = .init()) throws {
        try self.init(Command("sh", ["-c", ByteString(script)]), in: cgroup, options)
    }

    /// Waits for the next so many lines of its output.
    package func lines(_ count: Int) throws -> [String] {
        var bytes: [UInt8] = []
        var byte: [UInt8] = [0]
        while bytes.count(where: { $0 == 10 }) < count, case .bytes = try output.read(into: &byte) { bytes += byte }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { String($0) }
    }

    /// Waits for its end and returns all of its output.
    package mutating func finish() throws -> (change: ProcessChange, output: String) {
        let text = String(decoding: try output.readToEnd(), as: UTF8.self)
        return (try process.wait(), text)
    }
}

/// The output of a command that is expected to succeed.
package func output(of command: Command, _ options: SpawnOptions = .init()) throws -> String {
    var child = try PipedChild(command, in: nil, options)
    let (change, text) = try child.finish()
    guard change == .exited(0) else { throw Missing("\(command.executable) to succeed: \(change)") }
    return text
}
