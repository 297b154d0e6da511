package import PinfoldCore
import PinfoldJSON

/// What clients ask of a controller: the methods of `io.pinfold` and `org.varlink.service`, as values.
package enum Request: Hashable, Sendable {
    case open(OpenRequest)
    case reopen(session: String, life: UInt64)
    case started(processID: Int32, placement: Placement)
    case attach
    case startFailed(reason: String, exitCode: Int32)
    case exited(CommandStatus)
    case active(ActivitySource)
    /// Where the conversations stand that the launcher relays.
    case turn(TurnReport)
    /// What the next life needs to go on; nil for nothing.
    case remember(String?)
    /// The launcher was asked to terminate: its session is to end.
    case leave

    case list
    /// `List` by name: those after one, and no more than so many; nil for as many as one reply has.
    case listPage(after: String?, limit: UInt64?)
    case show(String)
    case explain
    case order(OrderVerb, String)
    case set(String, settings: [String])
    /// The same as `remember`, from inside a session: its life is then named, so that an old one changes nothing.
    case setToken(session: String, life: UInt64?, token: String?)
    case events(follow: Bool, since: String?)
    case reload
    case describe

    case information
    case interfaceDescription(String)

    /// Orders that need nothing but the session's name.
    package enum OrderVerb: String, CaseIterable, Sendable {
        case touch = "Touch"
        case pin = "Pin"
        case unpin = "Unpin"
        case suspend = "Suspend"
        case end = "End"
        case kill = "Kill"
    }

    /// Whether it changes nothing: there is no sense in it where no answer is wanted, and the answer may be long.
    package var isLook: Bool {
        switch self {
        case .list, .listPage, .show, .explain, .events, .describe, .information, .interfaceDescription: true
        default: false
        }
    }

    /// Whether it is a launcher's report of its session, of which there are many.
    package var isReport: Bool {
        switch self {
        case .started, .attach, .startFailed, .exited, .active, .turn, .remember, .leave: true
        default: false
        }
    }

    /// Whether the call is answered with a stream of replies.
    package var isStream: Bool {
        switch self {
        case .open, .reopen: true
        case .events(let follow, _): follow
        default: false
        }
    }
}

/// What a launcher wants a session for.
package struct OpenRequest: Hashable, Sendable {
    /// Nil lets the controller choose a name.
    package var session: String?
    /// Nil lets the `[Match]` sections choose.
    package var policy: String?
    /// Each `Key=Value`.
    package var settings: [String]
    package var command: [String]
    /// Milliseconds in the queue; nil for the pool's `AdmissionTimeoutSec=`.
    package var waitMilliseconds: UInt64?
    package var keepsTree: Bool

    package init(
        session: String? = nil, policy: String? = nil, settings: [String] = [], command: [String],
        waitMilliseconds: UInt64? = nil, keepsTree: Bool = false
    ) {
        self.session = session
        self.policy = policy
        self.settings = settings
        self.command = command
        self.waitMilliseconds = waitMilliseconds
        self.keepsTree = keepsTree
    }
}

extension Request {
    static let interface = "io.pinfold"
    static let service = "org.varlink.service"

    /// Reads a call.
    package init(_ call: Call) throws(InterfaceError) {
        let read: Request?
        do throws(JSONDecodingError) {
            read = try Request(method: call.method, call.parameters)
        } catch {
            guard case .key(let name)? = error.path.first else { throw .rejected("\(error)") }
            throw .invalidParameter(name)
        }
        guard let read else { throw Self.unknown(call.method) }
        self = read
        guard !isStream || call.wantsMore else { throw .expectedMore }
    }

    private static func unknown(_ method: String) -> InterfaceError {
        let name = method.lastIndex(of: ".").map { String(method[..<$0]) } ?? ""
        return name == interface || name == service ? .methodNotFound(method) : .interfaceNotFound(name)
    }
}
