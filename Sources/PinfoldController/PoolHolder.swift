import PinfoldCgroups
import PinfoldCore
import PinfoldLinux

/// `pinfold hold`: keeps a delegated cgroup of a service manager for the controller of another unit, which may restart
/// while the sessions below go on.
///
/// A manager removes the cgroup of a unit without a process. The holder is that process, in a leaf of its own, since the
/// cgroup above must have none for the sessions to have limits.
package enum PoolHolder {
    private static let leaf = "hold"

    /// Waits for SIGTERM or SIGINT.
    ///
    /// - Parameter log: one line for the journal.
    /// - Returns: the exit status.
    package static func run(service: ServiceEnvironment?, log: (String) -> Void) -> Int32 {
        do {
            let signals = try SignalSource([.terminate, .interrupt])
            guard let own = try Hierarchy.find().ownDirectory, let root = try Cgroup.open(own) else {
                throw WorldError("this process is in no cgroup of cgroup v2; start it as a service with Delegate=yes")
            }
            let place = if let old = try root.child(leaf) { old } else { try root.create(leaf) }
            try place.attach(0)
            var notifier: ServiceNotifier?
            if let service { notifier = try ServiceNotifier(service, at: Instant(nanoseconds: 0)) }
            notifier?.ready("holds \(own)")
            while try signals.next() == nil { _ = try waitFor(signals.descriptor.number, .readable, deadline: nil) }
            return 0
        } catch {
            log("\(error)")
            return 1
        }
    }
}
