import PinfoldJSON

/// A request that waits for its answer.
struct PendingRequest: Hashable, Sendable {
    let id: RequestID
    /// The id as it was written, for an answer of ours.
    let writtenID: [UInt8]
    let method: Method
    let session: ACPSessionID?
    /// The value of `params`, where the answer's meaning depends on it.
    let params: [UInt8]?
    /// The answer is not awaited any more: it is dropped, or replaced by the cause.
    var isCut = false
    /// A notice for the client, in `_meta.pinfold` of the answer.
    var notice: JSON?
    /// The line as the agent got it, where it may have to be sent again after a login.
    var retry: [UInt8]?
    /// What the agent answered, while a login may yet change it.
    var refusal: [UInt8]?
    /// A prompt that is a slash command: many agents do not save it in the history.
    let isCommand: Bool

    init(_ line: Line, _ message: Message, id: RequestID, method: Method) {
        self.id = id
        writtenID = line.copy(message.id) ?? id.text
        self.method = method
        session = line.session(message)
        params = method.isRecorded ? line.copy(message.params) : nil
        isCommand = method == .prompt && line.isCommand(message)
    }
}

extension PendingRequest {
    /// For a line that cannot be read as a whole.
    init?(_ header: MessageHeader) {
        guard header.isRequest, let written = header.id, let id = header.requestID else { return nil }
        self.init(id: id, writtenID: written, method: .other(""), session: nil)
    }

    /// The same under another id.
    init(renaming other: PendingRequest, to id: RequestID) {
        self.init(id: id, writtenID: id.text, method: other.method, session: other.session)
    }

    private init(id: RequestID, writtenID: [UInt8], method: Method, session: ACPSessionID?) {
        self.id = id
        self.writtenID = writtenID
        self.method = method
        self.session = session
        params = nil
        isCommand = false
    }
}

extension Method {
    /// Whether the next life must know of it.
    fileprivate var isRecorded: Bool {
        switch self {
        case .initialize, .authenticate, .newSession, .fork, .load, .resume, .list, .choose: true
        default: false
        }
    }
}

/// The open requests of one direction, in the order in which they came.
///
/// Both sides number their own, so a direction has a table of its own. Who asks twice by the same id gets two answers:
/// the oldest of them is answered first.
struct PendingRequests: Hashable, Sendable {
    private(set) var all: [PendingRequest] = []

    var isEmpty: Bool { all.isEmpty }

    func contains(_ id: RequestID) -> Bool { all.contains { $0.id == id } }

    mutating func open(_ pending: PendingRequest) { all.append(pending) }

    /// The question that an answer is for, which is then no longer open.
    mutating func close(_ id: RequestID) -> PendingRequest? {
        all.firstIndex { $0.id == id }.map { all.remove(at: $0) }
    }

    mutating func closeAll() -> [PendingRequest] {
        defer { all = [] }
        return all
    }

    /// Those that wait for a login.
    mutating func takeRefused() -> [PendingRequest] {
        let taken = all.filter { $0.refusal != nil }
        all.removeAll { $0.refusal != nil }
        return taken
    }

    /// The last one that was opened by this id.
    mutating func notice(_ id: RequestID, _ notice: JSON) {
        if let index = all.lastIndex(where: { $0.id == id }) { all[index].notice = notice }
    }

    mutating func uncut() {
        for index in all.indices { all[index].isCut = false }
    }

    mutating func cut(where isCut: (PendingRequest) -> Bool) {
        for index in all.indices where isCut(all[index]) { all[index].isCut = true }
    }
}
