/// The resume token of a session: set by a launcher that relays a conversation, or from within the session.
extension SessionPool {
    /// A launcher that has sent a token owns it: no other process can know its contents.
    mutating func handleToken(of id: LifeID, _ token: String?, at now: Instant, _ actions: inout [Action]) {
        guard let index = sessions.index(of: id) else { return }
        sessions[index].life?.launcherKeepsToken = true
        if let problem = ResumeToken.problem(with: token) {
            actions.append(.log(LoggedEvent(.tokenRefused, id, [("message", .text(problem))])))
        } else {
            keep(token, index, at: now, &actions)
        }
    }

    /// A command inside a session, or a user who may give it orders, sets the token.
    mutating func setToken(
        _ index: Int, _ life: UInt64?, _ token: String?, _ order: Order, at now: Instant, _ actions: inout [Action]
    ) {
        let outcome: OrderOutcome
        if let reason = refusal(of: token, for: sessions[index], life) {
            outcome = .refused(reason)
        } else {
            keep(token, index, at: now, &actions)
            outcome = .done
        }
        actions.append(.answer(order.client, order.session, outcome))
    }

    private func refusal(of token: String?, for session: Session, _ life: UInt64?) -> String? {
        if let life, session.life?.number != life {
            return "life \(life) of '\(session.id)' is over, and what it leaves now is of no use to a later one"
        }
        if session.life?.launcherKeepsToken == true {
            return "the launcher of '\(session.id)' keeps its resume token itself"
        }
        if session.life?.ending?.isFinal == true {
            return "'\(session.id)' is being ended for good; no life follows that a token could serve"
        }
        return ResumeToken.problem(withVariable: token)
    }

    private mutating func keep(_ token: String?, _ index: Int, at now: Instant, _ actions: inout [Action]) {
        guard sessions[index].token != token, sessions[index].life?.ending?.isFinal != true else { return }
        sessions[index].token = token
        // With Evict=resumable it may time out from now on.
        schedule(index, at: now)
        actions.append(.save(sessions[index].id))
    }
}
