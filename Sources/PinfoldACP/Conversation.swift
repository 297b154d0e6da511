import PinfoldJSON

/// An ACP conversation seen from the middle: a value that is told what happens and answers with what to do.
///
/// While client and agent both live, every byte passes as it came. The agent may go and come back in another life: what
/// the client says meanwhile is held, the new agent is greeted as the client greeted the first one, each conversation
/// is opened again when it is next spoken of, and then the held lines follow, each once.
package struct Conversation: Sendable {
    package struct Options: Hashable, Sendable {
        /// Whether the conversations of a former launcher are given to the client that asks for a new one.
        package var resumes: Bool
        /// How long an agent may say nothing while it is greeted, or opens a conversation again.
        package var patience: Duration
        /// Makes the ids of our own requests unlike any of the client's.
        package var nonce: String

        package init(resumes: Bool, patience: Duration, nonce: String) {
            self.resumes = resumes
            self.patience = patience
            self.nonce = nonce
        }
    }

    /// Where the agent is.
    enum Agent: Hashable, Sendable {
        /// No process, and none wanted.
        case away
        /// Asked for.
        case coming
        /// It runs and is being greeted; the instant is when our patience ends.
        case greeted(until: Duration)
        case here
        /// Nothing new goes to it.
        case leaving(Leaving)
        /// It is over, and so are we.
        case finished
    }

    private static let orderDelay = Duration.seconds(1)

    /// How long an agent may stay whose client has hung up.
    private static let patienceForsaken = Duration.seconds(5)

    /// A first agent may have to be fetched from a package registry before it runs.
    var firstPatience: Duration { options.patience * 5 }

    /// Whether the client waits for its first initialize.
    private var isInitializing: Bool { greeting == nil && fromClient.all.contains { $0.method == .initialize } }

    /// Agents count from 0 or 1, and do not come so far.
    private static let firstNumber: UInt64 = 1 << 30

    let options: Options
    var agent = Agent.away { didSet { isWorkStale = true } }
    /// What the client said and nobody has heard yet.
    var held: [Line] = [] { didSet { isWorkStale = true } }
    var clientIsDone = false
    /// The client has hung up, and the agent owes it nothing; it is ended if it has not left by then.
    private var forsakenUntil: Duration?
    private var clientIsGone = false
    var inputIsClosed = false
    /// The client's requests that the agent has, and the agent's that the client has.
    var fromClient = Questions() { didSet { isWorkStale = true } }
    var fromAgent = Questions() { didSet { isWorkStale = true } }
    /// Agents' questions at the client whose agents are gone.
    var stale: [RequestID] = []
    /// Questions that go by another id at the client, and how the agent wrote theirs.
    var renamed: [RequestID: [UInt8]] = [:]
    /// Our own requests that the agent has.
    var own: [RequestID: OwnCall] = [:]
    var greeting: Greeting?
    /// How the client logged in: the method's name and its parameters.
    var login: Login?
    /// Whether it was repeated for this life's agent.
    var loginState = LoginState.done
    /// Terminals that the client holds for this life's agent, and those that it is asked to let go.
    var terminals = Terminals()
    /// What the client was last told of each conversation's state.
    var told = ToldUpdates()
    var known: [ConversationID: KnownConversation] = [:] {
        didSet {
            isTokenStale = true
            if !clientNames.isEmpty { nameAgain() }
        }
    }
    /// The client's names of conversations that the agent calls by others.
    var clientNames: [ConversationID: ConversationID] = [:]
    /// Lives in a row that came to nothing.
    var failures = RepeatedFailure()
    /// Conversations of which something was replayed while the client loads them.
    var replayed: Set<ConversationID> = []
    var reopening: Reopening? { didSet { isWorkStale = true } }
    /// Nobody serves the client, who shall know why.
    var refused: RefusedStart?
    /// The first agent has until then to answer the client's initialize.
    var initializeUntil: Duration?
    /// What the agent said of its conversations.
    var lists = ListAnswers()
    /// What the client must be told with the next new conversation.
    var remark: JSON?
    /// v2: where a turn is open without a request that says so.
    var running: Set<ConversationID> = [] { didSet { isWorkStale = true } }
    /// Since when each turn is open, as of the last report.
    var turns = OpenTurns()
    /// What is open may differ from what was reported. Most lines change nothing of it.
    var isWorkStale = true
    var reports: UInt64 = 0
    var reported = TurnReport.none
    /// When the controller was last told of use that no turn shows.
    var lastActivity: Duration?
    var uses: UInt64 = 0
    private var lives: UInt64 = 0
    private var ownIDs: UInt64 = 0
    /// What is kept must be told again: it has changed.
    private var isTokenStale = false
    private var remembered: String?
    private var tokens = TokenWriter()
    /// Another order of use is told then at the latest: it changes with each prompt, and the controller keeps all of it.
    private var rememberAt: Duration?
    var actions: [Action] = []
    var now: Duration = .zero

    package init(_ options: Options) {
        self.options = options
    }

    /// The agent is asked for at once, not with the client's first word: what cannot be started shall be known early.
    package mutating func begin() -> [Action] {
        agent = .coming
        return [.startAgent]
    }

    /// When `timePassed` is due, on the clock of `handle`.
    package var nextDeadline: Duration? {
        [agentDeadline, forsakenUntil, refused?.until, isRunning ? rememberAt : nil].compactMap { $0 }.min()
    }

    private var agentDeadline: Duration? {
        switch agent {
        case .greeted(let until): until
        case .here: reopening.map { $0.quietUntil ?? $0.until } ?? (isInitializing ? initializeUntil : nil)
        case .leaving(let leaving): inputIsClosed ? nil : leaving.until
        case .away, .coming, .finished: nil
        }
    }

    /// Bytes that are held. Whoever reads the client stops where this grows too large.
    package var heldBytes: Int { held.reduce(0) { $0 + $1.bytes.count } }

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
        case .client(let bytes, let isWhole): hearClient(bytes, isWhole: isWhole)
        case .clientOverlong(let prefix): refuseOverlong(prefix)
        case .clientClosed: clientIsDone = true
        case .clientGone: loseClient()
        case .agent(let bytes, let isWhole): hearAgent(bytes, isWhole: isWhole)
        case .agentOverlong(let prefix): dropOverlong(prefix)
        case .agentStarted(let token, let followsEnd): beginLife(token, followsEnd: followsEnd)
        case .startFailed(let failure): failStart(failure)
        case .closeInput(let reason, let closing): leave(reason, closing)
        case .cancelTurn(let reason, let number): cancelTurns(reason, number)
        case .leaseTaken: retell()
        case .lifeEnded(let end): endLife(end)
        case .timePassed: passTime()
        }
        if refused == nil { settle() }
        return actions
    }

    /// What follows from the state, whatever brought it about.
    private mutating func settle() {
        drain()
        if clientIsDone, held.isEmpty {
            switch agent {
            case .here where reopening == nil: closeInput()
            case .away: finish(0)
            default: break
            }
        }
        forsakenUntil = isForsaken ? forsakenUntil ?? now + Self.patienceForsaken : nil
        report()
        let isLeaving = if case .leaving = agent { true } else { false }
        let isDue = rememberAt.map { now >= $0 || clientIsDone || isLeaving } ?? false
        if isTokenStale || isDue {
            isTokenStale = false
            remember()
        }
    }

    /// Whether the agent has nobody left to serve, and knows it.
    private var isForsaken: Bool {
        switch agent {
        case .greeted, .here:
            inputIsClosed && clientIsDone
                && (clientIsGone || !fromClient.all.contains { $0.method == .prompt } && running.isEmpty)
        case .away, .coming, .leaving, .finished: false
        }
    }

    private mutating func remember() {
        guard isRunning else {
            isTokenStale = true
            return
        }
        let isLost = greeting?.abilities.reopens == false && !known.isEmpty
        let isNothing = isLost || greeting == nil && known.isEmpty
        if !isNothing {
            let change = tokens.update(known)
            if change == .order, rememberAt == nil { rememberAt = now + Self.orderDelay }
            let isLeaving = if case .leaving = agent { true } else { false }
            let mayWait = rememberAt.map { now < $0 && !isLeaving && !clientIsDone } ?? (change == .nothing)
            if change != .contents, remembered != nil, mayWait { return }
        }
        rememberAt = nil
        let token = isNothing ? nil : tokens.token
        guard token != remembered else { return }
        remembered = token
        actions.append(.remember(token))
    }

    private mutating func retell() {
        reports = 0
        reported = .none
        isWorkStale = true
        if let remembered { actions.append(.remember(remembered)) }
        guard case .leaving(var leaving) = agent else { return }
        // An agent that was told to leave is of no use any more, though the new controller sees it run.
        leaving.isForgotten = true
        agent = .leaving(leaving)
        actions.append(.failLife(leaving.reason.message))
    }

    // MARK: Words

    mutating func toClient(_ line: [UInt8]) { actions.append(.toClient(line, endsLine: true)) }
    mutating func toAgent(_ line: [UInt8]) {
        if !inputIsClosed { actions.append(.toAgent(withAgentNames(line), endsLine: true)) }
    }
    mutating func say(_ text: String) { actions.append(.say(text)) }

    mutating func closeInput() {
        guard !inputIsClosed else { return }
        inputIsClosed = true
        actions.append(.closeAgentInput)
    }

    mutating func finish(_ status: Int32) {
        agent = .finished
        actions.append(.finish(status))
    }

    /// An id for a request of our own that nobody else can have used.
    mutating func newID() -> RequestID {
        ownIDs += 1
        return RequestID("pinfold-\(options.nonce)-\(ownIDs)")
    }

    /// The same for a question of the agent's. A client that only ever saw numbers may know no other ids.
    mutating func newID(like id: RequestID) -> RequestID {
        guard id.isInteger else { return newID() }
        repeat { ownIDs += 1 } while isTaken(RequestID(Self.firstNumber + ownIDs))
        return RequestID(Self.firstNumber + ownIDs)
    }

    private func isTaken(_ id: RequestID) -> Bool {
        stale.contains(id) || fromAgent.contains(id) || terminals.releasing.contains(id)
    }

    mutating func nextUse() -> UInt64 {
        uses += 1
        return uses
    }

    /// Whether there is a process.
    var isRunning: Bool {
        switch agent {
        case .greeted, .here, .leaving: true
        case .away, .coming, .finished: false
        }
    }

    // MARK: Lives

    private mutating func beginLife(_ token: String?, followsEnd: Bool) {
        lives += 1
        reports = 0
        reported = .none
        turns.reset()
        lastActivity = nil
        inputIsClosed = false
        own = [:]
        if lives == 1, options.resumes, let token {
            remembered = token
            known = Token.decode(token)
            nameAgain()
            uses = UInt64(known.count)
        }
        if lives > 1 {
            if followsEnd, token == nil, remembered != nil { forgetAll() }
            // Whatever the controller has kept, or lost: it is told again what there is.
            if token != remembered { (remembered, isTokenStale) = (token, true) }
            loginState = .none
        }
        guard greeting != nil else {
            agent = .here
            return
        }
        greet()
    }

    /// Whoever ended the session while it was away meant all of it.
    private mutating func forgetAll() {
        remembered = nil
        lists.forget()
        for id in known.keys {
            answerHeld(concerning: id) { _ in Self.gone("its session was ended meanwhile", id) }
        }
        known = [:]
    }

    private mutating func failStart(_ failure: StartFailure) {
        guard lives > 0 else { return refuseStart(failure) }
        agent = .away
        guard !failure.isRefusal else { return answerHeld { _ in Self.refusal(failure) } }
        failHeld(failure.message, kind: RepeatedFailure.Kind.start)
    }

    private mutating func loseClient() {
        clientIsDone = true
        clientIsGone = true
        held = []
        switch agent {
        case .coming:
            actions.append(.abandonStart)
            finish(0)
        case .greeted, .here, .leaving:
            closeInput()
        case .away, .finished: break
        }
    }

    private mutating func passTime() {
        if let forsakenUntil, now >= forsakenUntil {
            self.forsakenUntil = nil
            let why = "the client has hung up, and the agent did not leave"
            say(why)
            abandonLife(why)
            return
        }
        guard let deadline = agentDeadline, now >= deadline else { return }
        switch agent {
        case .greeted: failGreeting("the agent did not answer initialize in \(Self.text(options.patience))")
        case .here:
            if reopening?.quietUntil != nil {
                finishReplay()
            } else if reopening != nil {
                loseReopening()
            } else {
                let why = "the agent did not answer initialize in \(Self.text(firstPatience))"
                say(why)
                abandonLife(why)
            }
        case .leaving: closeInput()
        case .away, .coming, .finished: break
        }
    }

    static func text(_ duration: Duration) -> String {
        "\(duration.components.seconds) s"
    }
}
