import PinfoldCore
import PinfoldJSON
import Testing

@testable import PinfoldProtocol

private let requests: [Request] =
    [
        .open(OpenRequest(command: ["true"])),
        .open(
            OpenRequest(
                session: "a", policy: "p", settings: ["MemoryMax=1G"], command: ["a", "b c"], waitMilliseconds: 5,
                keepsTree: true)),
        .reopen(session: "a", life: 3), .started(processID: 42, placement: .attach), .attach,
        .startFailed(reason: "no", exitCode: 127), .leave, .exited(.exited(3)), .exited(.signaled(9)), .active(.stdin),
        .turn(.waiting), .turn(TurnReport(.none, turns: [], isUse: false)),
        .turn(
            TurnReport(
                .open,
                turns: [
                    .init(number: 7, isWaiting: false, milliseconds: 9_223_372_036_854),
                    .init(number: 9, isWaiting: true, milliseconds: 0),
                ])),
        .remember("{}"), .remember(nil), .setToken(session: "a", life: 3, token: "t"),
        .setToken(session: "a", life: nil, token: nil), .list,
        .show("a"), .explain, .set("a", settings: ["TasksMax=3"]), .events(follow: true, since: "2026-01-01T00:00:00Z"),
        .events(follow: false, since: nil), .reload, .describe, .information, .interfaceDescription("io.pinfold"),
    ] + Request.OrderVerb.allCases.map { .order($0, "a") }

private let wrongParameters: [(method: String, parameters: JSONObject, name: String)] = [
    ("io.pinfold.Show", [:], "session"), ("io.pinfold.Show", ["session": 1], "session"),
    ("io.pinfold.Open", ["session": "a"], "command"), ("io.pinfold.Open", ["command": [1]], "command"),
    ("io.pinfold.Started", ["pid": 4_294_967_296, "placement": "into"], "pid"),
    ("io.pinfold.Started", ["pid": 1, "placement": "beside"], "placement"),
    ("io.pinfold.Active", ["source": "ping"], "source"), ("io.pinfold.Turn", ["state": "closed"], "state"),
    ("io.pinfold.Turn", ["state": "open", "turns": [["number": 1, "state": "none", "milliseconds": 0]]], "turns"),
    ("io.pinfold.Remember", ["token": 1], "token"), ("io.pinfold.SetToken", ["token": "t"], "session"),
    ("io.pinfold.SetToken", ["session": "a", "life": "1"], "life"),
    ("io.pinfold.Reopen", ["session": "a", "life": -1], "life"),
    ("io.pinfold.Exited", ["signal": 2_147_483_647], "signal"), ("io.pinfold.Exited", ["signal": 0], "signal"),
    ("io.pinfold.Exited", ["signal": 65], "signal"), ("io.pinfold.Exited", ["signal": -1], "signal"),
    ("io.pinfold.Exited", ["code": 256], "code"), ("io.pinfold.Exited", ["code": -1], "code"),
    ("io.pinfold.Started", ["pid": 0, "placement": "into"], "pid"),
    ("io.pinfold.Started", ["pid": -1, "placement": "into"], "pid"),
    ("io.pinfold.Started", ["pid": 4_194_305, "placement": "into"], "pid"),
    ("io.pinfold.StartFailed", ["reason": "", "exitCode": 256], "exitCode"),
    ("io.pinfold.StartFailed", ["reason": "", "exitCode": -1], "exitCode"),
    ("io.pinfold.Reopen", ["session": "a", "life": 9_007_199_254_740_993], "life"),
    ("io.pinfold.SetToken", ["session": "a", "life": 9_007_199_254_740_993], "life"),
    ("io.pinfold.Open", ["command": ["a"], "waitMilliseconds": 9_223_372_036_855], "waitMilliseconds"),
    ("io.pinfold.Turn", ["state": "open", "turns": [["number": 1, "state": "open", "milliseconds": -1]]], "turns"),
    (
        "io.pinfold.Turn",
        ["state": "open", "turns": [["number": 1, "state": "open", "milliseconds": 9_223_372_036_855]]], "turns"
    ),
]

