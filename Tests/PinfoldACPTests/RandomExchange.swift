import PinfoldJSON
import TestSupport

@testable import PinfoldACP

/// A conversation in a made-up world: a client that asks, cancels, repeats ids and hangs up; agents that answer late, ask
/// back, replay, forget and die; a controller whose word takes a while to arrive and that decides on what it last heard.
/// Every step is checked against what must always hold.
struct RandomExchange {
    private var random: SeededGenerator
    private var relay: ACPRelay
    private var now = Duration.zero
    private let version: Int

    private var client = FakeClient()
    private var agent: FakeAgent?
    private var store: [String: Int] = [:]
    private var life = 0
    private var isWanted = false
    /// Reports on their way to the controller.
    private var underway: [TurnState] = []
    private var seen: UInt64 = 0
    private var turn = TurnState.none
    private var inputClosing: InputClosing?
    private var inputIsClosed = false
    private var isGivenUp = false
    /// The client has said all it had to say.
    private var isQuiet = false
    private(set) var status: Int32?

    private(set) var violations: [String] = []
    private(set) var deliveries = 0
    private(set) var returns = 0
    private(set) var cuts = 0

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        version = random.chance(30) ? 2 : 1
        relay = ACPRelay(.init(resumes: true, responseTimeout: .seconds(60), nonce: "n"))
        perform(relay.begin())
    }

    mutating func run(steps: Int) {
        for _ in 0..<steps where status == nil { step() }
        quiesce()
        for (id, count) in client.open where count > 0 { violations.append("request \(id) was never answered") }
    }

    // MARK: What may happen

    private mutating func step() {
        now += .milliseconds(Int.random(in: 0..<200, using: &random))
        if let deadline = relay.nextDeadline, now >= deadline { send(.timePassed) }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<30: clientSends()
        case 30..<40: clientResponds()
        case 40..<75: agentSends()
        case 75..<85: controllerReceives()
        case 85..<94: controllerActs()
        case 94..<97: start()
        default: now += .seconds(Int.random(in: 0..<40, using: &random))
        }
    }

    private mutating func clientSends() {
        guard !client.isGone else { return }
        let line = client.nextLine(version: version, &random)
        send(.client(Array(line.utf8), isWhole: true))
    }

    private mutating func clientResponds() {
        guard !client.isGone, let pending = client.pending.popLast() else { return }
        send(.client(Array(#"{"jsonrpc":"2.0","id":\#(pending),"result":{"outcome":{}}}"#.utf8), isWhole: true))
    }

    private mutating func agentSends() {
        guard var fake = agent else { return }
        let lines = fake.nextMessages(&store, version: version, &random)
        agent = fake
        for line in lines { send(.agent(Array(line.utf8), isWhole: true)) }
        if agent?.isDead == true { end(kind: "exited", isSuspended: false) }
    }

    private mutating func controllerReceives() {
        guard !underway.isEmpty else { return }
        turn = underway.removeFirst()
        seen += 1
        guard let decided = inputClosing, decided.isRefusable else { return }
        // The report was not among those counted: the decision is taken back.
        inputClosing = nil
        if inputIsClosed, !isQuiet { violations.append("closed the input of a life that goes on") }
    }

    private mutating func controllerActs() {
        guard agent != nil else { return }
        let reason = RelayScript.poolFull
        if inputClosing != nil {
            if random.chance(60) { end(kind: reason.kind, isSuspended: true) }
            return
        }
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<5 where turn == .none:
            inputClosing = InputClosing(grace: .seconds(1), reports: seen, isRefusable: true)
        case 5..<7: inputClosing = InputClosing(grace: .seconds(1), reports: seen, isRefusable: false)
        case 7:
            let reported = relay.reported.turns.randomElement(using: &random)
            send(.cancelTurn(reason, turn: random.chance(30) ? nil : reported?.number ?? 77))
        case 8: end(kind: "reserve", isSuspended: true)
        default: return
        }
        if let inputClosing { send(.closeInput(reason, inputClosing)) }
    }

    private mutating func start() {
        guard isWanted, agent == nil else { return }
        isWanted = false
        guard life == 0 || random.chance(80) else {
            send(.startFailed(StartFailure(message: "no room", exitCode: 73, isRefusal: random.chance(50))))
            return
        }
        life += 1
        if life > 1 { returns += 1 }
        seen = 0
        turn = .none
        underway = []
        inputClosing = nil
        inputIsClosed = false
        isGivenUp = false
        agent = FakeAgent(life: life, isOdd: random.chance(25))
        send(.agentStarted(resume: nil, followsEnd: false))
    }

    private mutating func end(kind: String, isSuspended: Bool) {
        agent = nil
        inputClosing = nil
        cuts += 1
        send(
            .lifeEnded(
                LifeEnd(reason: Reason(kind: kind, message: kind, json: [:]), isSuspended: isSuspended, exitCode: 1)))
    }

    /// Everybody goes on to the end: what is open must be answered.
    private mutating func quiesce() {
        guard status == nil else { return }
        isQuiet = true
        send(.clientClosed)
        for _ in 0..<2_000 where status == nil {
            now += .seconds(1)
            if let deadline = relay.nextDeadline, now >= deadline { send(.timePassed) }
            start()
            controllerReceives()
            clientResponds()
            if inputClosing != nil || isGivenUp {
                end(kind: isGivenUp ? "start_failed" : "pool_full", isSuspended: true)
            }
            if var fake = agent {
                fake.isOdd = false
                let lines =
                    inputIsClosed && fake.inbox.isEmpty ? [] : fake.nextMessages(&store, version: version, &random)
                agent = fake
                for line in lines { send(.agent(Array(line.utf8), isWhole: true)) }
                if inputIsClosed, agent?.inbox.isEmpty == true {
                    end(kind: "exited", isSuspended: false)
                }
            }
        }
        if status == nil {
            violations.append(
                "it never came to an end (\(relay.agent), \(String(describing: relay.resumption)), \(relay.relayRequests.values.count) own, \(relay.buffered.count) held, agent \(String(describing: agent?.inbox)))"
            )
        }
    }

    // MARK: What comes of it

    private mutating func send(_ event: Event) {
        guard status == nil else { return }
        perform(relay.handle(event, at: now))
    }

    private mutating func perform(_ actions: [Action]) {
        for action in actions {
            switch action {
            case .toClient(let line, _): client.receive(line, &violations)
            case .toAgent(let line, _):
                guard agent != nil else {
                    violations.append("spoke to nobody: \(String(decoding: line, as: UTF8.self))")
                    continue
                }
                if inputIsClosed { violations.append("spoke after closing the input") }
                agent?.receive(line, &violations)
                deliver(line)
            case .startAgent:
                if isWanted || agent != nil { violations.append("asked for a second agent") }
                isWanted = true
            case .abandonStart: isWanted = false
            case .closeAgentInput: inputIsClosed = true
            case .report(let report):
                underway.append(report.state)
                if inputIsClosed, !isQuiet { violations.append("reported after closing the input") }
            case .failLife: isGivenUp = true
            case .finish(let code): status = code
            case .saveToken, .reportActivity, .log: break
            }
        }
    }

    /// Prompts carry numbers: each arrives once at most, and in their order.
    private mutating func deliver(_ line: [UInt8]) {
        guard let json = try? JSON.parse(line), json["method"]?.string == "session/prompt",
            let number = json["params"]?["number"]?.int64
        else { return }
        deliveries += 1
        if let last = client.lastDelivered, number <= last { violations.append("prompt \(number) came after \(last)") }
        client.lastDelivered = number
        if client.refused.contains(number) { violations.append("prompt \(number) was refused and delivered") }
    }
}
