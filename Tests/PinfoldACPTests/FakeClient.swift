import PinfoldJSON
import TestSupport

/// A client that remembers what it asked, and minds what it hears.
struct FakeClient {
    /// How many answers are owed to each id.
    private(set) var open: [String: Int] = [:]
    /// Which prompt an id asked.
    private var prompts: [String: Int64] = [:]
    private var conversations: [String] = []
    private var asked: [String: String] = [:]
    private var lastID = 0
    private var lastPrompt: Int64 = 0
    /// The agent's questions, by their ids as JSON.
    var pending: [String] = []
    var lastDelivered: Int64?
    /// Prompts that were said not to have been delivered.
    private(set) var refused: Set<Int64> = []
    private(set) var isGone = false

    mutating func nextLine(version: Int, _ random: inout SeededGenerator) -> String {
        guard lastID > 0 else { return askHuman("initialize", #"{"protocolVersion":\#(version)}"#, &random) }
        let session = conversations.randomElement(using: &random) ?? "s0"
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<3: return askHuman("session/new", #"{"cwd":"/p","mcpServers":[]}"#, &random)
        case 3..<12:
            lastPrompt += 1
            return askHuman("session/prompt", #"{"sessionId":"\#(session)","number":\#(lastPrompt)}"#, &random)
        case 12..<14: return #"{"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"\#(session)"}}"#
        case 14:
            return askHuman("session/set_mode", #"{"sessionId":"\#(session)","modeId":"m\#(lastID)"}"#, &random)
        case 15: return #"{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":\#(lastID)}}"#
        case 16: return askHuman("session/list", "{}", &random)
        case 17: return #"{"jsonrpc":"2.0","id":"nobody asked","result":{}}"#
        case 18: return "noise"
        default: return askHuman("session/close", #"{"sessionId":"\#(session)"}"#, &random)
        }
    }

    private mutating func askHuman(_ method: String, _ params: String, _ random: inout SeededGenerator) -> String {
        // Now and then an id stands twice.
        if lastID == 0 || random.chance(97) { lastID += 1 }
        let id = lastID % 2 == 0 ? "\(lastID)" : #""\#(lastID)""#
        open[id, default: 0] += 1
        // Which of two requests by one id an answer is for, nobody can tell.
        prompts[id] = method == "session/prompt" && asked[id] == nil ? lastPrompt : nil
        asked[id] = method
        return #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"#
    }

    mutating func receive(_ line: [UInt8], _ violations: inout [String]) {
        let text = String(decoding: line, as: UTF8.self)
        if text.contains(#""text":"replayed""#) { violations.append("saw a replay") }
        guard let json = try? JSON.parse(line), let id = json["id"] else { return }
        guard json["method"] == nil else {
            if pending.contains("\(id)") { violations.append("was asked \(id) twice at once") }
            pending.append("\(id)")
            return
        }
        // A line that was no message has nobody to be answered to.
        guard !id.isNull else { return }
        let name = "\(id)"
        guard let count = open[name], count > 0 else {
            violations.append("\(name) was answered though it is not open: \(text)")
            return
        }
        open[name] = count - 1
        if let found = json["result"]?["sessionId"]?.string { conversations.append(found) }
        if let outcome = json["error"]?["message"]?.string, outcome.contains("not delivered"),
            let prompt = prompts[name]
        {
            refused.insert(prompt)
        }
    }
}
