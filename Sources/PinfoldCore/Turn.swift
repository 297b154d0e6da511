/// What the conversation says about an agent; commands that hold none stay at `none`.
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

/// What a launcher reports of the conversation it relays. When it changed, the controller's clock says.
package enum TurnState: String, CaseIterable, Sendable {
    /// The agent has nothing to do.
    case none
    /// A prompt, or a request of the same weight, is not yet answered.
    case open
    /// The turn stands still until a human has answered.
    case waiting
}
