import PinfoldCgroups
import PinfoldLinux

/// What the cgroup tree was like before a controller took over its slice.
struct BeforeStart {
    private let slice: String?
    /// Where this process was before it moved into `controller/`.
    private let former: String?
    /// Which directories of a slice were not there.
    private let missing: [String]

    /// Looks at the tree before the start.
    init(slice named: String?) {
        let hierarchy = try? Hierarchy.find()
        let slice = hierarchy.flatMap { try? SliceLocation.find(named: named, in: $0) }
        self.slice = slice
        former = hierarchy.flatMap { $0.ownIsDeleted ? nil : $0.ownDirectory }
        missing = ["", "/controller", "/sessions"].filter { directory in
            slice.map { (try? FileStatus.of(path: $0 + directory)) == nil } ?? false
        }
    }

    /// Whether this process was in the slice: of a service that is the cgroup of its unit, and all in it ends with it.
    var wasInSlice: Bool {
        guard let slice, let former else { return false }
        return former == slice || former.hasPrefix(slice + "/")
    }

    /// Takes back what a start that failed has made: a directory that is left behind looks as if a controller ran there,
    /// and one with limits below it cannot have processes. To be called when the slice has been given up.
    func clear() {
        guard let slice, !missing.isEmpty, let root = try? Cgroup.open(slice) else { return }
        if missing.contains("/controller") { leave(root) }
        for name in ["sessions", "controller"] where missing.contains("/" + name) { root.removeEmptyChild(name) }
        if missing.contains("") { _ = try? root.remove() }
    }

    /// Moves everybody out of `controller/`: this process to where it was, others to the slice, from where they came.
    private func leave(_ root: borrowing Cgroup) {
        guard let controller = try? root.child("controller") else { return }
        if let former, former != root.path, let home = try? Cgroup.open(former) { _ = try? home.attach(0) }
        guard let left = try? controller.processes(), !left.isEmpty else { return }
        // With controllers enabled below it the slice may have no process.
        for name in (try? root.enabledControllers()) ?? [] { _ = try? root.write("cgroup.subtree_control", "-\(name)") }
        for process in left { _ = try? root.attach(process) }
    }
}
