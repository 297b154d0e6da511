package import PinfoldJSON

/// A varlink method call.
package struct Call: Hashable, Sendable {
    /// With its interface: `io.pinfold.List`.
    package let method: String
    package let parameters: JSONObject
    /// No reply is wanted.
    package let isOneway: Bool
    /// More than one reply is understood.
    package let wantsMore: Bool

    package init(_ method: String, _ parameters: JSONObject = [:], isOneway: Bool = false, wantsMore: Bool = false) {
        self.method = method
        self.parameters = parameters
        self.isOneway = isOneway
        self.wantsMore = wantsMore
    }

    /// Reads a frame.
    ///
    /// - Throws: `MalformedFrame` where the bytes are not a call; there is then no caller to answer.
    package init(frame: [UInt8]) throws(MalformedFrame) {
        do {
            let object = try Self.object(frame, values: Frame.mostValues)
            try object.rejectUnknownKeys(["method", "parameters", "oneway", "more", "upgrade"])
            method = try object.required("method", as: .string)
            parameters = try object.optional("parameters", as: .object) ?? [:]
            isOneway = try object.optional("oneway", as: .bool) ?? false
            wantsMore = try object.optional("more", as: .bool) ?? false
        } catch {
            throw MalformedFrame(reason: "\(error)")
        }
    }

    static func object(_ frame: [UInt8], values: Int = .max) throws -> JSONObject {
        let limits = JSONLimits(depth: 32, size: Frame.longestReply, values: values)
        return try JSONShape.object.decode(try JSON.parse(frame, limits: limits))
    }

    /// The bytes to send, with the NUL.
    package var frame: [UInt8] {
        var object: JSONObject = ["method": .string(method)]
        if !parameters.isEmpty { object["parameters"] = .object(parameters) }
        if isOneway { object["oneway"] = true }
        if wantsMore { object["more"] = true }
        return JSON.object(object).serialized() + [0]
    }
}

/// A varlink reply.
package struct Reply: Hashable, Sendable {
    package var parameters: JSONObject
    /// More replies to the same call follow.
    package var continues: Bool
    /// The name of an error with its interface; nil for success.
    package var error: String?

    package init(_ parameters: JSONObject = [:], continues: Bool = false) {
        self.parameters = parameters
        self.continues = continues
    }

    package init(error: String, _ parameters: JSONObject = [:]) {
        self.parameters = parameters
        self.continues = false
        self.error = error
    }

    package init(frame: [UInt8]) throws(MalformedFrame) {
        do {
            let object = try Call.object(frame)
            parameters = try object.optional("parameters", as: .object) ?? [:]
            continues = try object.optional("continues", as: .bool) ?? false
            error = try object.optional("error", as: .string)
        } catch {
            throw MalformedFrame(reason: "\(error)")
        }
    }

    /// The bytes to send, with the NUL.
    package var frame: [UInt8] {
        var object: JSONObject = ["parameters": .object(parameters)]
        if continues { object["continues"] = true }
        if let error { object["error"] = .string(error) }
        return JSON.object(object).serialized() + [0]
    }
}

/// Bytes that are no varlink message.
package struct MalformedFrame: Error, Hashable, Sendable, CustomStringConvertible {
    package let reason: String

    package init(reason: String) {
        self.reason = reason
    }

    package var description: String { "not a varlink message: \(reason)" }
}
