/// Failures of one kind in a row: a client that is answered "send it again" each time would retry without end.
struct RepeatedFailure: Hashable, Sendable {
    /// After so many of one kind the answer no longer asks for a retry.
    static let most = 3

    private var kind: Int64 = 0
    private var count = 0

    /// - Parameter kind: the code of an agent's error, or one of ``Kind``.
    mutating func add(_ kind: Int64) {
        count = kind == self.kind ? count + 1 : 1
        self.kind = kind
    }

    var isEndless: Bool { count >= Self.most }

    /// What has no code of JSON-RPC.
    enum Kind {
        static let silence: Int64 = 0
        static let start: Int64 = 1
        static let initialize: Int64 = 2
        static let left: Int64 = 3
    }
}

extension ACPRelay {
    /// What is held was not delivered, because there is no agent that could take it.
    mutating func failBuffered(_ why: String, kind: Int64) {
        failures.add(kind)
        let isEndless = failures.isEndless
        respondToBuffered { isEndless ? Self.givenUp(why, for: $0) : Self.unknown(why, for: $0) }
    }
}
