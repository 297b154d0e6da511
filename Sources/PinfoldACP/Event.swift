package import PinfoldJSON

/// What happens to a conversation, as the middle sees it.
package enum Event: Sendable {
    /// A line of the client, without its line feed; what stood before the end of the stream may lack one.
    case client([UInt8], isWhole: Bool)
    /// A line of the client was too long to be kept.
    case clientOverlong(MessageHeader)
    /// The client has closed its output.
    case clientClosed
    /// The client reads nothing more.
    case clientGone

    case agent([UInt8], isWhole: Bool)
    case agentOverlong(MessageHeader)

    /// A new life's agent runs.
    ///
    /// - resume: what is remembered for this session.
    /// - followsEnd: whether the session was ended for good since our last life, and no other launcher had a life in
    ///   between.
    case agentStarted(resume: String?, followsEnd: Bool)
    /// There is no agent: the first time that is the end, later the client receives an error and may retry.
    case startFailed(StartFailure)
    /// The controller begins to end the life.
    case closeInput(Reason, InputClosing)
    /// A turn takes too long: the one of that number in our reports, or all of them.
    case cancelTurn(Reason, turn: UInt64? = nil)
    /// The controller was gone and is back; reports to the former one are lost.
    case leaseTaken
    /// The life is over, its tree is gone, and all output of the agent was handed in.
    case lifeEnded(LifeEnd)

    case timePassed
}

/// Why something was decided elsewhere.
package struct Reason: Hashable, Sendable {
    /// The kind of a cause, as `pinfold list --json` shows it.
    package let kind: String
    /// For people.
    package let message: String
    /// All that is known of it.
    package let json: JSON

    package init(kind: String, message: String, json: JSON) {
        self.kind = kind
        self.message = message
        self.json = json
    }
}

package struct InputClosing: Hashable, Sendable {
    /// How long the agent has before SIGTERM.
    package let grace: Duration
    /// How many reports the controller had seen when it decided.
    package let reports: UInt64
    /// Whether a report that was on its way takes the decision back.
    package let isRefusable: Bool

    package init(grace: Duration, reports: UInt64, isRefusable: Bool) {
        self.grace = grace
        self.reports = reports
        self.isRefusable = isRefusable
    }
}

package struct StartFailure: Hashable, Sendable {
    package let message: String
    package let exitCode: Int32
    /// Whether there was no room: the client may ask again when there is.
    package let isRefusal: Bool

    package init(message: String, exitCode: Int32, isRefusal: Bool) {
        self.message = message
        self.exitCode = exitCode
        self.isRefusal = isRefusal
    }
}

package struct LifeEnd: Hashable, Sendable {
    package let reason: Reason
    /// Whether the session waits to come back.
    package let isSuspended: Bool
    package let exitCode: Int32

    package init(reason: Reason, isSuspended: Bool, exitCode: Int32) {
        self.reason = reason
        self.isSuspended = isSuspended
        self.exitCode = exitCode
    }
}

/// What is to be done, in order.
package enum Action: Hashable, Sendable {
    case toClient([UInt8], endsLine: Bool)
    case toAgent([UInt8], endsLine: Bool)
    /// Ask for a life and start the agent in it; answered by `agentStarted` or `startFailed`.
    case startAgent
    /// Whatever `startAgent` asked for is no longer wanted.
    case abandonStart
    case closeAgentInput
    /// Tell the controller. Each is counted at both ends.
    case report(TurnReport)
    /// Tell the controller that the agent is in use though no turn is open.
    case reportActivity
    /// Have the controller keep what the next life needs.
    case saveToken(String?)
    /// The agent is of no use: have this life ended, and its session wait.
    case failLife(String)
    /// A line on standard error.
    case log(String)
    case finish(Int32)
}
