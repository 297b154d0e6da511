import PinfoldJSON

/// Messages of our own.
enum Wording {
    /// Error codes of JSON-RPC and of ACP.
    enum Code: Int64 {
        case parseError = -32700
        case invalidRequest = -32600
        case internalError = -32603
        case notFound = -32002
        case cancelled = -32800
    }

    static func call(_ method: String, id: RequestID?, params: [UInt8]) -> [UInt8] {
        var line = Array(#"{"jsonrpc":"2.0","#.utf8)
        if let id {
            line += #""id":"#.utf8
            line += id.text
            line += ",".utf8
        }
        line += #""method":"#.utf8
        JSON.string(method).serialize(into: &line)
        line += #","params":"#.utf8
        line += params
        line += "}".utf8
        return line
    }

    static func call(_ method: String, id: RequestID? = nil, _ params: JSON) -> [UInt8] {
        call(method, id: id, params: params.serialized())
    }

    static func response(_ id: [UInt8], result: [UInt8]) -> [UInt8] {
        Array(#"{"jsonrpc":"2.0","id":"#.utf8) + id + #","result":"#.utf8 + result + "}".utf8
    }

    /// An error of ours, with what is ours in `data.pinfold`.
    static func failure(_ id: [UInt8], _ code: Code, _ message: String, _ data: JSON) -> [UInt8] {
        failure(
            id,
            error: (["code": JSON(code.rawValue), "message": .string(message), "data": ["pinfold": data]] as JSON)
                .serialized())
    }

    static func failure(_ id: [UInt8], error: [UInt8]) -> [UInt8] {
        Array(#"{"jsonrpc":"2.0","id":"#.utf8) + id + #","error":"#.utf8 + error + "}".utf8
    }
}
