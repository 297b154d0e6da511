import PinfoldLinux

/// The user's own controller as a service of the user manager: started when it is first wanted.
package enum UserService {
    private static let unit = "pinfold.socket"

    /// Has the user manager listen for the user's controller, where its units are there and nothing listens yet. Where that
    /// fails, the connection does, with what to type.
    ///
    /// - Parameters:
    ///   - home: the user's configuration folder, `~/.config`.
    ///   - log: one line that says what is done.
    package static func startIfNeeded(socket: String, home: String, log: (String) -> Void) {
        guard ownUser() != 0, !exists(socket), folders(home).contains(where: { exists("\($0)/\(unit)") }) else {
            return
        }
        log("starting \(unit) of the user manager")
        var command = Command("systemctl", ["--user", "--quiet", "start", ByteString(unit)])
        if command.variable("XDG_RUNTIME_DIR") == nil { command.set("XDG_RUNTIME_DIR", "/run/user/\(ownUser())") }
        guard var child = try? Child.spawn(command) else { return }
        _ = try? child.wait()
    }

    /// Where a user manager finds units, see systemd.unit(5).
    private static func folders(_ home: String) -> [String] {
        ["\(home)/systemd/user", "/etc/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user"]
    }

    private static func exists(_ path: String) -> Bool { (try? FileStatus.of(path: path)) != nil }
}

/// What to type where there is no controller.
enum StartAdvice {
    static var text: String {
        guard (try? FileStatus.of(path: "/run/systemd/system")) != nil else { return "start one with 'pinfold serve'" }
        let user = ownUser() == 0 ? "" : "--user "
        return "with the units of Pinfold start it with 'systemctl \(user)enable --now pinfold', without them with "
            + "'systemd-run \(user)--scope -p Delegate=yes pinfold serve'"
    }
}