@Suite struct RequestTests {
    @Test(arguments: requests)
    func requestIsReadBackFromItsCall(request: Request) throws {
        #expect(try Request(request.call) == request)
    }

    /// Introspection that leaves a method out, or names one that is not there, misleads every generated client.
    @Test func interfaceTextNamesExactlyTheMethodsThereAre() throws {
        let text = try #require(Interface.description(of: "io.pinfold"))
        let described = text.split(separator: "\n").filter { $0.hasPrefix("method ") }
            .map { "io.pinfold." + $0.dropFirst(7).prefix { $0 != "(" } }
        let known = Set(requests.map(\.call.method).filter { $0.hasPrefix("io.pinfold.") })
        #expect(Set(described) == known)
        #expect(described.count == known.count)
    }

    @Test func interfaceTextNamesEveryMemberOfASession() throws {
        let text = try #require(Interface.description(of: "io.pinfold"))
        let type = try #require(text.split(separator: "type Session (").last?.split(separator: "\n)").first)
        let described = type.split(separator: "\n").compactMap { $0.split(separator: ":").first }
            .map { $0.drop { $0 == " " } }.filter { !$0.isEmpty }.map(String.init)
        #expect(described == description().json.object?.keys)
    }

    @Test(arguments: [
        ("io.pinfold.Nothing", InterfaceError.methodNotFound("io.pinfold.Nothing")),
        ("org.example.List", .interfaceNotFound("org.example")), ("List", .interfaceNotFound("")),
    ])
    func unknownMethodIsNamed(method: String, error: InterfaceError) {
        #expect(throws: error) { try Request(Call(method)) }
    }

    @Test(arguments: wrongParameters)
    func wrongParameterIsNamed(method: String, parameters: JSONObject, name: String) {
        #expect(throws: InterfaceError.invalidParameter(name)) {
            try Request(Call(method, parameters, wantsMore: true))
        }
    }

    @Test func streamThatIsNotAskedForAsOneIsRefused() {
        #expect(throws: InterfaceError.expectedMore) { try Request(Call("io.pinfold.Open", ["command": ["x"]])) }
        #expect(throws: InterfaceError.expectedMore) { try Request(Call("io.pinfold.Events", ["follow": true])) }
    }

    @Test(arguments: [
        InterfaceError.noSuchSession("a"), .rejected("b"), .notAdmitted("c"), .refused("d"),
        .policiesRejected(["e", "f"]),
        .noLease, .permissionDenied, .methodNotFound("g"), .interfaceNotFound("h"), .invalidParameter("i"),
        .expectedMore,
        .other("io.else.Error", "j"),
    ])
    func errorIsReadBackFromItsReply(error: InterfaceError) {
        let reply = error.reply
        #expect(InterfaceError(reply.error ?? "", reply.parameters) == error)
        #expect(!error.description.isEmpty)
    }
}

private let cause = Cause.idleTimeout(idle: .seconds(5), limit: .seconds(4))

func description() -> SessionDescription {
    var session = Session(
        id: (try? SessionID("a")) ?? { preconditionFailure() }(), owner: UserID(1000), policyName: "agent",
        policy: SessionPolicy(), settings: [], lastActivity: Instant(nanoseconds: 5_000_000_000))
    session.lives = 2
    session.cause = cause
    let budget = PoolBudget(policy: PoolPolicy(), effectiveLimit: 1 << 32, taskLimit: 100)
    return SessionDescription(
        session, budget: budget, sessionsPath: "/sys/fs/cgroup/s", at: Instant(nanoseconds: 9_000_000_000))
}

private let leaseEvents: [LeaseEvent] = [
    LeaseEvent.queued(position: 3), .attached, .attachFailed(reason: "no"),
    .closeInput(cause, InputClosing(milliseconds: 1_000, reports: .max, isRefusable: true)),
    .closeInput(cause, InputClosing(milliseconds: 0, reports: 0, isRefusable: false)), .cancelTurn(cause, turn: nil),
    .cancelTurn(cause, turn: 3), .released,
    .granted(
        LeaseEvent.Grant(
            session: "a", life: 1, cgroup: "/c", policy: "p", enforcement: .kernel, socket: "/s",
            graceMilliseconds: 4_000)),
    .granted(
        LeaseEvent.Grant(
            session: "a", life: 1, cgroup: "/c", policy: "p", enforcement: .none, socket: "/s",
            graceMilliseconds: 4_000, resume: "{\"a\": \"\u{0}\n\"}")),
    .ended(LeaseEvent.Ending(cause: cause, isSuspended: true, exitCode: 75)),
]

