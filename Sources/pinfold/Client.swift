import PinfoldJSON
import PinfoldLauncher
import PinfoldLinux
import PinfoldProtocol

/// A command's conversation with the controller.
struct Client: ~Copyable {
    private let path: String
    private var socket: ControllerSocket

    init(_ arguments: Arguments) throws(ControllerUnavailable) {
        path = Client.path(arguments)
        socket = try ControllerSocket(path)
    }

    /// The socket that was named, else where the controller usually is.
    static func path(_ arguments: Arguments) -> String {
        if let named = arguments["socket"] { return named }
        return places.clientSocket(variable: environmentVariable) { (try? FileStatus.of(path: $0)) != nil }
    }

    static var places: DefaultPaths {
        DefaultPaths(user: ownUser(), variable: environmentVariable)
    }

    /// The answer's parameters.
    ///
    /// - Throws: `InterfaceError` if the controller refuses.
    mutating func ask(_ request: Request, within patience: Duration? = ControllerSocket.responseTimeout) throws
        -> JSONObject
    {
        let reply: Reply
        do throws(ControllerUnavailable) {
            reply = try socket.ask(request, within: patience)
        } catch {
            // Restarted in between. Only what changes nothing may be asked twice.
            guard error.isLost, request.isLook else { throw error }
            socket = try ControllerSocket(path)
            reply = try socket.ask(request, within: patience)
        }
        return try Client.parameters(reply)
    }

    /// All sessions that the caller may see, page by page.
    mutating func sessions() throws -> [SessionDescription] {
        var found: [SessionDescription] = []
        var after: String?
        repeat {
            let page = try ask(after.map { .listPage(after: $0, limit: nil) } ?? .list)
            found += try page.required("sessions", as: .array(of: .session))
            after = try page.optional("next", as: .string)
        } while after != nil
        return found
    }

    /// The next answer of a call that is answered more than once.
    mutating func next() throws -> JSONObject {
        try Client.parameters(try socket.reply(within: nil))
    }

    private static func parameters(_ reply: Reply) throws(InterfaceError) -> JSONObject {
        if let name = reply.error { throw InterfaceError(name, reply.parameters) }
        return reply.parameters
    }
}

/// A variable of our environment; nil where it is unset.
func environmentVariable(_ name: String) -> String? {
    Command("").variable(name)?.description
}
