/// A first agent that could not be started, and a client that has not asked anything yet.
struct RefusedStart: Hashable, Sendable {
    let failure: StartFailure
    /// The client is waited for no longer.
    let until: Duration
}

extension ACPRelay {
    /// A client sends initialize as soon as it has started us. One that finds an end of file instead knows nothing.
    private static let refusalGrace = Duration.seconds(2)

    /// Tells the client why there is no agent, as the answer to what it asks first.
    mutating func refuseStart(_ failure: StartFailure) {
        guard !respondToBufferedRequests(failure), !clientIsDone else { return finish(failure.exitCode) }
        agent = .absent
        refused = RefusedStart(failure: failure, until: now + Self.refusalGrace)
    }

    mutating func handle(_ event: Event, refused: RefusedStart) {
        switch event {
        case .client(let bytes, let isWhole):
            guard let line = Line(bytes, isWhole: isWhole) else { return }
            buffered = [line]
            guard respondToBufferedRequests(refused.failure) else { return }
        case .clientOverlong(let header): refuseOverlong(header)
        case .clientClosed, .clientGone: break
        case .timePassed: guard now >= refused.until else { return }
        default: return
        }
        finish(refused.failure.exitCode)
    }

    /// - Returns: whether there was a request.
    private mutating func respondToBufferedRequests(_ failure: StartFailure) -> Bool {
        let hasRequest = buffered.contains { line in
            line.messages.contains { if case .request = $0.kind { true } else { false } }
        }
        respondToBuffered { _ in failure.isRefusal ? Self.refusal(failure) : Self.notStarted(failure) }
        buffered = []
        return hasRequest
    }
}
