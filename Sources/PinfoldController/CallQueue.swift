import PinfoldCore

/// Clients with a whole call to be answered. Users take turns, and so do the connections of one user: many connections
/// buy no more than one.
struct CallQueue {
    private var waiting: [UInt32: [ClientID]] = [:]
    private var members: Set<ClientID> = []

    var isEmpty: Bool { members.isEmpty }
    var users: [UInt32] { Array(waiting.keys) }

    /// Behind all others of this user; where it waits already, it keeps its place.
    mutating func append(_ client: ClientID, of user: UInt32) {
        guard members.insert(client).inserted else { return }
        waiting[user, default: []].append(client)
    }

    mutating func next(of user: UInt32) -> ClientID? {
        guard var queue = waiting[user], !queue.isEmpty else { return nil }
        waiting[user] = nil
        let client = queue.removeFirst()
        if !queue.isEmpty { waiting[user] = queue }
        members.remove(client)
        return client
    }
}

/// A repeated event is logged once, then counted, and logged again after a while with the count.
struct Repetition {
    private static let interval = Duration.seconds(10)
    private var saidAt: Instant?
    private var unsaid = 0

    /// - Returns: the line to log now; nil: none.
    mutating func next(_ text: String, at now: Instant) -> String? {
        if let saidAt, now < saidAt + Self.interval {
            unsaid += 1
            return nil
        }
        defer {
            saidAt = now
            unsaid = 0
        }
        return unsaid == 0 ? text : "\(text) (and \(unsaid) more since this was last said)"
    }

    func isOver(at now: Instant) -> Bool {
        saidAt.map { now >= $0 + Self.interval } ?? true
    }
}
