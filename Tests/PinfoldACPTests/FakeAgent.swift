import PinfoldJSON
import TestSupport

/// An agent with moods. What it knows of conversations is in a store that outlives it.
struct FakeAgent {
    let life: Int
    /// Whether it misbehaves.
    var isOdd: Bool
    private(set) var isDead = false
    /// Requests it has not answered.
    private(set) var inbox: [JSON] = []
    /// Its own questions that are open, by id.
    private(set) var pending: Set<Int64> = []
    private var lastID: Int64 = 0
    private var turns: Set<String> = []

    init(life: Int, isOdd: Bool) {
        self.life = life
        self.isOdd = isOdd
    }

    mutating func receive(_ line: [UInt8], _ violations: inout [String]) {
        guard let json = try? JSON.parse(line) else { return }
        if json["method"] == nil {
            guard let id = json["id"]?.int64, pending.remove(id) != nil else {
                violations.append("life \(life) got an answer to a question it did not ask: \(json)")
                return
            }
        } else if json["id"] != nil {
            inbox.append(json)
        }
    }

    /// What it says next.
    mutating func nextMessages(
        _ store: inout [String: Int], version: Int, _ random: inout SeededGenerator
    ) -> [String] {
        if isOdd {
            switch Int.random(in: 0..<12, using: &random) {
            case 0:
                isDead = true
                return []
            case 1: return [#"{"jsonrpc":"2.0","id":424242,"result":{}}"#]
            case 2: return ["noise"]
            case 3...5: return []
            default: break
            }
        }
        if random.chance(25), let session = store.keys.sorted().first {
            guard random.chance(40) else { return [update(session, "said in life \(life)")] }
            lastID += 1
            pending.insert(lastID)
            return [
                #"{"jsonrpc":"2.0","id":\#(lastID),"method":"session/request_permission","params":{"sessionId":"\#(session)"}}"#
            ]
        }
        guard !inbox.isEmpty else { return [] }
        // Not always in the order in which they came.
        let request = inbox.remove(at: random.chance(80) ? 0 : Int.random(in: 0..<inbox.count, using: &random))
        return response(request, &store, version: version, &random)
    }

    private func update(_ session: String, _ text: String) -> String {
        #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"\#(session)","update":{"text":"\#(text)"}}}"#
    }

    private mutating func response(
        _ request: JSON, _ store: inout [String: Int], version: Int, _ random: inout SeededGenerator
    ) -> [String] {
        let id = "\(request["id"] ?? nil)"
        let session = request["params"]?["sessionId"]?.string ?? ""
        func result(_ text: String) -> String { #"{"jsonrpc":"2.0","id":\#(id),"result":\#(text)}"# }
        func failure(_ code: Int) -> String {
            #"{"jsonrpc":"2.0","id":\#(id),"error":{"code":\#(code),"message":"no"}}"#
        }
        switch request["method"]?.string {
        case "initialize":
            return [version == 2 ? RelayScript.greetingText(id, version: 2) : RelayScript.greetingText(id, version: 1)]
        case "session/new":
            let name = "s\(store.count + 1)"
            store[name] = 0
            return [result(#"{"sessionId":"\#(name)"}"#)]
        case "session/resume", "session/load":
            if isOdd { return [failure([-32002, -32603, -32601].randomElement(using: &random) ?? -32603)] }
            guard let count = store[session] else { return [failure(-32002)] }
            let replay =
                request["method"]?.string == "session/load"
                ? (0...count).map { _ in update(session, "replayed") } : []
            return replay + [result("{}")]
        case "session/prompt":
            store[session, default: 0] += 1
            return version == 2 ? [result("{}"), RelayScript.idle(session)] : [result(#"{"stopReason":"end_turn"}"#)]
        default: return [isOdd ? failure(-32603) : result("{}")]
        }
    }
}

extension RelayScript {
    /// With the id as JSON.
    static func greetingText(_ id: String, version: Int) -> String {
        let key = version == 2 ? "capabilities" : "agentCapabilities"
        return #"{"jsonrpc":"2.0","id":\#(id),"result":{"protocolVersion":\#(version),"\#(key)":\#(capabilities)}}"#
    }
}
