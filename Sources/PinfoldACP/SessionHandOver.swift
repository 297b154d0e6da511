import PinfoldJSON

/// Giving a former launcher's conversation to the client that asks for a new one.
extension ACPRelay {
    /// The request in a held line that a former launcher's conversation answers, and which.
    ///
    /// Only one in the same directory does: another project is another conversation.
    func handOverCandidate(in line: Line) -> (session: ACPSessionID, request: RequestID)? {
        guard !line.isBatch, case .request(let request, .newSession)? = line.messages.first?.kind,
            let directory = line.json(at: line.messages.first?.params)?["cwd"],
            initialization?.capabilities.canResume == true
        else { return nil }
        let best = sessions.filter { $0.value.isInherited && $0.value.directory == directory }
            .max { $0.value.lastUsed < $1.value.lastUsed }
        return best.map { ($0.key, request) }
    }

    func bufferedParams(of request: RequestID) -> [UInt8]? {
        for line in buffered {
            for message in line.messages {
                if case .request(request, _) = message.kind { return line.copy(message.params) }
            }
        }
        return nil
    }

    private mutating func takeRequest(_ request: RequestID) -> [UInt8]? {
        takeBuffered { _, message in
            if case .request(request, _) = message.kind { true } else { false }
        }.first.flatMap { line, message in line.copy(message.id) }
    }

    /// The client's request is answered with the conversation it already had.
    mutating func handOver(_ resumption: SessionResumption, to request: RequestID) {
        let use = nextUse()
        sessions[resumption.session]?.isInherited = false
        sessions[resumption.session]?.lastUsed = use
        guard let id = takeRequest(request) else { return }
        var result = resumption.result?.object ?? JSONObject()
        result["sessionId"] = resumption.session.value
        var meta = result["_meta"]?.object ?? JSONObject()
        meta["pinfold"] = ["resumed": true]
        result["_meta"] = .object(meta)
        log("the conversation '\(resumption.session)' goes on")
        toClient(Wording.response(id, result: JSON.object(result).serialized()))
    }

    /// It cannot be resumed. If it is gone for good, the client gets the new one that it asked for, with a notice.
    mutating func declineHandOver(_ id: ACPSessionID, _ request: RequestID, _ failure: ResumptionFailure) {
        // Another old one would be no better answer to this request.
        for other in sessions.keys { sessions[other]?.isInherited = false }
        switch failure {
        case .gone(let why):
            log("the conversation '\(id)' is gone: \(why); a new one was started")
            sessions[id] = nil
            notice = ["resumed": false, "outcome": "gone", "message": .string(why)]
        case .unknown(let why, _):
            log("the conversation '\(id)' could not be continued: \(why)")
            respondToBufferedRequest(request) { Self.unknown(why, for: $0) }
        case .refused(let error):
            respondToBufferedRequest(request) { _ in .agents(error) }
        }
    }

    private mutating func respondToBufferedRequest(_ request: RequestID, _ failure: (PendingRequest) -> Failure) {
        let taken = takeBuffered { _, message in
            if case .request(request, _) = message.kind { true } else { false }
        }
        for (line, message) in taken {
            guard case .request(let id, let method) = message.kind else { continue }
            let pending = PendingRequest(line, message, id: id, method: method)
            toClient(failure(pending).response(to: pending.writtenID))
        }
    }

    /// The notice for the client with its new session.
    mutating func takeNotice() -> JSON? {
        defer { notice = nil }
        return notice
    }

    func addingMeta(_ notice: JSON, to outcome: Range<Int>, in line: Line) -> JSONEdit? {
        guard let result = line.json(at: outcome)?.object else { return nil }
        var meta = result["_meta"]?.object ?? JSONObject()
        meta["pinfold"] = notice
        return line.setting("_meta", to: JSON.object(meta).serialized(), at: outcome)
    }
}
