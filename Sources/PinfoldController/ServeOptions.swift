package import PinfoldProtocol

/// How a controller is to be run: `pinfold serve`.
package struct ServeOptions: Sendable {
    package var slice: String?
    package var policies: String
    /// Whether the folder was named, so that it must be there.
    package var policiesAreNamed: Bool
    package var state: String
    package var socket: String
    /// The controller's own child, for containers; empty for none.
    package var command: [String]
    /// The service manager that started the controller; nil for none.
    package var service: ServiceEnvironment?
    /// Whether this is the main process of a unit of systemd, which ends what is in its cgroup.
    package var isService: Bool
    /// The socket that the service manager listens on for the controller; nil: it makes its own.
    package var listening: Int32?

    package init(
        slice: String? = nil, policies: String? = nil, state: String? = nil, socket: String? = nil,
        command: [String] = [], service: ServiceEnvironment? = nil, isService: Bool = false, listening: Int32? = nil,
        places: DefaultPaths
    ) {
        self.slice = slice
        self.policies = policies ?? places.policies
        policiesAreNamed = policies != nil
        self.state = state ?? places.state
        self.socket = socket ?? places.socket
        self.command = command
        self.service = service
        self.isService = isService
        self.listening = listening
    }
}

/// Why a controller does not start, and the exit status that says so.
package struct ServeFailure: Error, CustomStringConvertible {
    /// `EX_CONFIG` of sysexits.h: the operator's files are wrong.
    package static let configuration: Int32 = 78

    package let description: String
    package let exitCode: Int32

    init(_ description: String, exitCode: Int32 = 1) {
        self.description = description
        self.exitCode = exitCode
    }
}
