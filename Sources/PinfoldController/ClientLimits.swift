/// What clients may make the controller keep. The table in docs/threat-model.md says what happens beyond each.
struct ClientLimits {
    /// A controller of few open files has few connections: each session needs some as well.
    var connections: Int
    /// Of users other than root and the controller's own, each.
    var connectionsPerUser: Int
    /// The last ones are for root and the controller's own user.
    var keptConnections: Int
    /// Bytes of calls that are not whole yet, or not answered.
    var inputPerUser = 8 << 20
    var input = 16 << 20
    /// Bytes of replies that were not read.
    var unsentPerConnection = 4 << 20
    var unsentPerUser = 8 << 20
    var unsent = 16 << 20
    /// Descriptors that came from a user and are still being closed.
    var closingPerUser = 16
    /// In which a call that has begun to come must be whole.
    var frameTime = Duration.seconds(30)

    init(openFiles: UInt64) {
        connections = max(8, min(8_192, Int(clamping: openFiles / 2)))
        // So few that a handful of users together cannot take all.
        connectionsPerUser = max(4, min(connections / 4, max(connections / 16, 64)))
        keptConnections = connections / 16
    }

    /// How much of one user's calls is dealt with in one turn of the loop, before others are looked at again.
    static let workPerTurn = 16
}

/// What is kept on behalf of clients, for each user and in all.
struct ClientUse {
    struct Amount {
        var connections = 0
        var input = 0
        var unsent = 0
    }

    private(set) var total = Amount()
    private var users: [UInt32: Amount] = [:]

    func of(_ user: UInt32) -> Amount { users[user] ?? Amount() }

    mutating func change(_ user: UInt32, from old: Amount, to new: Amount) {
        total.move(from: old, to: new)
        var amount = of(user)
        amount.move(from: old, to: new)
        users[user] = amount.connections == 0 ? nil : amount
    }

    /// Whoever keeps most of something.
    func greatest(_ part: KeyPath<Amount, Int>) -> UInt32? {
        users.max { $0.value[keyPath: part] < $1.value[keyPath: part] }?.key
    }
}

extension ClientUse.Amount {
    fileprivate mutating func move(from old: Self, to new: Self) {
        connections += new.connections - old.connections
        input += new.input - old.input
        unsent += new.unsent - old.unsent
    }
}
