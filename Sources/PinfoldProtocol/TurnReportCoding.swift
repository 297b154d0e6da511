import PinfoldCore
import PinfoldJSON

extension TurnReport {
    /// As parameters of `Turn`. A launcher of a former version gives the state alone.
    init(json object: JSONObject) throws(JSONDecodingError) {
        self.init(
            try object.required("state", as: .oneOf(TurnState.self)),
            turns: try object.optional("turns", as: .array(of: .turn)),
            isUse: try object.optional("use", as: .bool) ?? true)
    }

    var json: JSONObject {
        ["state": .string(state.rawValue), "turns": turns.map { .array($0.map(\.json)) } ?? nil, "use": .bool(isUse)]
    }
}

extension TurnReport.Entry {
    fileprivate var json: JSON {
        [
            "number": JSON(number), "state": .string((isWaiting ? TurnState.waiting : .open).rawValue),
            "milliseconds": JSON(milliseconds),
        ]
    }
}

extension JSONShape<TurnReport.Entry> {
    fileprivate static var turn: Self {
        .object { (object) throws(JSONDecodingError) in
            TurnReport.Entry(
                number: try object.required("number", as: .uint64),
                isWaiting: try object.required("state", as: .oneOf(OpenState.self)) == .waiting,
                milliseconds: try object.required("milliseconds", as: .milliseconds))
        }
    }
}

/// The states that a turn can be in while there is one.
private enum OpenState: String, CaseIterable {
    case open, waiting
}
