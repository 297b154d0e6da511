/// What the agent answered to `session/list`, by the parameters, for as long as nothing was asked of it that may have
/// changed that. Some clients ask every few seconds, and an agent that is away would have to come back each time.
struct SessionListCache: Sendable {
    /// Pages and directories that are kept, and bytes of one of them.
    private static let most = 8
    private static let longest = 256 << 10

    private var all: [(params: [UInt8], result: [UInt8])] = []

    func result(for params: [UInt8]) -> [UInt8]? { all.first { $0.params == params }?.result }

    mutating func record(_ params: [UInt8], _ result: [UInt8]) {
        all.removeAll { $0.params == params }
        guard params.count + result.count <= Self.longest else { return }
        if all.count == Self.most { all.removeFirst() }
        all.append((params, result))
    }

    mutating func forget() { all = [] }
}

extension ACPRelay {
    /// Answers `session/list` for an agent that is away, from its last answer.
    mutating func respondFromListCache() {
        var responses: [[UInt8]] = []
        for line in buffered {
            guard !line.isBatch, let message = line.messages.first, case .request(_, .list) = message.kind,
                let id = line.copy(message.id), let result = listCache.result(for: line.copy(message.params) ?? [])
            else { return }
            responses.append(Wording.response(id, result: result))
        }
        guard !responses.isEmpty else { return }
        buffered = []
        for response in responses { toClient(response) }
    }
}
