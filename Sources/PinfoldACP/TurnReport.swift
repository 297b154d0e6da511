/// The state of the agent's turns together.
package enum TurnState: String, Hashable, Sendable, CaseIterable {
    case none
    /// It works.
    case open
    /// A human is asked for an answer, and nothing goes on before it comes.
    case waiting
}

/// The report of the open turns to the controller.
package struct TurnReport: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        /// Used once in a life.
        package let number: UInt64
        package let isWaiting: Bool
        /// For how long it has been in this state.
        package let age: Duration

        package init(number: UInt64, isWaiting: Bool, age: Duration) {
            self.number = number
            self.isWaiting = isWaiting
            self.age = age
        }
    }

    package let state: TurnState
    /// The oldest turn of each state, and those that were cancelled and are not over.
    package let turns: [Entry]
    /// Whether any of it counts as use of the agent.
    package let isUse: Bool

    package init(_ state: TurnState, turns: [Entry] = [], isUse: Bool = true) {
        self.state = state
        self.turns = turns
        self.isUse = isUse
    }

    package static let none = TurnReport(.none)

    /// Whether it says the same at another moment.
    func isSame(as other: TurnReport) -> Bool {
        state == other.state && isUse == other.isUse
            && turns.elementsEqual(other.turns) { $0.number == $1.number && $0.isWaiting == $1.isWaiting }
    }
}
