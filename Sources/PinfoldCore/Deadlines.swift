/// What time alone does.
extension SessionPool {
    /// Looks at every session once and finds out anew when the next look is due.
    mutating func passTime(at now: Instant, _ actions: inout [Action]) {
        for index in sessions.residents {
            guard let due = sessions.all[index].nextDeadline(at: now), now >= due,
                let life = sessions.all[index].life
            else { continue }
            retryCall(index, at: now, &actions)
            if let deadline = life.state.deadline, now >= deadline {
                apply(.deadlinePassed, to: index, at: now, &actions)
            } else if life.state.isRunning {
                advanceRunning(index, at: now, &actions)
            }
        }
        nextDue = sessions.residents.reduce(nil) { Instant.earliest($0, sessions.all[$1].nextDeadline(at: now)) }
    }
}
