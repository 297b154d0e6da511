/// Performs the steps of ``LifeState/step(on:)``.
extension SessionPool {
    /// - Parameter reason: of the ending that this event may begin; by default the command ended by itself.
    mutating func apply(
        _ event: LifeEvent, to index: Int, ending reason: EndingReason = EndingReason(cause: nil, suspends: false),
        at now: Instant, _ actions: inout [Action]
    ) {
        guard let state = sessions[index].life?.state else { return }
        switch state.step(on: event) {
        case .none: return
        case .run: enter(.running, index, at: now)
        case .freeze: freeze(index, at: now, &actions)
        case .thaw: thaw(index, at: now, &actions)
        case .failStart:
            let limit = Wording.span(Self.startTimeout)
            let problem = "the command did not start within \(limit)"
            failStart(index, .startFailed(problem, exit: ExitCode.failed), at: now, &actions)
        case .release: release(index, at: now, &actions)
        case .closeInput:
            beginEnding(index, reason, from: .closeInput, at: now, &actions)
            closeInput(index, isRefusable: reason.cause?.yieldsToTurns == true, at: now, &actions)
        case .terminate:
            beginEnding(index, reason, from: .terminate, at: now, &actions)
            terminate(index, at: now, &actions)
        case .kill:
            beginEnding(index, reason, from: .kill, at: now, &actions)
            kill(index, at: now, &actions)
        case .reportStuck: reportStuck(index, at: now, &actions)
        case .confirmEnding: confirmEnding(index, reason, at: now, &actions)
        case .reinstate: reinstate(index, at: now, &actions)
        case .awaitStatus: awaitStatus(index, at: now)
        case .collect: collect(index, at: now, &actions)
        }
    }

    mutating func enter(_ state: LifeState, _ index: Int, at now: Instant) {
        sessions[index].life?.state = state
        schedule(index, at: now)
    }
}
