import PinfoldLinux

/// Where this host keeps its cgroups, and where in them this process is.
public struct Hierarchy: Sendable, Hashable {
    /// How the host mounts its control groups.
    public enum Mode: String, Sendable, Hashable {
        /// All controllers are on cgroup v2.
        case unified
        /// cgroup v2 is there, beside cgroup v1 that has the controllers.
        case hybrid
        /// Only cgroup v1.
        case legacy
        /// Nothing is mounted.
        case none
    }

    /// How the host mounts its control groups.
    public var mode: Mode
    /// Where cgroup v2 is mounted; nil for ``Mode/legacy`` and ``Mode/none``.
    public var mountPoint: String?
    /// Which part of the tree is mounted there: `/` for all of it.
    public var mountRoot: String
    /// Whether all of the tree can be seen. In a container only a part is: limits may lie above it.
    public var seesWholeTree: Bool
    /// The mount's options, `nsdelegate` and `memory_recursiveprot` among them.
    public var mountOptions: Set<String>
    /// This process's cgroup as a directory that can be opened; nil where it lies outside of what is mounted.
    public var ownDirectory: String?
    /// Whether this process's cgroup was removed under it.
    public var ownIsDeleted: Bool
}

extension Hierarchy {
    /// What decides a host's mode and our place in it, as plain values.
    public struct Facts: Sendable, Hashable {
        /// `f_type` of statfs(2) on `/sys/fs/cgroup`; nil where it is missing.
        public var rootType: Int64?
        /// `f_type` of statfs(2) on `/sys/fs/cgroup/unified`; nil where it is missing.
        public var unifiedType: Int64?
        /// Whether the directory that is mounted has a file `cgroup.type`: all have but the root of the whole tree.
        public var mountedHasType: Bool
        /// The text of `/proc/self/mountinfo`.
        public var mountinfo: String
        /// The text of `/proc/self/cgroup`.
        public var membership: String

        /// Facts that were gathered, or made up for a test.
        public init(
            rootType: Int64?, unifiedType: Int64?, mountedHasType: Bool = false, mountinfo: String, membership: String
        ) {
            self.mountedHasType = mountedHasType
            self.rootType = rootType
            self.unifiedType = unifiedType
            self.mountinfo = mountinfo
            self.membership = membership
        }
    }

    /// `CGROUP2_SUPER_MAGIC` of `<linux/magic.h>`.
    public static let cgroup2Type: Int64 = 0x6367_7270

    /// Looks at this host.
    ///
    /// - Parameter root: where `/sys` and `/proc` are looked for.
    public static func find(root: String = "/") throws(CgroupError) -> Hierarchy {
        func text(_ path: String) throws(CgroupError) -> String {
            do throws(Errno) {
                return String(decoding: try OwnedDescriptor.open(path, .read).readToEnd(), as: UTF8.self)
            } catch {
                throw .failed("read", path, error)
            }
        }
        func type(_ path: String) -> Int64? {
            try? OwnedDescriptor.open(path, [.path, .directory]).fileSystemType()
        }
        let base = root.hasSuffix("/") ? root : root + "/"
        var facts = Facts(
            rootType: type(base + "sys/fs/cgroup"), unifiedType: type(base + "sys/fs/cgroup/unified"),
            mountinfo: try text(base + "proc/self/mountinfo"), membership: try text(base + "proc/self/cgroup"))
        if let point = Hierarchy(facts).mountPoint {
            facts.mountedHasType = (try? FileStatus.of(path: base + point.dropFirst() + "/cgroup.type")) != nil
        }
        return Hierarchy(facts)
    }

    /// Decides by facts alone.
    ///
    /// As systemd does it: cgroup2 on `/sys/fs/cgroup` is unified; on `/sys/fs/cgroup/unified` it is hybrid. Where
    /// neither is, any other mount of cgroup2 counts, for containers and rescue systems mount it where they like.
    public init(_ facts: Facts) {
        let mounts = Mount.table(facts.mountinfo)
        let v2 = mounts.filter { $0.type == "cgroup2" }
        let hasV1 = mounts.contains { $0.type == "cgroup" }
        // A later mount on the same point hides the earlier one.
        let standard = v2.last { $0.point == "/sys/fs/cgroup" }
        let beside = v2.last { $0.point == "/sys/fs/cgroup/unified" }
        let mount: Mount?
        if facts.rootType == Self.cgroup2Type {
            (mode, mount) = (.unified, standard ?? v2.first)
        } else if facts.unifiedType == Self.cgroup2Type {
            (mode, mount) = (.hybrid, beside ?? v2.first)
        } else if let other = v2.first {
            (mode, mount) = (hasV1 ? .hybrid : .unified, other)
        } else {
            (mode, mount) = (hasV1 ? .legacy : .none, nil)
        }
        mountPoint = mount?.point
        mountRoot = mount?.root ?? "/"
        seesWholeTree = mount != nil && !facts.mountedHasType
        mountOptions = Set((mount?.superOptions ?? []) + (mount?.options ?? []))
        let own = CgroupMembership.unified(in: facts.membership)
        ownIsDeleted = own?.isDeleted ?? false
        ownDirectory = mount.flatMap { mount in own.flatMap { mount.directory(of: $0.path) } }
    }
}

extension Hierarchy {
    /// Where a place such as `/a/b`, as `/proc/PID/cgroup` names it, can be opened; nil where it is not mounted.
    public func directory(of place: String) -> String? {
        guard let mountPoint else { return nil }
        return joined(place, below: mountRoot, at: mountPoint)
    }
}

extension Mount {
    fileprivate func directory(of place: String) -> String? { joined(place, below: root, at: point) }
}

/// `place` minus the mount's root, below the mount's point. `/../x`, which is how a cgroup outside of our namespace's
/// root looks from within, has no path there.
private func joined(_ place: String, below root: String, at point: String) -> String? {
    guard !place.split(separator: "/").contains("..") else { return nil }
    var rest = Substring(place)
    if root != "/" {
        guard place == root || place.hasPrefix(root + "/") else { return nil }
        rest = place.dropFirst(root.count)
    }
    let tail = rest == "/" ? "" : rest
    return tail.isEmpty ? point : (point == "/" ? "" : point) + tail
}