@Suite struct CodingTests {
    @Test(arguments: leaseEvents)
    func leaseEventIsReadBackFromItsReply(event: LeaseEvent) throws {
        let reply = try Reply(frame: Array(event.reply.frame.dropLast()))
        #expect(try LeaseEvent(reply) == event)
        #expect(reply.continues == !event.isLast)
    }

    /// What a launcher calculates with, from a controller that is not ours.
    @Test(
        arguments: [
            ["event": "queued", "position": 0], ["event": "queued", "position": -9_223_372_036_854_775_808],
            [
                "event": "close_input", "cause": ["kind": "ended", "message": ""], "milliseconds": 9_223_372_036_855,
                "reports": 0, "refusable": false,
            ],
            [
                "event": "granted", "session": "a", "life": 9_007_199_254_740_993, "cgroup": "", "policy": "",
                "enforcement": "none", "socket": "", "graceMilliseconds": 0,
            ],
            [
                "event": "granted", "session": "a", "life": 1, "cgroup": "", "policy": "", "enforcement": "none",
                "socket": "", "graceMilliseconds": 9_223_372_036_854_775_807,
            ],
            [
                "event": "ended", "cause": ["kind": "ended", "message": ""], "suspended": false,
                "exitCode": 4_294_967_295,
            ],
        ] as [JSONObject])
    func leaseEventWithANumberOutOfBoundsIsRefused(lease: JSONObject) {
        #expect(throws: JSONDecodingError.self) { try LeaseEvent(Reply(["lease": .object(lease)])) }
    }

    @Test(
        arguments: [
            ("idleSeconds", 9_223_372_037), ("life", 9_007_199_254_740_993), ("owner", 4_294_967_296), ("owner", -1),
            ("pid", 0), ("pid", 4_194_305),
        ] as [(String, Int64)])
    func sessionWithANumberOutOfBoundsIsRefused(key: String, number: Int64) throws {
        var json = try #require(description().json.object)
        _ = try SessionDescription(json: json)
        json[key] = JSON(number)
        #expect(throws: JSONDecodingError.self) { try SessionDescription(json: json) }
    }

    /// A member that a launcher is told and the text does not name is one that a generated client throws away.
    @Test func interfaceTextNamesEveryMemberOfALease() throws {
        let text = try #require(Interface.description(of: "io.pinfold"))
        let type = try #require(text.split(separator: "type Lease (").last?.split(separator: "\n)").first)
        let described = type.split(separator: "\n").compactMap { $0.split(separator: ":").first }
            .map { $0.drop { $0 == " " } }.filter { !$0.isEmpty }.map(String.init)
        var told: Set<String> = []
        for event in leaseEvents { told.formUnion(event.reply.parameters["lease"]?.object?.keys ?? []) }
        #expect(Set(described) == told)
        for event in leaseEvents {
            let name = try #require(event.reply.parameters["lease"]?["event"]?.string)
            #expect(text.contains(name))
        }
    }

    @Test func sessionIsReadBackFromItsJSON() throws {
        var session = description()
        session.state = .busy
        session.processID = 42
        session.cgroup = "/sys/fs/cgroup/s/a.2"
        session.placement = .into
        session.enforcement = .kernel
        session.memoryCurrent = 1 << 40
        session.memoryMax = 512 << 20
        session.idleSeconds = 7
        #expect(try SessionDescription(json: try #require(session.json.object)) == session)
    }

    @Test func absentValuesAreNullAndNotLeftOut() {
        let json = description().json
        for key in ["pid", "cgroup", "placement", "enforcement", "memoryCurrent", "memoryMax", "tasks", "idleSeconds"] {
            #expect(json[key] == .null, "\(key)")
        }
        #expect(json["cause"]?["kind"]?.string == "idle_timeout")
        #expect(json["cause"]?["idleSeconds"]?.int64 == 5)
    }

