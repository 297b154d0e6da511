import Glibc

/// What to execute, and with what.
package struct Command: Sendable, Hashable {
    /// With a `/` in it a path, else a name to be looked for in the `PATH` of ``environment``.
    package var executable: ByteString
    /// What the program sees as its arguments, its own name (argv[0]) not among them.
    package var arguments: [ByteString]
    /// `NAME=value` each.
    package var environment: [ByteString]
    /// Where it starts; nil: where we are. Relative paths, those in `PATH` among them, count from there.
    package var directory: String?

    package init(
        _ executable: ByteString, _ arguments: [ByteString] = [],
        environment: [ByteString] = Command.ownEnvironment(), directory: String? = nil
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
    }

    /// The first value of a variable in ``environment``, as getenv(3) in the child will find it.
    package func variable(_ name: String) -> ByteString? {
        let start = Array("\(name)=".utf8)
        return environment.first { $0.bytes.starts(with: start) }
            .map { ByteString(bytes: $0.bytes.dropFirst(start.count)) }
    }

    /// Sets a variable, in place of all entries with its name.
    package mutating func set(_ name: String, _ value: String) {
        let start = Array("\(name)=".utf8)
        environment.removeAll { $0.bytes.starts(with: start) }
        environment.append(ByteString("\(name)=\(value)"))
    }
}

extension Command {
    /// Executes it in place of this program, which keeps its process number and what is not closed on exec.
    ///
    /// - Returns: why that failed.
    package func replaceProcess() -> SpawnError { Child.execute(self) }

    /// This process's environment, byte for byte.
    package static func ownEnvironment() -> [ByteString] {
        unsafe list(environ)
    }

    /// The arguments this process was started with, byte for byte, its own name among them.
    package static func ownArguments() -> [ByteString] {
        unsafe list(CommandLine.unsafeArgv)
    }

    private static func list(_ first: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> [ByteString] {
        var found: [ByteString] = []
        var next = unsafe first
        while let entry = unsafe next?.pointee {
            let bytes = unsafe UnsafeRawBufferPointer(start: entry, count: strlen(entry))
            unsafe found.append(ByteString(bytes: bytes))
            unsafe next = next.map { unsafe $0 + 1 }
        }
        return found
    }
}

/// The file of this program; nil where `/proc` does not show it.
package func ownExecutable() -> ByteString? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
    return count > 0 ? ByteString(bytes: buffer[..<count].map { UInt8(bitPattern: $0) }) : nil
}
