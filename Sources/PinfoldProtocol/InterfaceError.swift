package import PinfoldJSON

/// What a call can be answered with instead of its result.
package enum InterfaceError: Error, Hashable, Sendable {
    case noSuchSession(String)
    /// The request itself is wrong; asking again the same way is of no use.
    case rejected(String)
    /// No place or no memory now.
    case notAdmitted(String)
    /// Not possible for this session.
    case refused(String)
    /// Nothing was changed; each complaint has its file and line.
    case policiesRejected([String])
    /// The call belongs to a lease, and this connection holds none.
    case noLease
    case permissionDenied
    case methodNotFound(String)
    case interfaceNotFound(String)
    case invalidParameter(String)
    /// The method answers more than once and the call does not want `more`.
    case expectedMore
    /// An error of an interface this program does not know.
    case other(String, String)

    package var reply: Reply {
        switch self {
        case .noSuchSession(let id): Reply(error: "io.pinfold.NoSuchSession", ["session": .string(id)])
        case .rejected(let message): Reply(error: "io.pinfold.Rejected", ["message": .string(message)])
        case .notAdmitted(let message): Reply(error: "io.pinfold.NotAdmitted", ["message": .string(message)])
        case .refused(let message): Reply(error: "io.pinfold.Refused", ["message": .string(message)])
        case .policiesRejected(let diagnostics):
            Reply(error: "io.pinfold.PoliciesRejected", ["complaints": .array(diagnostics.map { .string($0) })])
        case .noLease: Reply(error: "io.pinfold.NoLease")
        case .permissionDenied: Reply(error: "org.varlink.service.PermissionDenied")
        case .methodNotFound(let method):
            Reply(error: "org.varlink.service.MethodNotFound", ["method": .string(method)])
        case .interfaceNotFound(let name):
            Reply(error: "org.varlink.service.InterfaceNotFound", ["interface": .string(name)])
        case .invalidParameter(let name):
            Reply(error: "org.varlink.service.InvalidParameter", ["parameter": .string(name)])
        case .expectedMore: Reply(error: "org.varlink.service.ExpectedMore")
        case .other(let name, let message): Reply(error: name, ["message": .string(message)])
        }
    }

    /// Reads an error reply back.
    package init(_ name: String, _ parameters: JSONObject) {
        func text(_ key: String) -> String { parameters[key]?.string ?? "" }
        switch name {
        case "io.pinfold.NoSuchSession": self = .noSuchSession(text("session"))
        case "io.pinfold.Rejected": self = .rejected(text("message"))
        case "io.pinfold.NotAdmitted": self = .notAdmitted(text("message"))
        case "io.pinfold.Refused": self = .refused(text("message"))
        case "io.pinfold.PoliciesRejected":
            self = .policiesRejected((parameters["complaints"]?.array ?? []).compactMap(\.string))
        case "io.pinfold.NoLease": self = .noLease
        case "org.varlink.service.PermissionDenied": self = .permissionDenied
        case "org.varlink.service.MethodNotFound": self = .methodNotFound(text("method"))
        case "org.varlink.service.InterfaceNotFound": self = .interfaceNotFound(text("interface"))
        case "org.varlink.service.InvalidParameter": self = .invalidParameter(text("parameter"))
        case "org.varlink.service.ExpectedMore": self = .expectedMore
        default: self = .other(name, text("message"))
        }
    }
}

extension InterfaceError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noSuchSession(let id): "there is no session '\(id)'; see pinfold list"
        case .rejected(let message), .notAdmitted(let message), .refused(let message): message
        case .policiesRejected(let diagnostics): diagnostics.joined(separator: "\n")
        case .noLease: "this connection holds no lease"
        case .permissionDenied: "only root and the controller's own user may do this"
        case .methodNotFound(let method): "the controller does not know the method \(method); is it older?"
        case .interfaceNotFound(let name): "the controller does not know the interface \(name)"
        case .invalidParameter(let name): "the parameter '\(name)' is missing or wrong"
        case .expectedMore: "the method answers more than once; call it with more"
        case .other(let name, let message): message.isEmpty ? name : "\(name): \(message)"
        }
    }
}
