import PinfoldJSON

/// The error that a client receives instead of the agent's answer.
enum Failure: Hashable, Sendable {
    case ours(Wording.Code, String, JSON)
    /// The agent's own error.
    case agents([UInt8])

    func response(to id: [UInt8]) -> [UInt8] {
        switch self {
        case .ours(let code, let message, let data): Wording.failure(id, code, message, data)
        case .agents(let error): Wording.failure(id, error: error)
        }
    }
}

extension ACPRelay {
    /// Nobody can continue the conversation any more.
    static func gone(_ why: String, _ session: ACPSessionID) -> Failure {
        .ours(
            .notFound,
            "the conversation '\(session)' cannot be continued: \(why). A new one can be started with session/new",
            ["outcome": "gone", "sessionId": session.value])
    }

    /// It may still be there: nothing of it is forgotten.
    static func unknown(_ why: String, for pending: PendingRequest) -> Failure {
        .ours(
            .internalError, "this message was not delivered: \(why). Nothing is lost: send it again",
            ["outcome": "unknown", "sessionId": pending.session?.value ?? nil])
    }

    /// It was tried often enough. Nothing is forgotten, but to send it again at once is of no use.
    static func givenUp(_ why: String, for pending: PendingRequest) -> Failure {
        let times = "this has failed \(RepeatedFailure.most) times in a row"
        let message = "this message was not delivered, and \(times): \(why)"
        let advice =
            pending.session.map {
                "the conversation '\($0)' is given up; a new one can be started with session/new"
            } ?? "see why before it is sent again"
        return .ours(
            .notFound, "\(message). \(advice)",
            [
                "outcome": "gone", "sessionId": pending.session?.value ?? nil,
                "attempts": JSON(Int64(RepeatedFailure.most)),
            ])
    }

    /// Something that the client had chosen is not as it was: a message must not go out under another mode.
    static func changed(_ choice: ACPSession.Choice, _ why: String, _ id: ACPSessionID) -> Failure {
        .ours(
            .internalError,
            "this message was not delivered: the agent has come back without what was chosen by \(choice.method), and "
                + "refused to take it: \(why). Choose again, then send it again",
            [
                "outcome": "changed", "sessionId": id.value, "method": .string(choice.method),
                "params": (try? JSON.parse(choice.params)) ?? nil,
            ])
    }

    /// There was no room for the agent.
    static func refusal(_ failure: StartFailure) -> Failure {
        .ours(
            .cancelled, "this message was not delivered: \(failure.message)",
            ["cause": ["kind": "refused", "message": .string(failure.message)]])
    }

    /// There is no agent, and there will be none.
    static func notStarted(_ failure: StartFailure) -> Failure {
        .ours(
            .internalError, "the agent could not be started: \(failure.message)",
            ["cause": ["kind": "start_failed", "message": .string(failure.message)]])
    }

    /// The life that had the question is over.
    static func cut(_ reason: Reason) -> Failure {
        .ours(.cancelled, "the agent was ended before it answered: \(reason.message)", ["cause": reason.json])
    }

    /// The agent left by itself.
    static func abandoned(_ reason: Reason) -> Failure {
        .ours(.internalError, "the agent left before it answered: \(reason.message)", ["cause": reason.json])
    }

    /// In v2 an update ends a turn; the agent that should have sent it is gone.
    static func idleUpdate(_ session: ACPSessionID, meta: JSON?) -> [UInt8] {
        var params = JSONObject(dictionaryLiteral: ("sessionId", session.value))
        params["update"] = ["sessionUpdate": "state_update", "state": "idle", "stopReason": "cancelled"]
        if let meta { params["_meta"] = ["pinfold": meta] }
        return Wording.call("session/update", .object(params))
    }
}
