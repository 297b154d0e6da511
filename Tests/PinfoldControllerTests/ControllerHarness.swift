import CTestSupport
import Glibc
import PinfoldCgroups
import PinfoldCore
import PinfoldJSON
import PinfoldLinux
import PinfoldPolicy
import PinfoldProtocol
import TestSupport

@testable import PinfoldController

/// The two worlds every promise of the loop is held against.
enum WorldKind: String, CaseIterable, CustomStringConvertible, Sendable {
    /// Made up: runs anywhere, shows every order of events.
    case fake
    /// Cgroups of this machine's kernel, with real processes in them.
    case real

    var description: String { rawValue }

    /// The worlds there are on this machine.
    static var here: [WorldKind] { Machine.canMakeCgroups ? [.fake, .real] : [.fake] }
}

/// A controller on a socket of its own, driven by hand on the test's thread, with a clock that stands still.
final class ControllerHarness {
    let folder: String
    let controller: Controller
    let contract: any ContractWorld
    private let clock: Clock
    private let hasRealFiles: Bool
    private(set) var sayings: [String] = []

    final class Clock {
        var now = Instant(nanoseconds: 50_000_000_000)
    }

    private init(
        _ contract: any ContractWorld, folder: String, policies: PolicySet, policyFolder: String?, clock: Clock,
        records: RecordStore, hasRealFiles: Bool, passesDescriptors: Bool
    ) throws {
        self.folder = folder
        self.contract = contract
        self.clock = clock
        self.hasRealFiles = hasRealFiles
        let budget = PoolBudget(policy: policies.pool, effectiveLimit: 8 << 30, taskLimit: 32_768)
        let said = Sayings()
        let listener = try LocalListener(
            path: folder + "/s", permissions: 0o666, passesDescriptors: passesDescriptors)
        let configuration = Controller.Configuration(
            socket: folder + "/s", slice: "/made/up", policyFolder: policyFolder, enforcement: .kernel, features: []
        ) { said.lines.append($0) }
        controller = try Controller(
            configuration: configuration, pool: SessionPool(budget: budget), policies: policies, world: contract.world,
            records: records, listener: listener, boot: "this boot", clock: { clock.now })
        self.said = said
    }

    private final class Sayings {
        var lines: [String] = []
    }
    private let said: Sayings
    var lines: [String] { said.lines }

    /// Lends a desk and clears everything away after it.
    ///
    /// - Parameter passesDescriptors: as on a kernel that cannot refuse them.
    static func with<Result>(
        _ kind: WorldKind = .fake, policies: [String: String] = [:], files: (any RecordFiles)? = nil,
        passesDescriptors: Bool = false,
        _ body: (ControllerHarness) throws -> Result
    ) throws -> Result {
        try withFolder(["policies": .folder(policies.mapValues { .file($0) })]) { folder in
            let set = try PolicyFolder.set(in: folder + "/policies")
            func run(_ contract: any ContractWorld) throws -> Result {
                let clock = Clock()
                let path = folder + "/records"
                let records = try RecordStore(files ?? RecordFolder(path), path: path, clock: { clock.now })
                let harness = try ControllerHarness(
                    contract, folder: folder, policies: set, policyFolder: folder + "/policies", clock: clock,
                    records: records, hasRealFiles: files == nil, passesDescriptors: passesDescriptors)
                return try body(harness)
            }
            switch kind {
            case .fake: return try run(FakeContractWorld())
            case .real:
                return try withTestCgroup("harness") { slice in
                    try run(SliceContractWorld(slice: slice.path, policies: set))
                }
            }
        }
    }

    var now: Instant { clock.now }
    var world: any World { controller.world }

    /// Lets time pass, and the loop notice.
    ///
    /// What is being written to a real disk is written by then: that time does not stand still while a machine is busy,
    /// and a write that seems to take as long as the span would be taken for one that hangs.
    func pass(_ span: Duration) throws {
        let records = controller.records
        if hasRealFiles, records.isWriting {
            var done = pollfd(fd: records.wakeDescriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&done, 1, 60_000) == 1 else { throw Missing("the end of a write") }
        }
        clock.now = clock.now + span
        _ = try controller.turn(patience: .zero)
    }

    /// Turns the loop until something holds. It is woken by what happens, not by time.
    func turn(until condition: () throws -> Bool, _ what: String = "what was waited for") throws {
        for _ in 0..<2_000 {
            if try condition() { return }
            _ = try controller.turn(patience: .milliseconds(10))
        }
        throw Missing("\(what): it did not come about; the log: \(lines)")
    }

    func client() throws -> TestClient {
        try TestClient(self, LocalStream.connect(to: folder + "/s", timeout: .seconds(5)))
    }

