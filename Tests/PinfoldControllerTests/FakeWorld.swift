import PinfoldController
import PinfoldCore
import PinfoldLinux

/// A world made up for tests: lives without processes, whose ends the test decides.
final class FakeWorld: World {
    struct Life {
        var limits: SessionLimits
        var isPopulated = false
        var isFrozen = false
        var ignoresTermination = false
        var memory: UInt64 = 100 << 20
        var cpuMicroseconds: UInt64 = 0
        var totals = LifeTotals()
    }

    let sessionsPath = "/made/up/sessions"
    var lives: [LifeID: Life] = [:]
    var available: UInt64 = 8 << 30
    var attached: [(ProcessID, LifeID)] = []
    var notes: [LifeID: [UInt8]] = [:]
    var refusal: String?
    /// Calls that the kernel refuses for now.
    var refused: Set<KernelCall> = []
    var budget: PoolBudget?
    /// Where every client is.
    var location = ProcessLocation.outside
    private(set) var killed: [LifeID] = []
    private var events: [Event] = []
    private let wake: Pipe

    init() throws {
        wake = try Pipe()
        try wake.reading.setNonBlocking(true)
    }

    var wakeDescriptor: Int32 { wake.reading.number }
    var nextDeadline: Instant? { nil }

    /// Something happened that the loop must be woken for.
    func happen(_ event: Event) {
        events.append(event)
        try? wake.writing.writeAll([1])
    }

    func setPopulated(_ life: LifeID, _ isPopulated: Bool) {
        guard let before = lives[life]?.isPopulated, before != isPopulated else { return }
        lives[life]?.isPopulated = isPopulated
        if !isPopulated { happen(.emptied(life)) }
    }

    func create(_ life: LifeID, _ limits: SessionLimits) throws(WorldError) -> CreationFacts {
        if let refusal { throw WorldError(refusal) }
        lives[life] = Life(limits: limits)
        return CreationFacts(enforcement: .kernel, unenforced: [])
    }

    func leave(_ note: [UInt8], with life: LifeID) { notes[life] = note }
    func inode(of life: LifeID) -> UInt64? { lives[life] == nil ? nil : life.number }
    func descriptor(of life: LifeID) -> Int32? { lives[life] == nil ? nil : wake.reading.number }

    func attach(_ process: consuming Pidfd, to life: LifeID, done: @escaping (WorldError?) -> Void) {
        if let number = (try? process.processID()) ?? nil { attached.append((number, life)) }
        done(nil)
    }

    private func refuse(_ call: KernelCall) throws(WorldError) {
        if refused.contains(call) { throw WorldError("cannot \(call): too many open files") }
    }

    func terminate(_ life: LifeID) throws(WorldError) {
        try refuse(.terminate)
        if lives[life]?.ignoresTermination == false { setPopulated(life, false) }
    }

    func kill(_ life: LifeID) throws(WorldError) {
        killed.append(life)
        try refuse(.kill)
        setPopulated(life, false)
    }

    func collect(_ life: LifeID) {
        let totals = lives.removeValue(forKey: life)?.totals ?? LifeTotals()
        happen(.removed(life, totals))
    }

    func location(of process: ProcessID) -> ProcessLocation { location }

    func setPoolLimits(_ budget: PoolBudget) { self.budget = budget }

    func setLimits(_ life: LifeID, _ limits: SessionLimits) {
        lives[life]?.limits = limits
        happen(.limitsSet(life, CreationFacts(enforcement: .kernel, unenforced: [])))
    }

    func freeze(_ life: LifeID) throws(WorldError) {
        try refuse(.freeze)
        lives[life]?.isFrozen = true
    }

    func thaw(_ life: LifeID) throws(WorldError) {
        try refuse(.thaw)
        lives[life]?.isFrozen = false
    }

    func reclaim(_ life: LifeID) { lives[life]?.memory = 1 << 20 }
    func isEmpty(_ life: LifeID) -> Bool { lives[life]?.isPopulated != true }

    func read(_ request: SnapshotRequest, into snapshot: inout MemorySnapshot) {
        snapshot.available = available
        snapshot.poolWorkingSet = 0
        snapshot.lives = lives.sorted { $0.key < $1.key }.map { id, life in
            var part = LifeSnapshot(life: id)
            part.current = life.memory
            part.workingSet = life.memory
            part.anonymous = life.memory
            part.cpuMicroseconds = request.includesCPU ? life.cpuMicroseconds : nil
            return part
        }
    }

    func takeEvents(at now: Instant) -> [Event] {
        var drained: [UInt8] = Array(repeating: 0, count: 64)
        while case .bytes? = try? wake.reading.read(into: &drained) {}
        defer { events = [] }
        return events
    }
}
