/// How a life ends: stdin closed, SIGTERM, `cgroup.kill`; then empty, then collected, then over.
extension SessionPool {
    /// Memory of a dying life counts as coming back for this long after the kill.
    static let creditAfterKill = Duration.seconds(5)
    /// An empty life waits this long for its launcher to say how the command ended.
    static let statusGrace = Duration.seconds(1)
    /// A killed life that is not empty by now is said to be stuck.
    static let stuckAfter = Duration.seconds(10)

    /// Where an ending begins. One that has begun can be hastened; the first stage of some can be taken back.
    enum EndingStep: Int, Comparable {
        case closeInput, terminate, kill

        static func < (left: EndingStep, right: EndingStep) -> Bool { left.rawValue < right.rawValue }
    }

    /// Begins to end a life, or hastens the ending that has begun, which keeps its first cause unless that could have
    /// been taken back.
    ///
    /// - Parameter cause: nil where the command left by itself and only what it left behind must go.
    mutating func stop(
        _ index: Int, because cause: Cause?, suspends: Bool, from step: EndingStep, at now: Instant,
        _ actions: inout [Action]
    ) {
        guard let life = sessions[index].life else { return }
        if let stopping = life.stopping {
            if step == .kill, !stopping.isKilling || stopping.isStuck || isKillRefused(life) {
                kill(index, at: now, &actions)
            } else if stopping.isRefusable, let cause {
                confirmEnding(index, on: cause, suspends: suspends, at: now, &actions)
            }
            return
        }
        let policy = sessions[index].policy
        let grace = policy.stdinClose + policy.term
        let stopping = Stopping(
            cause: cause, suspends: suspends, yieldsToTurns: step == .closeInput && cause?.yieldsToTurns == true,
            step: .closingInput(until: now),
            expected: life.memory.anonymous ?? life.memory.current ?? 0,
            creditEnds: now + (step == .kill ? .zero : grace) + Self.creditAfterKill)
        sessions[index].life?.stage = .stopping(stopping)
        let id = LifeID(session: sessions[index].id, number: life.number)
        if let cause { actions.append(.log(LoggedEvent(.stopping, id, LoggedEvent.details(of: cause)))) }
        if life.isFrozen, step != .kill {
            sessions[index].life?.isFrozen = false
            actions.append(.thaw(id))
        }
        switch step {
        case .closeInput: closeInput(index, at: now, &actions)
        case .terminate: terminate(index, at: now, &actions)
        case .kill: kill(index, at: now, &actions)
        }
    }

    mutating func closeInput(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        let grace = sessions[index].policy.stdinClose
        guard let life = sessions[index].life, life.lease != nil, life.status == nil, grace > .zero,
            let cause = life.stopping?.cause
        else {
            terminate(index, at: now, &actions)
            return
        }
        step(index, to: .closingInput(until: now + grace), at: now)
        guard let inputClosing = sessions[index].life?.inputClosing(at: now) else { return }
        actions.append(.closeInput(LifeID(session: sessions[index].id, number: life.number), cause, inputClosing))
    }

    private mutating func terminate(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        let grace = sessions[index].policy.term
        guard let life = sessions[index].life, grace > .zero else {
            kill(index, at: now, &actions)
            return
        }
        step(index, to: .terminating(until: now + grace), at: now)
        actions.append(.terminate(LifeID(session: sessions[index].id, number: life.number)))
    }

    mutating func kill(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        guard let life = sessions[index].life else { return }
        step(index, to: .killing(since: now, isReportedStuck: false), at: now)
        sessions[index].withStopping { $0.creditEnds = now + Self.creditAfterKill }
        // Whatever else was to be tried again matters no more: a kill reaches frozen ones too.
        sessions[index].life?.failures.retry = nil
        actions.append(.kill(LifeID(session: sessions[index].id, number: life.number)))
    }

    private mutating func step(_ index: Int, to step: Stopping.Step, at now: Instant) {
        sessions[index].withStopping { $0.step = step }
        schedule(index, at: now)
    }

    /// The next stage of every ending whose time for the last one is over.
    mutating func advanceEnding(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        guard let life = sessions[index].life, let stopping = life.stopping else { return }
        if let deadline = stopping.statusDeadline, now >= deadline {
            collect(index, at: now, &actions)
            return
        }
        switch stopping.step {
        case .closingInput(let until) where now >= until: terminate(index, at: now, &actions)
        case .terminating(let until) where now >= until: kill(index, at: now, &actions)
        case .killing(let since, isReportedStuck: false) where !stopping.isEmpty && now >= since + Self.stuckAfter:
            step(index, to: .killing(since: since, isReportedStuck: true), at: now)
            actions.append(
                .log(
                    LoggedEvent(
                        .stuck, LifeID(session: sessions[index].id, number: life.number),
                        [("message", .text("killed, but processes remain: they wait in the kernel"))])))
        default: break
        }
    }

