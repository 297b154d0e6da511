package import PinfoldCore
package import PinfoldJSON

extension Explanation {
    /// The reply to `Explain`.
    package var json: JSONObject {
        [
            "headroomBytes": JSON(headroom), "reserveBytes": JSON(budget.reserve),
            "hardReserveBytes": JSON(budget.hardReserve), "sessions": JSON(residents),
            "maxSessions": JSON(budget.policy.maxSessions),
            "waiting": .array(waiting.map { .string($0.request.session.text) }), "queue": .array(waiting.map(\.json)),
            "forPlace": .array(forPlace.map(\.json)), "forMemory": .array(forMemory.map(\.json)),
        ]
    }
}

extension SessionPool.Waiting {
    fileprivate var json: JSON {
        var memory: MemoryShortage?
        if case .memory(let found) = shortage { memory = found }
        return [
            "session": .string(request.session.text), "position": JSON(position),
            "waitedSeconds": JSON(waited.wholeMilliseconds / 1_000), "reason": .string(shortage.description),
            "availableBytes": JSON(memory?.available), "expectedBytes": JSON(memory?.expected),
            "claimedBytes": JSON(memory?.claimed), "reserveBytes": JSON(memory?.reserve),
        ]
    }
}

extension Candidate {
    fileprivate var json: JSON {
        let position: Int?
        let reason: String?
        switch verdict {
        case .eligible(let place): (position, reason) = (place, nil)
        case .exempt(let exemption): (position, reason) = (nil, exemption.description)
        }
        return [
            "session": .string(life.session.text), "life": JSON(life.number), "state": .string(state.rawValue),
            "idleSeconds": JSON(idle.wholeMilliseconds / 1_000), "resumable": .bool(isResumable), "bytes": JSON(bytes),
            "position": JSON(position), "reason": JSON(reason),
        ]
    }
}

extension UnenforcedLimit {
    package var json: JSON {
        ["key": .string(key), "reason": .string(reason)]
    }
}

extension JSONShape<UnenforcedLimit> {
    package static var unenforcedLimit: Self {
        .object { (object) throws(JSONDecodingError) in
            UnenforcedLimit(
                key: try object.required("key", as: .string), reason: try object.required("reason", as: .string))
        }
    }
}

/// Whether something the controller needs is there: one line of `pinfold doctor`.
package struct FeatureReport: Hashable, Sendable {
    package enum Status: String, CaseIterable, Sendable {
        case available, degraded, missing
    }

    package let name: String
    package let status: Status
    /// Why it is so.
    package let reason: String
    /// What to type or set to have it; empty where nothing is to be done.
    package let remedy: String

    package init(_ name: String, _ status: Status, reason: String, remedy: String = "") {
        self.name = name
        self.status = status
        self.reason = reason
        self.remedy = remedy
    }

    package var json: JSON {
        [
            "name": .string(name), "status": .string(status.rawValue), "reason": .string(reason),
            "remedy": .string(remedy),
        ]
    }
}
