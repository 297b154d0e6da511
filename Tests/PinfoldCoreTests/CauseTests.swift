import Testing

@testable import PinfoldCore

private struct Death: Sendable, CustomStringConvertible {
    let description: String
    let status: CommandStatus?
    var kills: UInt64?
    var own: UInt64 = 0
    var pool: UInt64 = 0
    let kind: Cause.Kind
    let exit: Int32

    var totals: LifeTotals {
        var totals = LifeTotals()
        if let kills {
            totals.events = MemoryEventCounts()
            totals.events?.kills = kills
            totals.events?.outOfMemory = own
        }
        totals.poolOutOfMemory = pool
        totals.memoryMax = 512 << 20
        totals.memoryPeak = 511 << 20
        return totals
    }
}

private let deaths: [Death] = [
    Death(description: "left by itself", status: .exited(0), kills: 0, kind: .exited, exit: 0),
    Death(description: "left with a status", status: .exited(42), kills: 0, kind: .exited, exit: 42),
    Death(description: "a signal nobody here sent", status: .signaled(11), kills: 0, kind: .signaled, exit: 139),
    Death(description: "SIGKILL from outside", status: .signaled(9), kills: 0, kind: .signaled, exit: 137),
    Death(description: "SIGKILL where nothing is counted", status: .signaled(9), kind: .signaled, exit: 137),
    Death(description: "over its own limit", status: .signaled(9), kills: 3, own: 1, kind: .memoryLimit, exit: 137),
    Death(
        description: "a shell reports its child's death by memory", status: .exited(137), kills: 1, own: 1,
        kind: .memoryLimit, exit: 137),
    Death(
        description: "own limit wins over the pool's", status: .signaled(9), kills: 1, own: 1, pool: 1,
        kind: .memoryLimit, exit: 137),
    Death(description: "the pool over its limit", status: .signaled(9), kills: 1, pool: 1, kind: .poolLimit, exit: 137),
    Death(description: "the host out of memory", status: .signaled(9), kills: 1, kind: .hostMemory, exit: 137),
    Death(
        description: "killed for memory, nobody saw the status", status: nil, kills: 2, own: 1, kind: .memoryLimit,
        exit: 137),
    Death(
        description: "a helper was killed, the command went on and left", status: .exited(1), kills: 1, own: 1,
        kind: .exited, exit: 1),
    Death(
        description: "a helper was killed, the command left well", status: .exited(0), kills: 1, own: 1,
        kind: .exited, exit: 0),
    Death(description: "nobody saw anything", status: nil, kind: .ended, exit: 137),
]

@Suite struct CauseTests {
    @Test(arguments: deaths)
    private func deathIsReportedByItsCounters(death: Death) {
        let cause = Cause.ofLifeEnd(status: death.status, totals: death.totals)
        #expect(cause.kind == death.kind)
        #expect(ExitCode.ofLauncher(cause: cause, isSuspended: false, status: death.status) == death.exit)
        #expect(!cause.message.isEmpty)
    }

    /// The kernel counts the first of a group twice, unless it was gone when its group's turn came.
    @Test(arguments: [(UInt64(1), UInt64(0), Int64(1)), (2, 0, 2), (2, 1, 1), (1, 1, 1), (6, 1, 5), (6, 2, 4)])
    func killedProcessesAreCountedOnce(kills: UInt64, groupKills: UInt64, processes: Int64) {
        var totals = LifeTotals()
        totals.events = MemoryEventCounts()
        totals.events?.kills = kills
        totals.events?.groupKills = groupKills
        totals.events?.outOfMemory = 1
        let cause = Cause.ofLifeEnd(status: .signaled(9), totals: totals)
        #expect(cause.kind == .memoryLimit)
        #expect(cause.number("kills") == processes)
        #expect(cause.message.contains(processes == 1 ? "1 process was killed" : "\(processes) processes were killed"))
    }

    /// A kill is never reported as success.
    @Test func noCauseOfOursEverExitsWithZeroOnceTheCommandWasKilled() {
        let ours: [Cause] = [
            .killed(by: UserID(0)), .ended(by: UserID(0)), .leaseLost, .controllerEnded, .lifetime(limit: .seconds(1)),
            .idleTimeout(idle: .seconds(1), limit: .seconds(1)), .poolFull(sessions: 1, limit: 1, idle: .seconds(1)),
            .reserve(available: 1, reserve: 2, isHard: true, idle: .seconds(1)), .turnTimeout(limit: .seconds(1)),
            .pressure(full: 1, limit: 1, idle: .seconds(1)), .startFailed("no", exit: 127), .reboot, .terminated,
        ]
        for cause in ours {
            for isSuspended in [false, true] {
                #expect(ExitCode.ofLauncher(cause: cause, isSuspended: isSuspended, status: .signaled(9)) != 0)
            }
        }
    }

    @Test func suspendedIsComeBackLaterWhateverTheStatus() {
        let cause = Cause.idleTimeout(idle: .seconds(5), limit: .seconds(4))
        for status in [CommandStatus.exited(0), .signaled(9), nil] {
            #expect(ExitCode.ofLauncher(cause: cause, isSuspended: true, status: status) == 75)
        }
    }

    @Test(arguments: [
        (
            Cause.idleTimeout(idle: .seconds(4 * 3_600 + 5), limit: .seconds(4 * 3_600)),
            "idle for 4h 5s; IdleTimeoutSec=4h"
        ),
        (
            .reserve(available: 300 << 20, reserve: 360 << 20, isHard: false, idle: .seconds(90)),
            "300M were available; MemoryReserve=360M, and it had been idle longest, for 1min 30s"
        ),
        (.lifetime(limit: .seconds(3_600)), "at the end of its life; LifetimeSec=1h"),
        (
            .poolFull(sessions: 10, limit: 10, idle: .milliseconds(1_500)),
            "evicted to admit another session: 10 of 10 were taken, and it had been idle longest, for 1.5s"
        ),
    ])
    func messageReportsTheNumbersAndTheKey(cause: Cause, message: String) {
        #expect(cause.message == message)
    }
}
