/// Where controller and clients find each other and their files by default.
package struct DefaultPaths: Hashable, Sendable {
    package let socket: String
    package let state: String
    package let policies: String

    /// - Parameters:
    ///   - user: 0 has the system's places, everybody else their own.
    ///   - variable: reads the environment; an empty variable counts as unset.
    package init(user: UInt32, variable: (String) -> String?) {
        func set(_ name: String) -> String? {
            guard let value = variable(name), !value.isEmpty else { return nil }
            return value
        }
        let home = set("HOME") ?? "/"
        if user == 0 {
            socket = set("PINFOLD_SOCKET") ?? "/run/pinfold/pinfold.sock"
            state = "/var/lib/pinfold"
            policies = "/etc/pinfold"
        } else {
            let runtime = set("XDG_RUNTIME_DIR") ?? "/run/user/\(user)"
            socket = set("PINFOLD_SOCKET") ?? "\(runtime)/pinfold/pinfold.sock"
            state = "\(set("XDG_STATE_HOME") ?? "\(home)/.local/state")/pinfold"
            policies = "\(set("XDG_CONFIG_HOME") ?? "\(home)/.config")/pinfold"
        }
    }

    /// Where a client looks: its own user's controller, else the system's.
    ///
    /// - Parameter exists: whether there is a file at a path.
    package func clientSocket(variable: (String) -> String?, exists: (String) -> Bool) -> String {
        if let named = variable("PINFOLD_SOCKET"), !named.isEmpty { return named }
        let system = DefaultPaths(user: 0) { _ in nil }.socket
        return !exists(socket) && exists(system) ? system : socket
    }
}
