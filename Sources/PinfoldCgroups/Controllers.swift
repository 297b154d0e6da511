public import PinfoldLinux

/// Why a controller is not at work.
public enum ControllerProblem: Sendable, Hashable {
    /// The parent does not offer it: it is not enabled there, not delegated, or on a cgroup v1 mount.
    case notOffered
    /// Processes in the cgroup itself forbid it (the kernel's no-internal-process rule).
    case processesInTheWay([ProcessID])
    /// The kernel refused; EINVAL for `cpu` where realtime processes exist.
    case failed(Errno)
}

extension ControllerProblem: CustomStringConvertible {
    /// A sentence about it.
    public var description: String {
        switch self {
        case .notOffered: "the cgroup above does not offer it"
        case .processesInTheWay(let list):
            "processes stand in the way: \(list.map { String($0) }.joined(separator: ", "))"
        case .failed(let errno): "the kernel refused: \(errno)"
        }
    }
}

extension Cgroup {
    /// The controllers this cgroup offers to its children, `cgroup.controllers`. Empty where it is gone.
    public borrowing func controllers() throws(CgroupError) -> [String] {
        try words("cgroup.controllers")
    }

    /// The controllers its children have, `cgroup.subtree_control`. Empty where it is gone.
    public borrowing func enabledControllers() throws(CgroupError) -> [String] {
        try words("cgroup.subtree_control")
    }

    private borrowing func words(_ file: String) throws(CgroupError) -> [String] {
        guard case .value(let text) = try read(file) else { return [] }
        return text.split(separator: " ").map { String($0) }
    }

    /// Enables controllers for the children, one at a time: the kernel takes a list whole or not at all, and one that
    /// is missing must not cost the others. Those that are enabled already stay so.
    ///
    /// - Parameter clearingTheWay: called where processes in this cgroup forbid it; returns whether to try again. Not
    ///   more than 100 times for one controller.
    /// - Returns: those that could not be enabled, and why.
    public borrowing func enable(
        _ wanted: [String], clearingTheWay: () throws(CgroupError) -> Bool = { () throws(CgroupError) in false }
    ) throws(CgroupError) -> [String: ControllerProblem] {
        let (offered, enabled) = (try controllers(), try enabledControllers())
        var problems: [String: ControllerProblem] = [:]
        for controller in wanted where !enabled.contains(controller) {
            guard offered.contains(controller) else {
                problems[controller] = .notOffered
                continue
            }
            problems[controller] = try enable(controller, clearingTheWay)
        }
        return problems
    }

    private borrowing func enable(
        _ controller: String, _ clearingTheWay: () throws(CgroupError) -> Bool
    ) throws(CgroupError) -> ControllerProblem? {
        var attempts = 0
        while true {
            do throws(CgroupError) {
                try write("cgroup.subtree_control", "+\(controller)")
                return nil
            } catch {
                guard let errno = error.errno else { throw error }
                guard errno == .busy else { return .failed(errno) }
                attempts += 1
                guard attempts <= 100, try clearingTheWay() else { return .processesInTheWay(try processes()) }
            }
        }
    }
}
