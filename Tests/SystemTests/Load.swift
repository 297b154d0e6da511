import Foundation
import PinfoldCgroups
import TestSupport
import Testing

/// `integration/programs/load`: a process that uses what it is told to.
enum Load {
    /// The program, to be put into shell scripts.
    static var program: String {
        get throws {
            let sources = URL(filePath: #filePath).appending(path: "../../..").standardizedFileURL.path
            let program = sources + "/.build/programs/load"
            guard FileManager.default.isExecutableFile(atPath: program) else {
                throw Missing("\(program); make it with: clang -O1 -pthread -o \(program) integration/programs/load.c")
            }
            return program
        }
    }
}

extension Trait where Self == ConditionTrait {
    /// For tests of limits that the kernel holds.
    static var needsMemoryController: Self {
        .enabled(
            if: Machine.hasMemoryController, "the memory controller is not on cgroup v2: run in the virtual machine")
    }

    static var needsPidsController: Self {
        .enabled(if: Machine.hasPidsController, "the pids controller is not on cgroup v2: run in the virtual machine")
    }

    static var needsCgroups: Self {
        .enabled(if: Machine.canMakeCgroups, "cgroups cannot be made on this machine")
    }
}

extension UInt64 {
    static func mebibytes(_ count: UInt64) -> UInt64 { count << 20 }
}

extension Rig {
    /// A session that uses what these steps say; `ready` must be one of them.
    func load(_ name: String, _ steps: String, flags: [String] = [], input: Program.Input = .none) throws -> Program {
        try start(name, "exec \(try Load.program) \(steps)", flags: flags, input: input)
    }

    /// A session's own directory, or one below it; what a test reads there comes from the kernel and not from us.
    func file(_ directory: String, _ name: String) throws -> String {
        let cgroup = try unwrap(try Cgroup.open(sessions + "/" + directory), directory)
        guard case .value(let text) = try cgroup.read(name) else { throw Missing("\(name) of \(directory)") }
        return text
    }

    func bytes(_ directory: String, _ name: String) throws -> UInt64 {
        let text = try file(directory, name)
        guard let number = UInt64(text) else { throw Missing("a number in \(name) of \(directory), not \(text)") }
        return number
    }

    /// A counter of a file with a key and a number in each line.
    func counter(_ directory: String, _ name: String, _ key: String) throws -> UInt64 {
        for line in try file(directory, name).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == key, let number = UInt64(words[1]) { return number }
        }
        throw Missing("\(key) in \(name) of \(directory)")
    }
}
