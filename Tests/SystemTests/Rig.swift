import Foundation
import PinfoldCgroups
import PinfoldJSON
import PinfoldLinux
import TestSupport

/// A controller of its own for one test: the real program, on a slice, a socket and folders nobody else has.
///
/// Everything is cleared away in the opposite order, also after a failure, and what is left over is itself a failure.
final class Rig {
    /// Where a wait gives up. Generous: the same tests run on an emulated machine.
    static let patience = Duration.seconds(90)

    let folder: String
    let slice: String
    private(set) var controller: Program?
    private var follower: EventFollower?
    private var programs: [Program] = []

    var socket: String { folder + "/s" }
    var sessions: String { slice + "/sessions" }

    private init(folder: String, slice: String) {
        self.folder = folder
        self.slice = slice
    }

    /// Lends a running controller.
    ///
    /// - Parameters:
    ///   - pool: lines for `[Pool]`.
    ///   - policies: further files by name.
    static func with(
        pool: String = "", policies: [String: String] = [:], starts: Bool = true, _ body: (Rig) throws -> Void
    ) throws {
        let enforcement = Machine.hasMemoryController ? "" : "Enforcement=best\n"
        var files: [String: Tree] = policies.mapValues { .file($0) }
        files["pool.policy"] = .file("[Pool]\n\(enforcement)\(pool)\n")
        try withFolder(["policies": .folder(files)]) { folder in
            try withTestCgroup("system", controllers: ["memory", "pids", "cpu"]) { cgroup in
                let rig = Rig(folder: folder, slice: cgroup.path)
                defer { rig.clear() }
                if starts { try rig.serve() }
                try body(rig)
            }
        }
    }

    private func clear() {
        follower = nil
        for program in programs.reversed() { program.kill() }
        controller?.kill()
    }

    /// Lets other users reach the rig's folder, as they reach /run.
    func openToOthers() throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder)
    }

    // MARK: The controller

    var serveArguments: [String] {
        [
            "serve", "--slice", slice, "--policies", folder + "/policies", "--state", folder + "/state", "--socket",
            socket,
        ]
    }

    /// Starts a controller and waits until it answers.
    ///
    /// - Parameters:
    ///   - wrapped: what executes it.
    ///   - errors: its standard error; a file by default.
    func serve(_ more: [String] = [], wrapped: [String] = [], errors: Int32? = nil) throws {
        let words = wrapped + [Program.controller] + serveArguments + more
        let started = try Program(words[0], Array(words.dropFirst()), rig: self, standardError: errors)
        controller = started
        let deadline = MonotonicClock.now().advanced(by: Rig.patience)
        while true {
            if let stream = try? LocalStream.connect(to: socket, timeout: .seconds(1)) {
                _ = consume stream
                return
            }
            guard try started.poll() == nil, MonotonicClock.now() < deadline else {
                throw Missing("a controller: \(started.errors())")
            }
        }
    }

    /// The controller dies of SIGKILL.
    func killController() throws {
        follower = nil
        try controller?.send(.kill)
        _ = try controller?.wait()
        controller = nil
    }

    func stopController() throws -> Int32 {
        follower = nil
        try controller?.send(.terminate)
        defer { controller = nil }
        return try controller?.wait() ?? -1
    }

    // MARK: Commands

    /// Runs `pinfold` to its end.
    @discardableResult
    func pinfold(_ arguments: [String], input: String? = nil) throws -> Finished {
        let program = try launch(arguments, input: input == nil ? .none : .pipe)
        if let input {
            try program.write(input)
            program.closeInput()
        }
        // Hundreds of them would use up the descriptors of the tests where a process may have 1,024.
        defer { programs.removeAll { $0 === program } }
        return try program.finish()
    }

    @discardableResult
    func pinfold(_ arguments: String..., input: String? = nil) throws -> Finished {
        try pinfold(arguments, input: input)
    }

    /// Starts `pinfold` and leaves it running.
    func launch(_ arguments: [String], input: Program.Input = .none, wrapped: [String] = []) throws -> Program {
        let words = wrapped + [Program.pinfold] + arguments
        let program = try Program(words[0], Array(words.dropFirst()), rig: self, input: input)
        programs.append(program)
        return program
    }

    /// A session that runs a shell script; returns once the script has said that it is ready.
    func start(
        _ name: String, _ script: String = "echo ready; exec sleep 1000", flags: [String] = [],
        input: Program.Input = .none, wrapped: [String] = []
    ) throws -> Program {
        let program = try launch(
            ["run", "-s", name] + flags + ["--", "sh", "-c", script], input: input, wrapped: wrapped)
        try program.awaitOutput("ready")
        return program
    }

    // MARK: What is so

    func list() throws -> [JSON] {
        let answer = try pinfold("list", "--json")
        return try JSON.parse(answer.output)["sessions"]?.array ?? []
    }

    func session(_ name: String) throws -> JSON {
        guard let found = try list().first(where: { $0["id"]?.string == name }) else {
            throw Missing("session \(name)")
        }
        return found
    }

    func state(_ name: String) throws -> String {
        try session(name)["state"]?.string ?? ""
    }

    /// Whether it lives and nobody ends it. Busy or idle is a question of time, and time is short in a slow machine.
    func lives(_ name: String) throws -> Bool {
        ["busy", "idle"].contains(try state(name))
    }

    func cause(_ name: String) throws -> String? {
        try session(name)["cause"]?["kind"]?.string
    }

    /// The names of all directories below `sessions/`.
    func cgroups() throws -> [String] {
        try unwrap(try Cgroup.open(sessions)).children()
    }

    /// Every process in a session's cgroup and below it.
    func processes(of directory: String) throws -> [ProcessID] {
        guard let cgroup = try Cgroup.open(sessions + "/" + directory) else { return [] }
        return try cgroup.allProcesses()
    }

    /// Looks until something is so, for what no event tells.
    func until(_ what: String, _ condition: () throws -> Bool) throws {
        let deadline = MonotonicClock.now().advanced(by: Rig.patience)
        while try !condition() {
            guard MonotonicClock.now() < deadline else { throw Missing(what) }
        }
    }

    /// Waits for an event, from the first one the controller remembers on; each is found once.
    @discardableResult
    func await(_ event: String, _ session: String? = nil) throws -> JSON {
        if follower == nil { follower = try EventFollower(self) }
        guard let follower else { throw Missing("the event log") }
        return try follower.await(event, session)
    }
}

/// What a command came to.
struct Finished {
    let status: Int32
    let output: String
    let errors: String
}
