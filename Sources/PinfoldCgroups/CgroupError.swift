public import PinfoldLinux

/// Why a cgroup could not be read, changed or taken over.
///
/// That a cgroup has gone is not an error: its life is not ours alone, so every call that can meet it reports it by its
/// result.
public struct CgroupError: Error, Sendable, Hashable {
    /// The kind of a failure, to branch on.
    public struct Code: Sendable, Hashable {
        private enum Value {
            case systemCall, invalidName, malformed, notCgroup2, readOnly, noDelegation, noMemoryController
            case alreadyControlled, processesInTheWay, replaced
        }

        private let value: Value

        /// A call failed in a way that has no kind of its own; see ``CgroupError/errno``.
        public static let systemCall = Code(value: .systemCall)
        /// A name that no cgroup can have.
        public static let invalidName = Code(value: .invalidName)
        /// A control file holds what no kernel we know writes.
        public static let malformed = Code(value: .malformed)
        /// The directory is on another file system.
        public static let notCgroup2 = Code(value: .notCgroup2)
        /// The tree is mounted read-only, as containers have it by default.
        public static let readOnly = Code(value: .readOnly)
        /// The directory belongs to another user.
        public static let noDelegation = Code(value: .noDelegation)
        /// Nothing here can hold a memory limit.
        public static let noMemoryController = Code(value: .noMemoryController)
        /// Another controller holds the slice.
        public static let alreadyControlled = Code(value: .alreadyControlled)
        /// Processes in an inner node cannot be moved; see ``CgroupError/processes``.
        public static let processesInTheWay = Code(value: .processesInTheWay)
        /// The path now names another cgroup than the one that was meant.
        public static let replaced = Code(value: .replaced)
    }

    /// What kind of failure it is.
    public let code: Code
    /// The file or directory it is about.
    public let path: String
    /// The kernel's error, if it was a system call.
    public let errno: Errno?
    /// Whether the call may succeed at another time, or with higher limits of this process.
    public var isShortage: Bool {
        switch errno {
        case .tooManyOpenFiles?, .tooManyOpenFilesInSystem?, .noMemory?: true
        default: false
        }
    }
    /// Who is in the way, for ``Code/processesInTheWay``.
    public let processes: [ProcessID]
    /// A sentence: verb, path, value, the kernel's answer, and what to do about it where something can be done.
    public let description: String

    private init(_ code: Code, _ path: String, _ errno: Errno?, _ description: String, _ processes: [ProcessID] = []) {
        self.code = code
        self.path = path
        self.errno = errno
        self.description = description
        self.processes = processes
    }
}

extension CgroupError: CustomStringConvertible {}

extension CgroupError {
    static func failed(_ verb: String, _ path: String, _ errno: Errno, value: String? = nil) -> CgroupError {
        let object = value.map { "\"\($0)\" to \(path)" } ?? path
        return CgroupError(.systemCall, path, errno, "cannot \(verb) \(object): \(errno)")
    }

    static func invalidName(_ name: String, in path: String, because reason: String) -> CgroupError {
        let shown = String(name.prefix(64).map { $0.isNewline || $0 == "\0" ? "?" : $0 })
        return CgroupError(.invalidName, path, nil, "\"\(shown)\" cannot be the name of a cgroup: \(reason)")
    }

    static func malformed(_ path: String, _ text: String) -> CgroupError {
        CgroupError(.malformed, path, nil, "\(path) holds \"\(text.prefix(64))\", which is not understood")
    }

    package static func notCgroup2(_ path: String) -> CgroupError {
        CgroupError(
            .notCgroup2, path, nil,
            "\(path) is not in a cgroup v2 tree: name a directory below a mount of type cgroup2 (see: mount -t cgroup2)"
        )
    }

    static func readOnly(_ path: String) -> CgroupError {
        CgroupError(
            .readOnly, path, .readOnlyFileSystem,
            "\(path) is mounted read-only. In a container, ask for a writable tree: "
                + "docker run --security-opt writable-cgroups=true, podman run --systemd=always, "
                + "containerd cgroup_writable = true")
    }

    static func noDelegation(_ path: String, _ errno: Errno) -> CgroupError {
        CgroupError(
            .noDelegation, path, errno,
            "\(path) belongs to somebody else (\(errno)). Ask for a delegated cgroup: "
                + "systemd-run --user --scope -p Delegate=yes -- COMMAND, or Delegate=yes in the service's unit")
    }

    static func noMemoryController(_ path: String, offered: [String]) -> CgroupError {
        let list = offered.isEmpty ? "no controller" : "only \(offered.joined(separator: " "))"
        return CgroupError(
            .noMemoryController, path, nil,
            "\(path) offers \(list), so no memory limit can be enforced there. Where cgroup v1 has the memory controller, "
                + "boot with systemd.unified_cgroup_hierarchy=1 cgroup_no_v1=all; under systemd, "
                + "Delegate= must name memory")
    }

    static func alreadyControlled(_ path: String) -> CgroupError {
        CgroupError(.alreadyControlled, path, nil, "another controller holds \(path); there can be one at a time")
    }

    static func processesInTheWay(_ path: String, _ processes: [(ProcessID, String)]) -> CgroupError {
        let list = processes.prefix(10).map { $0 == 0 ? "one of another PID namespace" : "\($0) (\($1))" }
        let more = processes.count > 10 ? " and \(processes.count - 10) more" : ""
        return CgroupError(
            .processesInTheWay, path, .busy,
            "\(path) still has processes that cannot be moved away, so it cannot have limits below it: "
                + list.joined(separator: ", ") + more,
            processes.map(\.0))
    }

    static func replaced(_ path: String) -> CgroupError {
        CgroupError(.replaced, path, nil, "\(path) is another cgroup than before: it was removed and made anew")
    }
}
