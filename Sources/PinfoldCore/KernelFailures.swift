/// What is asked of the kernel for a life and may be refused.
package enum KernelCall: String, CaseIterable, Sendable {
    case terminate, kill, freeze, thaw
}

/// Calls for a life that the kernel refused.
struct KernelFailures: Sendable {
    struct Retry: Sendable {
        let call: KernelCall
        let at: Instant
    }

    /// What is tried again; at most one call, for each of them makes the other two pointless.
    var retry: Retry?
    var pause = Self.firstPause
    /// How many calls were refused.
    var count = 0
    /// Calls whose refusal was announced: once each.
    var logged: Set<KernelCall> = []

    static let firstPause = Duration.milliseconds(100)
    static let longestPause = Duration.seconds(5)
}

/// What the kernel refuses, for want of a descriptor or of memory, is tried again until it is done: see
/// docs/decisions/0017.
extension SessionPool {
    mutating func handleCallFailure(
        of call: KernelCall, _ id: LifeID, _ reason: String, at now: Instant, _ actions: inout [Action]
    ) {
        guard let index = sessions.index(of: id), var failures = sessions[index].life?.failures else { return }
        failures.count += 1
        if failures.logged.insert(call).inserted {
            actions.append(
                .log(
                    LoggedEvent(
                        .callFailed, id,
                        [("call", .text(call.rawValue)), ("message", .text(Self.message(call, reason)))])))
        }
        // SIGTERM is not sent again: those that got it may take a second one for more than a request, and `cgroup.kill`
        // follows in any case.
        if call != .terminate {
            failures.retry = KernelFailures.Retry(call: call, at: now + failures.pause)
            failures.pause = min(failures.pause + failures.pause, KernelFailures.longestPause)
        }
        sessions[index].life?.failures = failures
        schedule(index, at: now)
    }

    private static func message(_ call: KernelCall, _ reason: String) -> String {
        let next = call == .terminate ? "it is killed when its time is over" : "it is tried again until it works"
        return "\(reason); \(next)"
    }

    /// Whether the last kill was refused and processes may be left.
    func isKillRefused(_ life: Life) -> Bool {
        life.state.isKilling && life.failures.retry?.call == .kill
    }

    /// Tries again what is due.
    mutating func retryCall(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        guard let life = sessions[index].life, let retry = life.failures.retry, now >= retry.at else { return }
        sessions[index].life?.failures.retry = nil
        let id = LifeID(session: sessions[index].id, number: life.number)
        switch retry.call {
        case .kill: apply(.killRefused, to: index, at: now, &actions)
        // What has changed meanwhile decides, not what was wanted then.
        case .freeze where life.state == .frozen: actions.append(.freeze(id))
        case .thaw where life.state != .frozen: actions.append(.thaw(id))
        case .terminate, .freeze, .thaw: break
        }
    }
}
