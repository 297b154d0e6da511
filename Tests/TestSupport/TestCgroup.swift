package import PinfoldCgroups
import PinfoldLinux

/// What this machine lets tests do for real.
package enum Machine {
    /// Where cgroup v2 is mounted; nil where it is not.
    package static let mountPoint = (try? Hierarchy.find())?.mountPoint

    /// Whether tests may make cgroups.
    package static let canMakeCgroups: Bool = {
        do {
            return try withTestCgroup("can") { _ in true }
        } catch {
            return false
        }
    }()

    /// Whether the memory controller is on cgroup v2, and so a limit can be held.
    package static let hasMemoryController = offers("memory")
    /// Whether the pids controller is on cgroup v2.
    package static let hasPidsController = offers("pids")

    private static func offers(_ controller: String) -> Bool {
        guard let mountPoint, let root = try? Cgroup.open(mountPoint) else { return false }
        return canMakeCgroups && (try? root.controllers().contains(controller)) ?? false
    }
}

/// Makes a cgroup with a name nobody else has, lends it, and removes it with all that is in it, also after a failure.
///
/// - Parameter controllers: what to enable for it, where this machine has them.
package func withTestCgroup<Result>(
    _ purpose: String, controllers: [String] = [], _ body: (borrowing Cgroup) throws -> Result
) throws -> Result {
    guard let mountPoint = Machine.mountPoint else { throw Missing("cgroup v2 is not mounted") }
    let root = try unwrap(try Cgroup.open(mountPoint), mountPoint)
    if !controllers.isEmpty { _ = try root.enable(controllers) }
    let unique = MonotonicClock.now().nanoseconds
    let cgroup = try root.create("pinfold-test-\(purpose)-\(ownProcessID())-\(unique)")
    let result: Swift.Result<Result, any Error>
    do { result = .success(try body(cgroup)) } catch { result = .failure(error) }
    try sweep(cgroup)
    return try result.get()
}

private func sweep(_ cgroup: borrowing Cgroup) throws {
    if try cgroup.allProcesses().contains(ownProcessID()) {
        try unwrap(try Cgroup.open(Machine.mountPoint ?? "/")).attach(0)
    }
    _ = try cgroup.kill()
    guard try cgroup.waitUntilEmpty(timeout: .seconds(20)) else {
        throw Missing("\(cgroup.path) still has processes after it was killed: \(try cgroup.allProcesses())")
    }
    let deadline = MonotonicClock.now().advanced(by: .seconds(20))
    while case .busy = try cgroup.remove() {
        guard MonotonicClock.now() < deadline else { throw Missing("\(cgroup.path) cannot be removed") }
    }
}