    /// A client of another user. Only root can be one.
    func client(as user: UInt32) throws -> TestClient {
        chmod(folder, 0o711)
        guard test_act_as(user) == 0 else { throw Missing("the right to act as uid \(user)") }
        defer { _ = test_act_as(0) }
        return try client()
    }

    func session(_ name: String) throws -> SessionDescription? {
        controller.describe(try SessionID(name))
    }

    /// A session whose command runs.
    func start(_ name: String, policy: String? = nil, settings: [String] = []) throws -> Launch {
        let launch = try Launch(self, name: name, policy: policy, settings: settings)
        try launch.begin()
        return launch
    }
}

/// A client of the controller, on the same thread: whoever waits turns the loop.
final class TestClient {
    let harness: ControllerHarness
    private let stream: LocalStream
    private var reader = FrameReader(longest: Frame.longestReply)
    private var descriptors = DescriptorList()
    private(set) var isClosed = false

    init(_ harness: ControllerHarness, _ stream: consuming LocalStream) {
        self.harness = harness
        self.stream = stream
    }

    func send(_ request: Request, descriptors: [Int32] = []) throws {
        try send(request.call.frame, descriptors: descriptors)
    }

    func send(_ bytes: [UInt8], descriptors: [Int32] = []) throws {
        var rest = bytes[...]
        var descriptors = descriptors
        try harness.turn(
            until: {
                switch try stream.send(Array(rest.prefix(60_000)), descriptors: descriptors) {
                case .bytes(let count):
                    rest = rest.dropFirst(count)
                    descriptors = []
                case .wouldBlock: break
                case .brokenPipe: rest = []
                }
                return rest.isEmpty
            }, "room for \(bytes.count) bytes")
    }

    /// Sends what the socket takes now, without turning the loop; nil where it takes nothing.
    func offer(_ bytes: [UInt8]) -> Int? {
        guard case .bytes(let count)? = try? stream.send(bytes) else { return nil }
        return count
    }

    /// The next reply; nil where the controller hung up.
    func reply() throws -> Reply? {
        var found: Reply?
        try harness.turn(
            until: {
                found = try poll()
                return found != nil || isClosed
            }, "a reply")
        return found
    }

    func poll() throws -> Reply? {
        if let frame = try reader.next() { return try Reply(frame: frame) }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        switch try stream.receive(into: &buffer, accepting: 4) {
        case .closed: isClosed = true
        case .wouldBlock: break
        case .data(let count, var received):
            reader.append(buffer[..<count])
            while let descriptor = received.accepted.takeFirst() { descriptors.append(descriptor) }
        }
        return try reader.next().map { frame in try Reply(frame: frame) }
    }

    func ask(_ request: Request) throws -> Reply {
        try send(request)
        guard let reply = try reply() else { throw Missing("an answer to \(request)") }
        return reply
    }

    func takeDescriptor() -> OwnedDescriptor? { descriptors.takeFirst() }

    func hangUp() { stream.hangUp() }
}

/// A launcher played by the test: it holds a lease and says what its command does.
final class Launch {
    let harness: ControllerHarness
    let client: TestClient
    let life: LifeID
    let grant: LeaseEvent.Grant
    private(set) var events: [LeaseEvent] = []

    /// Asks for a session and expects to get it.
    init(
        _ harness: ControllerHarness, name: String, policy: String? = nil, settings: [String] = [],
        keepsTree: Bool = false
    ) throws {
        self.harness = harness
        client = try harness.client()
        try client.send(
            .open(
                OpenRequest(
                    session: name, policy: policy, settings: settings, command: ["made-up"], keepsTree: keepsTree)))
        var granted: LeaseEvent.Grant?
        while granted == nil {
            guard let reply = try client.reply() else { throw Missing("a grant for \(name)") }
            if let error = reply.error { throw InterfaceError(error, reply.parameters) }
            if case .granted(let grant) = try LeaseEvent(reply) { granted = grant }
        }
        grant = try unwrap(granted)
        life = LifeID(session: try SessionID(name), number: grant.life)
        guard client.takeDescriptor() != nil else { throw Missing("the cgroup of \(name)") }
    }

    /// The command begins.
    func begin() throws {
        let process = try harness.contract.begin(life)
        try client.send(.started(processID: process, placement: .into))
        let id = life.session.text
        try harness.turn(until: { try harness.session(id)?.processID == process }, "the start of \(id)")
    }

    /// The next thing the controller says over the lease.
    func event() throws -> LeaseEvent {
        guard let reply = try client.reply() else { throw Missing("an event of \(life)") }
        return try LeaseEvent(reply)
    }

    /// What the controller says at the end, with the command's own status told in time.
    func ending(_ status: CommandStatus = .signaled(9)) throws -> LeaseEvent.Ending {
        try harness.turn(until: { harness.world.isEmpty(life) }, "the end of \(life)'s processes")
        try client.send(.exited(status))
        while true {
            if case .ended(let ending) = try event() { return ending }
        }
    }
}
