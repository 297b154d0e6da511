package import PinfoldCore
package import PinfoldJSON

/// What a controller sends to a launcher over its lease: the replies to `Open` and `Reopen`.
package enum LeaseEvent: Hashable, Sendable {
    /// Waiting for a place.
    case queued(position: Int)
    /// The cgroup's descriptor comes with this reply: start the command in it.
    case granted(Grant)
    /// The held child is in the cgroup now: let it execute.
    case attached
    case attachFailed(reason: String)
    /// First stage of ending: close the command's stdin, unless it is taken back, see ``PinfoldCore/InputClosing``.
    case closeInput(Cause, InputClosing)
    /// A turn is open for too long: ask the agent to cancel it. If it is not over soon after, the life ends.
    ///
    /// - turn: its number in the launcher's reports; nil for every turn that is open.
    case cancelTurn(Cause, turn: UInt64?)
    /// The command is gone; what it left behind goes on without a lease.
    case released
    /// The life is over, its cgroup gone.
    case ended(Ending)

    package struct Grant: Hashable, Sendable {
        package let session: String
        package let life: UInt64
        package let cgroup: String
        package let policy: String
        package let enforcement: Enforcement
        /// The path of the controller's socket, for the session's environment.
        package let socket: String
        /// How long an ending may take before the last stage, milliseconds.
        package let graceMilliseconds: UInt64
        /// What a former life left for this one to go on with; nil over a lease that is taken again.
        package let resume: String?
        /// Whether the life before this one was ended for good, and not only lost.
        package let followsEnd: Bool
        /// Of the settings the caller asked for, those that the kernel does not enforce.
        package let unenforced: [UnenforcedLimit]

        package init(
            session: String, life: UInt64, cgroup: String, policy: String, enforcement: Enforcement, socket: String,
            graceMilliseconds: UInt64, resume: String? = nil, followsEnd: Bool = false,
            unenforced: [UnenforcedLimit] = []
        ) {
            self.session = session
            self.life = life
            self.cgroup = cgroup
            self.policy = policy
            self.enforcement = enforcement
            self.socket = socket
            self.graceMilliseconds = graceMilliseconds
            self.resume = resume
            self.followsEnd = followsEnd
            self.unenforced = unenforced
        }
    }

    package struct Ending: Hashable, Sendable {
        package let cause: Cause
        package let isSuspended: Bool
        package let exitCode: Int32
        /// Why the record of a suspended session is in memory alone; nil where it is on disk.
        package let recordProblem: String?

        package init(cause: Cause, isSuspended: Bool, exitCode: Int32, recordProblem: String? = nil) {
            self.cause = cause
            self.isSuspended = isSuspended
            self.exitCode = exitCode
            self.recordProblem = recordProblem
        }
    }

    /// Whether it is the last event over this lease.
    package var isLast: Bool {
        switch self {
        case .released, .ended: true
        default: false
        }
    }
}

extension LeaseEvent {
    package var reply: Reply {
        Reply(["lease": .object(json)], continues: !isLast)
    }

    private var json: JSONObject {
        switch self {
        case .queued(let position): ["event": "queued", "position": JSON(position)]
        case .granted(let grant):
            [
                "event": "granted", "session": .string(grant.session), "life": JSON(grant.life),
                "cgroup": .string(grant.cgroup), "policy": .string(grant.policy),
                "enforcement": .string(grant.enforcement.rawValue), "socket": .string(grant.socket),
                "graceMilliseconds": JSON(grant.graceMilliseconds), "resume": JSON(grant.resume),
                "followsEnd": .bool(grant.followsEnd), "unenforced": .array(grant.unenforced.map(\.json)),
            ]
        case .attached: ["event": "attached"]
        case .attachFailed(let reason): ["event": "attach_failed", "reason": .string(reason)]
        case .closeInput(let cause, let inputClosing):
            [
                "event": "close_input", "cause": cause.json, "milliseconds": JSON(inputClosing.milliseconds),
                "reports": JSON(inputClosing.reports), "refusable": .bool(inputClosing.isRefusable),
            ]
        case .cancelTurn(let cause, let turn):
            ["event": "cancel_turn", "cause": cause.json, "turn": JSON(turn)]
        case .released: ["event": "released"]
        case .ended(let ending):
            [
                "event": "ended", "cause": ending.cause.json, "suspended": .bool(ending.isSuspended),
                "exitCode": JSON(ending.exitCode), "recordProblem": JSON(ending.recordProblem),
            ]
        }
    }

    package init(_ reply: Reply) throws(JSONDecodingError) {
        let object = try reply.parameters.required("lease", as: .object)
        let event = try object.required("event", as: .string)
        switch event {
        case "queued": self = .queued(position: try object.required("position", as: .position))
        case "granted": self = .granted(try Grant(json: object))
        case "attached": self = .attached
        case "attach_failed": self = .attachFailed(reason: try object.required("reason", as: .string))
        case "close_input":
            self = .closeInput(
                try object.required("cause", as: .cause),
                InputClosing(
                    milliseconds: try object.required("milliseconds", as: .milliseconds),
                    reports: try object.required("reports", as: .uint64),
                    isRefusable: try object.required("refusable", as: .bool)))
        case "cancel_turn":
            self = .cancelTurn(
                try object.required("cause", as: .cause), turn: try object.optional("turn", as: .uint64))
        case "released": self = .released
        case "ended":
            self = .ended(
                Ending(
                    cause: try object.required("cause", as: .cause),
                    isSuspended: try object.required("suspended", as: .bool),
                    exitCode: try object.required("exitCode", as: .exitStatus),
                    recordProblem: try object.optional("recordProblem", as: .string)))
        default: throw JSONDecodingError("unknown event '\(event)'", path: [.key("lease"), .key("event")])
        }
    }
}

extension LeaseEvent.Grant {
    fileprivate init(json object: JSONObject) throws(JSONDecodingError) {
        self.init(
            session: try object.required("session", as: .string), life: try object.required("life", as: .lifeNumber),
            cgroup: try object.required("cgroup", as: .string), policy: try object.required("policy", as: .string),
            enforcement: try object.required("enforcement", as: .oneOf(Enforcement.self)),
            socket: try object.required("socket", as: .string),
            graceMilliseconds: try object.required("graceMilliseconds", as: .milliseconds),
            resume: try object.optional("resume", as: .string),
            followsEnd: try object.optional("followsEnd", as: .bool) ?? false,
            unenforced: try object.optional("unenforced", as: .array(of: .unenforcedLimit)) ?? [])
    }
}

extension JSONShape<Cause> {
    package static var cause: Self {
        .object { (object) throws(JSONDecodingError) in try Cause(json: object) }
    }
}
