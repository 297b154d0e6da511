import PinfoldLinux

/// A launcher outside of the user manager, for a controller below it.
///
/// The kernel lets a user move a process only between cgroups below one that the user may write, and a login session is not
/// below the user manager: the command could neither be born in its session's cgroup nor be moved there. systemd-run(1)
/// has PID 1 move the launcher into a scope of the user manager and executes it again, with the same process number,
/// terminal and descriptors.
package enum LoginScope {
    /// Executes this program again in a scope where that is needed. Returns where it is not, or is not possible: then the
    /// launcher fails later, with the remedy.
    ///
    /// - Parameters:
    ///   - socket: the controller's.
    ///   - log: one line that says what is done.
    package static func enterIfNeeded(socket: String, log: (String) -> Void) {
        let user = ownUser()
        guard user != 0, isNeeded(socket, user), let program = ownExecutable() else { return }
        var command = Command(
            "systemd-run",
            ["--user", "--scope", "--quiet", "--collect", "--", program] + Command.ownArguments().dropFirst())
        if command.variable("XDG_RUNTIME_DIR") == nil { command.set("XDG_RUNTIME_DIR", "/run/user/\(user)") }
        guard let folder = command.variable("XDG_RUNTIME_DIR"),
            (try? FileStatus.of(path: "\(folder)/systemd/private")) != nil
        else { return }
        log(
            "starting again in a scope of the user manager: the controller's sessions cannot be reached from a login session"
        )
        // No user manager that answers, no systemd-run: as above.
        _ = command.replaceProcess()
    }

    private static func isNeeded(_ socket: String, _ user: UInt32) -> Bool {
        let manager = "/user@\(user).service/"
        guard let own = cgroup(of: "self"), !own.contains(manager),
            let peer = try? LocalStream.connect(to: socket, timeout: .seconds(1)).peer(), peer.user == user,
            let controllers = cgroup(of: "\(peer.process)")
        else { return false }
        return controllers.contains(manager)
    }

    private static func cgroup(of process: String) -> String? {
        guard let text = try? OwnedDescriptor.open("/proc/\(process)/cgroup", .read).readToEnd() else { return nil }
        return CgroupMembership.unified(in: String(decoding: text, as: UTF8.self))?.path
    }
}
