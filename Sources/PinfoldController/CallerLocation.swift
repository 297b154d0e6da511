import PinfoldCgroups
import PinfoldCore
package import PinfoldLinux
import PinfoldPolicy
import PinfoldProtocol

/// In which session a caller is. What is in one may not give itself more by asking for another: docs/decisions/0016.
extension Controller {
    /// The life that a caller is in, nil for one that is outside of all.
    ///
    /// - Throws: where it is not known, unless the caller is privileged.
    func parent(of connection: ClientConnection) throws(InterfaceError) -> LifeID? {
        switch location(of: connection) {
        case .outside: return nil
        case .life(let life): return life
        case .unknown:
            guard !isPrivileged(connection) else { return nil }
            throw .refused(
                "it cannot be told from which cgroup the call comes: its process has ended or is not visible from the "
                    + "controller's PID namespace; connect from the process that makes the call")
        }
    }

    private func location(of connection: ClientConnection) -> ProcessLocation {
        let process = connection.peer.process
        guard process > 0 else { return .unknown }
        // A number may be another process's by now. The kernel holds the one that connected for us, where it can.
        switch connection.peerProcess() {
        case .held(let pidfd):
            let location = world.location(of: process)
            return pidfd.exists() ? location : .unknown
        case .ended: return .unknown
        case .unsupported: return world.location(of: process)
        }
    }

    /// Whether a caller may loosen limits: from within a session no user may.
    func mayLoosen(_ connection: ClientConnection, in parent: LifeID?) -> Bool {
        isPrivileged(connection) && parent == nil
    }

    /// Settings that keep a session which is opened from within another one inside of its limits.
    func confine(
        _ policy: SessionPolicy, _ settings: [String], of entry: PolicyBook.Entry, in parent: LifeID
    ) throws(InterfaceError) -> (policy: SessionPolicy, settings: [String]) {
        let confined: SessionPolicy
        do throws(Refusal) {
            confined = try pool.confined(policy, openedIn: parent)
        } catch {
            throw .notAdmitted(error.description)
        }
        let changed = SessionKeys.all.filter { $0.write(confined) != $0.write(policy) }
        // As settings they are kept with the session, and hold under a controller that reads its record.
        let all = SettingsOverlay.merged(settings, changed.map { "\($0.name)=\($0.write(confined))" })
        do throws(PolicyDiagnostic) {
            return (
                try SettingsOverlay.apply(all, to: entry.policy, named: entry.name, mayLoosen: true), all
            )
        } catch {
            throw .rejected(error.description)
        }
    }
}

extension SliceWorld {
    package func location(of process: ProcessID) -> ProcessLocation {
        guard let path = CgroupMembership.of(process)?.path, !path.hasSuffix(" (deleted)") else { return .unknown }
        var place = ""
        var above: Substring = ""
        for name in path.split(separator: "/") {
            place += "/" + name
            defer { above = name }
            guard above == "sessions", let life = LifeID(directoryName: String(name)), let inode = inode(of: life)
            else { continue }
            // Anybody may name a cgroup of theirs like one of ours.
            guard let directory = hierarchy.directory(of: place), let found = try? FileStatus.of(path: directory)
            else {
                return .unknown
            }
            if found.inode == inode { return .life(life) }
        }
        return .outside
    }
}