    /// No process is left. A life that is still starting may be empty for a moment: only its launcher can tell.
    mutating func handleEmptied(_ id: LifeID, at now: Instant, _ actions: inout [Action]) {
        guard let index = sessions.index(of: id), let life = sessions[index].life else { return }
        switch life.stage {
        case .starting: return
        case .running: beginNaturalEnd(index, at: now)
        case .stopping(let stopping): if stopping.step == .collecting { return }
        }
        sessions[index].withStopping { $0.isEmpty = true }
        if life.status == nil, life.lease != nil || life.leaseDeadline != nil {
            sessions[index].withStopping { $0.statusDeadline = life.leaseDeadline ?? now + Self.statusGrace }
            schedule(index, at: now)
        } else {
            collect(index, at: now, &actions)
        }
    }

    private mutating func beginNaturalEnd(_ index: Int, at now: Instant) {
        sessions[index].life?.stage = .stopping(
            Stopping(
                cause: nil, suspends: false, yieldsToTurns: false, step: .killing(since: now, isReportedStuck: false),
                expected: 0,
                creditEnds: now))
    }

    private mutating func collect(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        guard let life = sessions[index].life, life.stopping?.step != .collecting else { return }
        sessions[index].withStopping {
            $0.statusDeadline = nil
            $0.step = .collecting
        }
        actions.append(.collect(LifeID(session: sessions[index].id, number: life.number)))
    }

    /// Somebody wants the name of a life that has no process left and waits only for the launcher that a former
    /// controller had: as a rule that one was told of the end and has left, and nobody else can say more.
    mutating func stopAwaitingLauncher(_ index: Int, at now: Instant, _ actions: inout [Action]) {
        guard let life = sessions[index].life, life.awaitsLauncher, life.stopping?.isEmpty == true else { return }
        sessions[index].life?.leaseDeadline = nil
        collect(index, at: now, &actions)
    }

    /// The command's own process ended: what it left behind goes too, unless its caller wanted to keep it.
    mutating func handleExit(of id: LifeID, _ status: CommandStatus, at now: Instant, _ actions: inout [Action]) {
        guard let index = sessions.index(of: id), let life = sessions[index].life, life.status == nil else { return }
        sessions[index].life?.status = status
        switch life.stage {
        case .starting, .running:
            if life.keepsTree, let client = life.lease {
                sessions[index].life?.stage = .running
                sessions[index].life?.lease = nil
                // It may have had a turn before its start was told.
                schedule(index, at: now)
                actions.append(.release(client, id))
                actions.append(.save(id.session))
            } else {
                stop(index, because: nil, suspends: false, from: .terminate, at: now, &actions)
            }
        case .stopping(let stopping):
            if stopping.isEmpty {
                collect(index, at: now, &actions)
            } else if case .closingInput = stopping.step {
                // It heard; what it left behind has no stdin to lose.
                terminate(index, at: now, &actions)
            }
        }
    }

    /// The life is over: keep why, and tell everybody who waits for it.
    mutating func finish(_ id: LifeID, _ totals: LifeTotals, at now: Instant, _ actions: inout [Action]) {
        guard let index = sessions.index(of: id), let life = sessions[index].life else { return }
        let stopping = life.stopping
        var cause = stopping?.cause ?? Cause.ofLifeEnd(status: life.status, totals: totals)
        // Nobody saw it end, so nobody ended it: what can be resumed waits for its user.
        let isUnwatched = cause == .unwatched && sessions[index].token != nil
        // We were there, and its launcher still is, but it did not say a word.
        if cause == .unwatched, life.lease != nil { cause = .unreported }
        let isSuspended = stopping?.suspends ?? false || isUnwatched && sessions[index].policy.resume != .never
        if let used = life.memory.workingSet ?? life.memory.current {
            sessions[index].lastMemory = used
            memory.typical[sessions[index].policyName] = used
        }
        // Its credit ends with it, so whoever is admitted next must be judged by what is free now.
        memory.discardSnapshot()
        sessions[index].lastPeak = totals.memoryPeak
        sessions[index].life = nil
        sessions[index].cause = cause
        sessions[index].isSuspended = isSuspended
        sessions[index].endedAt = now
        let outcome = LifeOutcome(life: id, cause: cause, isSuspended: isSuspended, status: life.status)
        actions.append(.save(id.session))
        if let client = life.lease { actions.append(.finish(client, outcome)) }
        for client in life.waiting + life.settingLimits { actions.append(.answer(client, id.session, .done)) }
        var details = LoggedEvent.details(of: cause)
        // Some causes tell the peak themselves.
        if let peak = totals.memoryPeak, !details.contains(where: { $0.name == "peakBytes" }) {
            details.append(("peakBytes", .number(Int64(clamping: peak))))
        }
        if life.failures.count > 0 { details.append(("failedCalls", .number(Int64(life.failures.count)))) }
        if let cpu = totals.cpuMicroseconds { details.append(("cpuMicroseconds", .number(Int64(clamping: cpu)))) }
        actions.append(.log(LoggedEvent(isSuspended ? .suspended : .ended, id, details)))
        removeOldestRecords(&actions)
    }
}

extension Session {
    mutating func withStopping(_ change: (inout Stopping) -> Void) {
        guard case .stopping(var stopping)? = life?.stage else { return }
        change(&stopping)
        life?.stage = .stopping(stopping)
    }
}
