package import PinfoldCgroups
import PinfoldLinux

/// Which directory of the cgroup tree the controller is to own.
package enum SliceLocation {
    /// Where it goes on a machine whose whole tree is ours.
    static let name = "pinfold"

    /// The slice: the one that was named, else our own cgroup where it is delegated, else one at the top of the tree
    /// where no other manager owns it.
    ///
    /// - Throws: `WorldError` with the command to type.
    package static func find(named: String?, in hierarchy: Hierarchy) throws(WorldError) -> String {
        guard let mountPoint = hierarchy.mountPoint else {
            throw WorldError(
                "there is no cgroup v2 tree on this host (mode \(hierarchy.mode.rawValue)); mount one with "
                    + "'mount -t cgroup2 none /sys/fs/cgroup', or boot with systemd.unified_cgroup_hierarchy=1")
        }
        if let named {
            guard named.hasPrefix("/") else { throw WorldError("--slice wants an absolute path, not '\(named)'") }
            let path = "/" + named.split(separator: "/").joined(separator: "/")
            let ownership = SliceOwnership(mountPoint: mountPoint, hasServiceManager: systemdRuns())
            if let refusal = ownership.refusal(of: path) { throw refusal }
            guard isInTree(path) else { throw WorldError(CgroupError.notCgroup2(path).description) }
            return path
        }
        guard let own = hierarchy.ownDirectory, !hierarchy.ownIsDeleted else {
            throw WorldError("our own cgroup is not below \(mountPoint); name a delegated directory with --slice")
        }
        if own != mountPoint {
            guard isDelegated(own) else {
                throw WorldError(
                    "\(own) is not delegated to us; start the controller with 'systemd-run --scope -p Delegate=yes "
                        + "-- pinfold serve' (as a user: with --user), or name a directory with --slice")
            }
            // A leaf that systemd made for us (DelegateSubgroup=) belongs to the delegated cgroup above it.
            return own.hasSuffix("/controller") ? String(own.dropLast("/controller".count)) : own
        }
        // The top of what we see: a namespace's root is ours to manage, and so is the real root of a machine without
        // systemd. On one with it, everything at the top is systemd's.
        guard isRealRoot(mountPoint) else { return mountPoint }
        guard hierarchy.mode == .hybrid || !systemdRuns() else {
            throw WorldError(
                "systemd manages the cgroups of this host; start the controller as a service with Delegate=yes, or with "
                    + "'systemd-run --scope -p Delegate=yes -- pinfold serve'")
        }
        return "\(mountPoint)/\(name)"
    }

    /// Whether it is, or would be made, in a cgroup v2 tree.
    private static func isInTree(_ path: String) -> Bool {
        var place = Substring(path)
        while place.count > 1, (try? FileStatus.of(path: String(place))) == nil {
            place = place.prefix(upTo: place.lastIndex(of: "/") ?? place.startIndex)
        }
        let nearest = place.isEmpty ? "/" : String(place)
        return (try? OwnedDescriptor.open(nearest, [.path, .directory]).fileSystemType()) == Hierarchy.cgroup2Type
    }

    /// Makes the slice where it is missing.
    ///
    /// - Returns: whether it was.
    static func make(_ path: String) throws(WorldError) -> Bool {
        guard (try? FileStatus.of(path: path)) == nil else { return false }
        do throws(Errno) {
            try Directory.makeAll(path, permissions: 0o755)
        } catch .readOnlyFileSystem {
            // Taking it over throws with the remedy.
        } catch .accessDenied, .notPermitted {
            // Likewise.
        } catch {
            throw WorldError("cannot make \(path): \(error)")
        }
        return true
    }

    /// `DelegateSubgroup=` puts us one below what is delegated.
    private static func isDelegated(_ path: String) -> Bool {
        let candidates = path.hasSuffix("/controller") ? [path, String(path.dropLast("/controller".count))] : [path]
        return candidates.contains { place in
            guard let directory = try? Directory(place) else { return false }
            return DelegationMark.isOn(directory)
        } || isWritableByUs(path)
    }

    /// An ordinary user who may write a directory of the tree has been given it.
    private static func isWritableByUs(_ path: String) -> Bool {
        guard ownUser() != 0, let directory = try? Directory(path) else { return false }
        return (try? directory.allows(2, "cgroup.procs")) != nil
    }

    private static func isRealRoot(_ mountPoint: String) -> Bool {
        guard let root = try? Cgroup.open(mountPoint), let type = try? root.read("cgroup.type") else { return true }
        if case .value = type { return false }
        return true
    }

    private static func systemdRuns() -> Bool {
        (try? FileStatus.of(path: "/run/systemd/system")) != nil
    }
}
