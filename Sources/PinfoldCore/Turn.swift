/// The state of an agent's turns; commands without conversations stay at `none`.
package enum Turn: Hashable, Sendable {
    case none
    /// A turn is open since then.
    case open(since: Instant)
    /// A human is asked for an answer since then.
    case waiting(since: Instant)

    package init(_ state: TurnState, since moment: Instant) {
        switch state {
        case .none: self = .none
        case .open: self = .open(since: moment)
        case .waiting: self = .waiting(since: moment)
        }
    }

    package var state: TurnState {
        switch self {
        case .none: .none
        case .open: .open
        case .waiting: .waiting
        }
    }
}

/// Where the conversations stand that a launcher relays. The controller's clock dates the change.
package enum TurnState: String, CaseIterable, Sendable {
    /// The agent has nothing to do.
    case none
    /// A prompt, or a request of the same weight, is not yet answered.
    case open
    /// Every turn stands still until a human has answered.
    case waiting
}

/// What a launcher reports: an agent may hold many conversations, and each of them has a turn of its own.
package struct TurnReport: Hashable, Sendable {
    /// One turn, and for how long it has been in its present state.
    package struct Entry: Hashable, Sendable {
        /// The launcher's number for the turn, used once in a life.
        package let number: UInt64
        package let isWaiting: Bool
        /// What a human's answer took counts as no other time of the turn.
        package let milliseconds: UInt64

        package init(number: UInt64, isWaiting: Bool, milliseconds: UInt64) {
            self.number = number
            self.isWaiting = isWaiting
            self.milliseconds = milliseconds
        }
    }

    package let state: TurnState
    /// The oldest turn of each state and any that was cancelled; further ones change nothing. Nil from a launcher that
    /// knows one turn only, which then begins with the report.
    package let turns: [Entry]?
    /// Whether what is open counts as use of the agent. A list, or a health check, is to be answered but keeps no
    /// session from being idle.
    package let isUse: Bool

    package init(_ state: TurnState, turns: [Entry]? = nil, isUse: Bool = true) {
        self.state = state
        self.turns = turns
        self.isUse = isUse
    }

    package static let none = TurnReport(.none)
    package static let open = TurnReport(.open)
    package static let waiting = TurnReport(.waiting)
}
