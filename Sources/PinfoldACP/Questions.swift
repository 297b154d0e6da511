/// A request that waits for its answer.
struct Question: Hashable, Sendable {
    let id: RequestID
    /// The id as it was written, for an answer of ours.
    let writtenID: [UInt8]
    let method: Method
    let conversation: ConversationID?
    /// The value of `params`, where the answer's meaning depends on it.
    let params: [UInt8]?
    /// Nobody waits for the answer any more: what comes is thrown away, or told in other words.
    var isCut = false
    /// What the client must be told with the answer.
    var remark: String?

    init(_ line: Line, _ message: Message, id: RequestID, method: Method) {
        self.id = id
        writtenID = line.copy(message.id) ?? id.text
        self.method = method
        conversation = line.conversation(message)
        params = method.isLearnt ? line.copy(message.params) : nil
    }
}

extension Question {
    /// For a line that cannot be read as a whole.
    init?(_ prefix: Prefix) {
        guard prefix.isRequest, let written = prefix.id, let id = prefix.requestID else { return nil }
        self.init(id: id, writtenID: written, method: .other(""), conversation: nil)
    }

    /// The same under another id.
    init(renaming other: Question, to id: RequestID) {
        self.init(id: id, writtenID: id.text, method: other.method, conversation: other.conversation)
    }

    private init(id: RequestID, writtenID: [UInt8], method: Method, conversation: ConversationID?) {
        self.id = id
        self.writtenID = writtenID
        self.method = method
        self.conversation = conversation
        params = nil
    }
}

extension Method {
    /// Whether the next life must know of it.
    fileprivate var isLearnt: Bool {
        switch self {
        case .initialize, .authenticate, .newConversation, .load, .resume, .list, .choose: true
        default: false
        }
    }
}

/// The open requests of one direction, in the order in which they came.
///
/// Both sides number their own, so a direction has a table of its own. Who asks twice by the same id gets two answers:
/// the oldest of them is answered first.
struct Questions: Hashable, Sendable {
    private(set) var all: [Question] = []

    var isEmpty: Bool { all.isEmpty }

    func contains(_ id: RequestID) -> Bool { all.contains { $0.id == id } }

    mutating func open(_ question: Question) { all.append(question) }

    /// The question that an answer is for, which is then no longer open.
    mutating func close(_ id: RequestID) -> Question? {
        all.firstIndex { $0.id == id }.map { all.remove(at: $0) }
    }

    mutating func closeAll() -> [Question] {
        defer { all = [] }
        return all
    }

    mutating func uncut() {
        for index in all.indices { all[index].isCut = false }
    }

    mutating func cut(where isCut: (Question) -> Bool) {
        for index in all.indices where isCut(all[index]) { all[index].isCut = true }
    }
}
