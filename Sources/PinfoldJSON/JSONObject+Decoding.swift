extension JSONObject {
    /// The value of a member that must be there. Null is not of any shape but `.any`.
    package func required<Value>(
        _ key: String, as shape: JSONShape<Value>
    ) throws(JSONDecodingError) -> Value {
        guard let json = self[key] else {
            throw JSONDecodingError("expected \(shape.name), but the key is missing", path: [.key(key)])
        }
        do throws(JSONDecodingError) {
            return try shape.decode(json)
        } catch {
            throw error.inside(.key(key))
        }
    }

    /// The value of a member that may be missing or null, which is nil.
    package func optional<Value>(
        _ key: String, as shape: JSONShape<Value>
    ) throws(JSONDecodingError) -> Value? {
        guard let json = self[key], !json.isNull else { return nil }
        return try required(key, as: shape)
    }

    /// Sees to it that there are no keys but these. A record from a newer version, or a misspelt argument, is then said
    /// and not half understood.
    package func rejectUnknownKeys(_ known: [String]) throws(JSONDecodingError) {
        let known = known.map { ExactText($0) }
        for key in keys where !known.contains(ExactText(key)) {
            let list = known.map { "\"\($0.text)\"" }.joined(separator: ", ")
            throw JSONDecodingError(
                known.isEmpty ? "unknown key; there are none here" : "unknown key; known here: \(list)",
                path: [.key(key)])
        }
    }
}
