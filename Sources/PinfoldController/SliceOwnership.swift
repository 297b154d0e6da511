import PinfoldCgroups
import PinfoldLinux

/// Whether a directory that was named as the slice belongs to systemd. In a cgroup that it has not delegated, systemd
/// moves processes and switches controllers as it needs them (CGROUP_DELEGATION.md, "single-writer rule").
struct SliceOwnership {
    let mountPoint: String
    /// Whether systemd manages the services of this host or container.
    let hasServiceManager: Bool

    private static let unitKinds = [".slice", ".service", ".scope", ".socket", ".mount", ".swap"]
    private static let remedy =
        "; use the cgroup of a service with Delegate=yes, as pinfold-pool.service is, or start the controller with "
        + "'systemd-run --scope -p Delegate=yes -- pinfold serve'"
    private let user = ownUser()

    /// Why the directory may not be taken over; nil where it may, or is not there yet and may be made.
    func refusal(of path: String) -> WorldError? {
        guard !path.split(separator: "/").contains("..") else {
            return WorldError("--slice wants a path without '..', not '\(path)'")
        }
        guard hasServiceManager else { return nil }
        // Where a manager of services has put itself, it owns all around it: the root of the tree, a container's root, a
        // user@.service.
        guard (try? FileStatus.of(path: path + "/init.scope")) == nil else {
            return WorldError("\(path) is the service manager's own root" + Self.remedy)
        }
        var place = Substring(path)
        while place.count > mountPoint.count {
            if isMarked(String(place)) { return nil }
            let name = place.split(separator: "/").last ?? ""
            if let kind = Self.unitKinds.first(where: name.hasSuffix) {
                guard !isDelegatedUnseen(String(place), kind, isNamed: place.count == path.count) else { return nil }
                let whose = place.count == path.count ? path : "\(path) is in \(place), which"
                return WorldError("\(whose) belongs to systemd and is not delegated" + Self.remedy)
            }
            place = place.dropLast(name.count + 1)
        }
        return nil
    }

    private func isMarked(_ path: String) -> Bool {
        guard let directory = try? Directory(path) else { return false }
        return DelegationMark.isOn(directory)
    }

    /// Before version 250 systemd makes only the mark that needs CAP_SYS_ADMIN to be read. A service or a scope is also
    /// taken for delegated if no process is in it, as in a holder's with its leaf, or if an ordinary user may write it.
    private func isDelegatedUnseen(_ path: String, _ kind: String, isNamed: Bool) -> Bool {
        guard kind == ".service" || kind == ".scope" else { return false }
        if user != 0 { return (try? Directory(path).allows(2, "cgroup.procs")) != nil }
        guard isNamed, let cgroup = try? Cgroup.open(path), let present = try? cgroup.processes() else { return false }
        return present.isEmpty
    }
}

/// systemd marks what it delegates by an extended attribute; see CGROUP_DELEGATION.md.
enum DelegationMark {
    static func isOn(_ directory: borrowing Directory) -> Bool {
        for name in ["trusted.delegate", "user.delegate"]
        where (try? directory.descriptor.attribute(name)) == Array("1".utf8) {
            return true
        }
        return false
    }
}
