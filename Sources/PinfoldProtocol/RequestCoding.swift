import PinfoldCore
import PinfoldJSON

extension Request {
    /// Nil where there is no such method.
    init?(method: String, _ parameters: JSONObject) throws(JSONDecodingError) {
        let name = method.split(separator: ".").last.map(String.init) ?? ""
        switch method {
        case "io.pinfold.Open": self = .open(try OpenRequest(json: parameters))
        case "io.pinfold.Reopen":
            self = .reopen(
                session: try parameters.required("session", as: .string),
                life: try parameters.required("life", as: .lifeNumber))
        case "io.pinfold.Started":
            self = .started(
                processID: try parameters.required("pid", as: .processID),
                placement: try parameters.required("placement", as: .oneOf(Placement.self)))
        case "io.pinfold.Attach": self = .attach
        case "io.pinfold.StartFailed":
            self = .startFailed(
                reason: try parameters.required("reason", as: .string),
                exitCode: try parameters.required("exitCode", as: .exitStatus))
        case "io.pinfold.Exited": self = .exited(try CommandStatus(json: parameters))
        case "io.pinfold.Active":
            self = .active(try parameters.required("source", as: .oneOf(ActivitySource.self)))
        case "io.pinfold.Turn": self = .turn(try TurnReport(json: parameters))
        case "io.pinfold.Remember": self = .remember(try parameters.optional("token", as: .string))
        case "io.pinfold.Leave": self = .leave
        case "io.pinfold.List":
            let after = try parameters.optional("after", as: .string)
            let limit = try parameters.optional("limit", as: .uint64)
            self = after == nil && limit == nil ? .list : .listPage(after: after, limit: limit)
        case "io.pinfold.Show": self = .show(try parameters.required("session", as: .string))
        case "io.pinfold.Explain": self = .explain
        case "io.pinfold.Touch", "io.pinfold.Pin", "io.pinfold.Unpin", "io.pinfold.Suspend", "io.pinfold.End",
            "io.pinfold.Kill":
            guard let verb = OrderVerb(rawValue: name) else { return nil }
            self = .order(verb, try parameters.required("session", as: .string))
        case "io.pinfold.Set":
            self = .set(
                try parameters.required("session", as: .string),
                settings: try parameters.required("settings", as: .array(of: .string)))
        case "io.pinfold.SetToken":
            self = .setToken(
                session: try parameters.required("session", as: .string),
                life: try parameters.optional("life", as: .lifeNumber),
                token: try parameters.optional("token", as: .string))
        case "io.pinfold.Events":
            self = .events(
                follow: try parameters.optional("follow", as: .bool) ?? false,
                since: try parameters.optional("since", as: .string))
        case "io.pinfold.Reload": self = .reload
        case "io.pinfold.Describe": self = .describe
        case "org.varlink.service.GetInfo": self = .information
        case "org.varlink.service.GetInterfaceDescription":
            self = .interfaceDescription(try parameters.required("interface", as: .string))
        default: return nil
        }
    }

    /// The call that makes this request.
    package var call: Call {
        switch self {
        case .open(let open): Call("io.pinfold.Open", open.json, wantsMore: true)
        case .reopen(let session, let life):
            Call("io.pinfold.Reopen", ["session": .string(session), "life": JSON(life)], wantsMore: true)
        case .started(let processID, let placement):
            Call(
                "io.pinfold.Started", ["pid": JSON(processID), "placement": .string(placement.rawValue)], isOneway: true
            )
        case .attach: Call("io.pinfold.Attach", isOneway: true)
        case .startFailed(let reason, let exitCode):
            Call("io.pinfold.StartFailed", ["reason": .string(reason), "exitCode": JSON(exitCode)], isOneway: true)
        case .exited(let status): Call("io.pinfold.Exited", status.json, isOneway: true)
        case .active(let source): Call("io.pinfold.Active", ["source": .string(source.rawValue)], isOneway: true)
        case .turn(let report): Call("io.pinfold.Turn", report.json, isOneway: true)
        case .remember(let token): Call("io.pinfold.Remember", ["token": JSON(token)], isOneway: true)
        case .leave: Call("io.pinfold.Leave", isOneway: true)
        case .list: Call("io.pinfold.List")
        case .listPage(let after, let limit):
            Call("io.pinfold.List", ["after": JSON(after), "limit": JSON(limit)])
        case .show(let session): Call("io.pinfold.Show", ["session": .string(session)])
        case .explain: Call("io.pinfold.Explain")
        case .order(let verb, let session): Call("io.pinfold.\(verb.rawValue)", ["session": .string(session)])
        case .set(let session, let settings):
            Call(
                "io.pinfold.Set",
                ["session": .string(session), "settings": .array(settings.map { .string($0) })])
        case .setToken(let session, let life, let token):
            Call(
                "io.pinfold.SetToken", ["session": .string(session), "life": JSON(life), "token": JSON(token)])
        case .events(let follow, let since):
            Call("io.pinfold.Events", ["follow": .bool(follow), "since": JSON(since)], wantsMore: true)
        case .reload: Call("io.pinfold.Reload")
        case .describe: Call("io.pinfold.Describe")
        case .information: Call("org.varlink.service.GetInfo")
        case .interfaceDescription(let name):
            Call("org.varlink.service.GetInterfaceDescription", ["interface": .string(name)])
        }
    }
}

extension OpenRequest {
    fileprivate init(json object: JSONObject) throws(JSONDecodingError) {
        self.init(
            session: try object.optional("session", as: .string), policy: try object.optional("policy", as: .string),
            settings: try object.optional("settings", as: .array(of: .string)) ?? [],
            command: try object.required("command", as: .array(of: .string)),
            waitMilliseconds: try object.optional("waitMilliseconds", as: .milliseconds),
            keepsTree: try object.optional("keepTree", as: .bool) ?? false)
    }

    fileprivate var json: JSONObject {
        [
            "session": JSON(session), "policy": JSON(policy), "settings": .array(settings.map { .string($0) }),
            "command": .array(command.map { .string($0) }), "waitMilliseconds": JSON(waitMilliseconds),
            "keepTree": .bool(keepsTree),
        ]
    }
}

extension CommandStatus {
    /// `{"code": 3}` or `{"signal": 9}`.
    var json: JSONObject {
        switch self {
        case .exited(let code): ["code": JSON(code)]
        case .signaled(let signal): ["signal": JSON(signal)]
        }
    }

    /// Bounded as wait(2) bounds it: the rules calculate with it, and it comes from any user.
    init(json object: JSONObject) throws(JSONDecodingError) {
        if let signal = try object.optional("signal", as: .signal) {
            self = .signaled(signal)
        } else {
            self = .exited(try object.required("code", as: .exitStatus))
        }
    }
}
