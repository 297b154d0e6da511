import PinfoldJSON

/// The state machine between an ACP client and its agent: a value that takes events and returns actions.
///
/// While client and agent both live, every byte passes as it came. The agent may go and come back in another life: what
/// the client sends meanwhile is buffered, the client's `initialize` is repeated to the new agent, each session
/// is resumed when it is next used, and then the buffered lines follow, each once.
package struct ACPRelay: Sendable {
    package struct Options: Hashable, Sendable {
        /// Whether the conversations of a former launcher are given to the client that asks for a new one.
        package var resumes: Bool
        /// How long an agent may send nothing while it is initialized or resumes a session.
        package var responseTimeout: Duration
        /// Makes the ids of our own requests unlike any of the client's.
        package var nonce: String

        package init(resumes: Bool, responseTimeout: Duration, nonce: String) {
            self.resumes = resumes
            self.responseTimeout = responseTimeout
            self.nonce = nonce
        }
    }

    private static let orderDelay = Duration.seconds(1)

    /// How long an agent may stay whose client has hung up.
    private static let hangUpGrace = Duration.seconds(5)

    /// A first agent may have to be fetched from a package registry before it runs.
    var firstResponseTimeout: Duration { options.responseTimeout * 5 }

    /// Whether the client waits for its first initialize.
    private var isInitializing: Bool { initialization == nil && fromClient.all.contains { $0.method == .initialize } }

    /// Agents count from 0 or 1, and do not come so far.
    private static let firstNumber: UInt64 = 1 << 30

    let options: Options
    var agent = AgentState.absent { didSet { isWorkStale = true } }
    /// Lines of the client that were not delivered yet.
    var buffered: [Line] = [] { didSet { isWorkStale = true } }
    var clientIsDone = false
    /// The client has hung up, and the agent owes it nothing; it is ended if it has not left by then.
    private var hangUpDeadline: Duration?
    private var clientIsGone = false
    var inputIsClosed = false
    /// The client's requests that the agent has, and the agent's that the client has.
    var fromClient = PendingRequests() { didSet { isWorkStale = true } }
    var fromAgent = PendingRequests() { didSet { isWorkStale = true } }
    /// Agents' questions at the client whose agents are gone.
    var stale: [RequestID] = []
    /// Questions that go by another id at the client, and how the agent wrote theirs.
    var renamed: [RequestID: [UInt8]] = [:]
    /// Our own requests that the agent has.
    var relayRequests: [RequestID: RelayRequest] = [:]
    var initialization: Initialization?
    /// How the client logged in: the method's name and its parameters.
    var authentication: Authentication?
    /// Whether it was repeated for this life's agent.
    var authenticationState = AuthenticationState.done
    /// Terminals that the client holds for this life's agent, and those that it is asked to let go.
    var terminals = Terminals()
    /// The state of each session that was last forwarded to the client.
    var forwardedUpdates = ForwardedUpdates()
    var sessions: [ACPSessionID: ACPSession] = [:] {
        didSet {
            isTokenStale = true
            if !clientNames.isEmpty { nameAgain() }
        }
    }
    /// The client's names of conversations that the agent calls by others.
    var clientNames: [ACPSessionID: ACPSessionID] = [:]
    /// Lives in a row that came to nothing.
    var failures = RepeatedFailure()
    /// Conversations of which something was replayed while the client loads them.
    var replayed: Set<ACPSessionID> = []
    var resumption: SessionResumption? {
        get { if case .resuming(let resumption) = agent { resumption } else { nil } }
        set {
            if let newValue {
                agent = .resuming(newValue)
            } else if agent.step(on: .resumptionOver) == .serve {
                agent = .ready
            }
        }
    }
    /// There is no agent; the client is answered with the reason.
    var refused: RefusedStart?
    /// The first agent has until then to answer the client's initialize.
    var initializeUntil: Duration?
    /// The agent's last answers to `session/list`.
    var listCache = SessionListCache()
    /// A notice for the client with the next new session.
    var notice: JSON?
    /// v2: sessions with an open turn that no request shows.
    var running: Set<ACPSessionID> = [] { didSet { isWorkStale = true } }
    /// Since when each turn is open, as of the last report.
    var turns = OpenTurns()
    /// What is open may differ from what was reported. Most lines change nothing of it.
    var isWorkStale = true
    var reports: UInt64 = 0
    var reported = TurnReport.none
    /// When activity outside of a turn was last reported.
    var lastActivity: Duration?
    var uses: UInt64 = 0
    private var lives: UInt64 = 0
    private var lastRelayID: UInt64 = 0
    /// The token has changed and must be sent.
    private var isTokenStale = false
    private var savedToken: String?
    private var tokens = TokenWriter()
    /// A changed order of use is sent then at the latest: it changes with each prompt, and each change is written to
    /// disk.
    private var saveTokenAt: Duration?
    var actions: [Action] = []
    var now: Duration = .zero

    package init(_ options: Options) {
        self.options = options
    }

    /// The agent is started at once and not with the client's first message, so that a failed start is known early.
    package mutating func begin() -> [Action] {
        agent = .starting
        return [.startAgent]
    }

    /// When `timePassed` is due, on the clock of `handle`.
    package var nextDeadline: Duration? {
        [agentDeadline, hangUpDeadline, refused?.until, agent.isRunning ? saveTokenAt : nil].compactMap { $0 }.min()
    }

    private var agentDeadline: Duration? {
        switch agent {
        case .initializing(let until): until
        case .ready: isInitializing ? initializeUntil : nil
        case .resuming(let resumption): resumption.quietUntil ?? resumption.until
        case .stopping(let stop): inputIsClosed ? nil : stop.until
        case .absent, .starting, .finished: nil
        }
    }

    /// Bytes that are held. Whoever reads the client stops where this grows too large.
    package var bufferedBytes: Int { buffered.reduce(0) { $0 + $1.bytes.count } }

    /// - Parameter now: on any clock that no one sets.
    package mutating func handle(_ event: Event, at now: Duration) -> [Action] {
        self.now = now
        actions = []
        guard agent != .finished else { return [] }
        defer { actions = [] }
        if let refused {
            handle(event, refused: refused)
            return actions
        }
        switch event {
        case .client(let bytes, let isWhole): receiveFromClient(bytes, isWhole: isWhole)
        case .clientOverlong(let header): refuseOverlong(header)
        case .clientClosed: clientIsDone = true
        case .clientGone: handleHangUp()
        case .agent(let bytes, let isWhole): receiveFromAgent(bytes, isWhole: isWhole)
        case .agentOverlong(let header): dropOverlong(header)
        case .agentStarted(let token, let followsEnd): beginLife(token, followsEnd: followsEnd)
        case .startFailed(let failure): failStart(failure)
        case .closeInput(let reason, let inputClosing): beginStop(reason, inputClosing)
        case .cancelTurn(let reason, let number): cancelTurns(reason, number)
        case .leaseTaken: resendState()
        case .lifeEnded(let end): endLife(end)
        case .timePassed: passTime()
        }
        if refused == nil { settle() }
        return actions
    }

    /// What follows from the state, whatever brought it about.
    private mutating func settle() {
        drain()
        if clientIsDone, buffered.isEmpty {
            switch agent.step(on: .clientDone) {
            case .finish: finish(0)
            case .closeInput: closeInput()
            default: break
            }
        }
        hangUpDeadline = hasNobodyToServe ? hangUpDeadline ?? now + Self.hangUpGrace : nil
        report()
        let isDue = saveTokenAt.map { now >= $0 || clientIsDone || agent.isStopping } ?? false
        if isTokenStale || isDue {
            isTokenStale = false
            saveToken()
        }
    }

    /// Whether the agent has no client left and its input is closed.
    private var hasNobodyToServe: Bool {
        switch agent {
        case .initializing, .ready, .resuming:
            inputIsClosed && clientIsDone
                && (clientIsGone || !fromClient.all.contains { $0.method == .prompt } && running.isEmpty)
        case .absent, .starting, .stopping, .finished: false
        }
    }

    private mutating func saveToken() {
        guard agent.isRunning else {
            isTokenStale = true
            return
        }
        let isLost = initialization?.capabilities.canResume == false && !sessions.isEmpty
        let isNothing = isLost || initialization == nil && sessions.isEmpty
        if !isNothing {
            let change = tokens.update(sessions)
            if change == .order, saveTokenAt == nil { saveTokenAt = now + Self.orderDelay }
            let mayWait = saveTokenAt.map { now < $0 && !agent.isStopping && !clientIsDone } ?? (change == .nothing)
            if change != .contents, savedToken != nil, mayWait { return }
        }
        saveTokenAt = nil
        let token = isNothing ? nil : tokens.token
        guard token != savedToken else { return }
        savedToken = token
        actions.append(.saveToken(token))
    }

    private mutating func resendState() {
        reports = 0
        reported = .none
        isWorkStale = true
        if let savedToken { actions.append(.saveToken(savedToken)) }
        guard case .stopping(var stop) = agent else { return }
        // An agent that was asked to leave takes no messages any more, though the new controller sees it run.
        stop.isForgotten = true
        agent = .stopping(stop)
        actions.append(.failLife(stop.reason.message))
    }

    // MARK: Words

    mutating func toClient(_ line: [UInt8]) { actions.append(.toClient(line, endsLine: true)) }
    mutating func toAgent(_ line: [UInt8]) {
        if !inputIsClosed { actions.append(.toAgent(withAgentNames(line), endsLine: true)) }
    }
    mutating func log(_ text: String) { actions.append(.log(text)) }

    mutating func closeInput() {
        guard !inputIsClosed else { return }
        inputIsClosed = true
        actions.append(.closeAgentInput)
    }

    mutating func finish(_ status: Int32) {
        agent = .finished
        actions.append(.finish(status))
    }

    /// An id for a request of the relay that neither client nor agent can have used.
    mutating func newID() -> RequestID {
        lastRelayID += 1
        return RequestID("pinfold-\(options.nonce)-\(lastRelayID)")
    }

    /// The same for a question of the agent's. A client that only ever saw numbers may know no other ids.
    mutating func newID(like id: RequestID) -> RequestID {
        guard id.isInteger else { return newID() }
        repeat { lastRelayID += 1 } while isTaken(RequestID(Self.firstNumber + lastRelayID))
        return RequestID(Self.firstNumber + lastRelayID)
    }

    private func isTaken(_ id: RequestID) -> Bool {
        stale.contains(id) || fromAgent.contains(id) || terminals.releasing.contains(id)
    }

    mutating func nextUse() -> UInt64 {
        uses += 1
        return uses
    }

    // MARK: Lives

    private mutating func beginLife(_ token: String?, followsEnd: Bool) {
        lives += 1
        reports = 0
        reported = .none
        turns.reset()
        lastActivity = nil
        inputIsClosed = false
        relayRequests = [:]
        if lives == 1, options.resumes, let token {
            savedToken = token
            sessions = SessionListToken.decode(token)
            nameAgain()
            uses = UInt64(sessions.count)
        }
        if lives > 1 {
            if followsEnd, token == nil, savedToken != nil { forgetAll() }
            // The controller may have lost it, so it is sent again.
            if token != savedToken { (savedToken, isTokenStale) = (token, true) }
            authenticationState = .none
        }
        switch agent.step(on: initialization == nil ? .started : .startedAgain) {
        case .serve: agent = .ready
        case .initialize: sendInitialize()
        default: break
        }
    }

    /// Whoever ended the session while it was away meant all of it.
    private mutating func forgetAll() {
        savedToken = nil
        listCache.forget()
        for id in sessions.keys {
            respondToBuffered(concerning: id) { _ in Self.gone("its session was ended meanwhile", id) }
        }
        sessions = [:]
    }

    private mutating func failStart(_ failure: StartFailure) {
        guard lives > 0 else { return refuseStart(failure) }
        guard agent.step(on: .startFailed) == .rest else { return }
        agent = .absent
        guard !failure.isRefusal else { return respondToBuffered { _ in Self.refusal(failure) } }
        failBuffered(failure.message, kind: RepeatedFailure.Kind.start)
    }

    private mutating func handleHangUp() {
        clientIsDone = true
        clientIsGone = true
        buffered = []
        switch agent.step(on: .clientGone) {
        case .finish:
            actions.append(.abandonStart)
            finish(0)
        case .closeInput: closeInput()
        default: break
        }
    }

    private mutating func passTime() {
        if let hangUpDeadline, now >= hangUpDeadline {
            self.hangUpDeadline = nil
            let why = "the client has hung up, and the agent did not leave"
            log(why)
            abandonLife(why)
            return
        }
        guard let deadline = agentDeadline, now >= deadline else { return }
        switch agent.step(on: .deadlinePassed) {
        case .failInitialize:
            failInitialize("the agent did not answer initialize in \(Self.text(options.responseTimeout))")
        case .failResumption:
            if resumption?.quietUntil != nil { finishReplay() } else { timeOutResumption() }
        case .abandon:
            let why = "the agent did not answer initialize in \(Self.text(firstResponseTimeout))"
            log(why)
            abandonLife(why)
        case .closeInput: closeInput()
        default: break
        }
    }

    static func text(_ duration: Duration) -> String {
        "\(duration.components.seconds) s"
    }
}