    @Test func limitThatIsNotEnforcedIsNotShownAsOne() {
        for (enforcement, shown) in [(Enforcement.kernel, UInt64?(512 << 20)), (.none, nil)] {
            var session = Session(
                id: (try? SessionID("a")) ?? { preconditionFailure() }(), owner: UserID(1), policyName: "p",
                policy: SessionPolicy(), settings: [], lastActivity: Instant(nanoseconds: 0))
            session.life = Life(
                number: 1, startedAt: Instant(nanoseconds: 0), state: .running,
                facts: CreationFacts(enforcement: enforcement, unenforced: []), keepsTree: false)
            let budget = PoolBudget(policy: PoolPolicy(), effectiveLimit: 1 << 32, taskLimit: 100)
            let described = SessionDescription(session, budget: budget, sessionsPath: "/s", at: Instant(nanoseconds: 0))
            #expect(described.memoryMax == shown)
        }
    }

    @Test func everyKindOfCauseIsReadBackFromItsJSON() throws {
        for kind in Cause.Kind.allCases {
            let cause = Cause(kind: kind, message: "why", numbers: [Cause.Number("x", -3), Cause.Number("y", .max)])
            #expect(try Cause(json: try #require(cause.json.object)) == cause)
        }
    }

    @Test func announcementIsOneObjectWithItsNumbers() throws {
        let life = LifeID(session: try SessionID("a"), number: 3)
        let json = LoggedEvent(.suspended, life, LoggedEvent.details(of: cause)).json(time: "2026-01-01T00:00:00Z")
        #expect(json["event"]?.string == "suspended")
        #expect(json["session"]?.string == "a")
        #expect(json["life"]?.int64 == 3)
        #expect(json["cause"]?.string == "idle_timeout")
        #expect(json["limitSeconds"]?.int64 == 4)
    }
}

@Suite struct PlacesTests {
    @Test func rootHasTheSystemsPlacesAndUsersTheirOwn() {
        let root = DefaultPaths(user: 0) { _ in nil }
        #expect(root.socket == "/run/pinfold/pinfold.sock")
        #expect(root.state == "/var/lib/pinfold")
        #expect(root.policies == "/etc/pinfold")
        let user = DefaultPaths(user: 1000) { ["HOME": "/home/u"][$0] }
        #expect(user.socket == "/run/user/1000/pinfold/pinfold.sock")
        #expect(user.state == "/home/u/.local/state/pinfold")
        #expect(user.policies == "/home/u/.config/pinfold")
    }

    @Test func variablesMoveThemAndEmptyOnesDoNot() {
        let variables = [
            "HOME": "/h", "XDG_RUNTIME_DIR": "/r", "XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "/c",
            "PINFOLD_SOCKET": "",
        ]
        let user = DefaultPaths(user: 1000) { variables[$0] }
        #expect(
            user
                == DefaultPaths(user: 1000) {
                    ["XDG_RUNTIME_DIR": "/r", "XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "/c"][$0]
                })
        #expect(user.socket == "/r/pinfold/pinfold.sock")
        #expect(DefaultPaths(user: 0) { $0 == "PINFOLD_SOCKET" ? "/x" : nil }.socket == "/x")
    }

    @Test(arguments: [
        (["/r/pinfold/pinfold.sock"], "/r/pinfold/pinfold.sock"),
        (["/run/pinfold/pinfold.sock"], "/run/pinfold/pinfold.sock"),
        (["/r/pinfold/pinfold.sock", "/run/pinfold/pinfold.sock"], "/r/pinfold/pinfold.sock"),
        ([], "/r/pinfold/pinfold.sock"),
    ])
    func clientPrefersItsOwnControllerToTheSystems(there: [String], chosen: String) {
        let variables = { (name: String) in name == "XDG_RUNTIME_DIR" ? "/r" : nil }
        #expect(
            DefaultPaths(user: 7, variable: variables).clientSocket(variable: variables) { there.contains($0) }
                == chosen)
    }
}
