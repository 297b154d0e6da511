import PinfoldCgroups
import PinfoldJSON
import PinfoldLinux
import TestSupport
import Testing

/// Idle at once, and slow to leave where it is asked: only a kill ends it soon.
private let stubborn = "[Session]\nIdleAfterSec=100ms\nStdinCloseSec=1h\nTermSec=1h\n"
/// Idle at once, and leaves when its input ends.
private let polite = "[Session]\nIdleAfterSec=100ms\nStdinCloseSec=1h\nTermSec=1h\nActivity=stdin\n"

/// Idle sessions give way before memory runs out.
@Suite(.needsMemoryController)
struct ReserveTests {
    /// An idle session with so much memory that says `asked` when its input is closed.
    private func idle(_ rig: Rig, _ name: String, _ mebibytes: Int) throws -> Program {
        let program = try rig.start(
            name, "\(try Load.program) anon=\(mebibytes) ready line 2>/dev/null; echo asked; exit 3", input: .pipe)
        try rig.await("idle", name)
        return program
    }

    @Test func belowTheReserveTheLeastRecentlyUsedGoesWithGraceAndNoOther() throws {
        try Rig.with(
            pool: "MemoryMax=128M\nMemoryReserve=48M\nMemoryReserveHard=4M", policies: ["default.policy": polite]
        ) { rig in
            let first = try idle(rig, "first", 20)
            let second = try idle(rig, "second", 20)
            let busy = try rig.load(
                "busy", "anon=10 ready line anon=36 grown line anon=20 again stay",
                flags: ["--set", "IdleAfterSec=1h"], input: .pipe)
            #expect(try rig.state("first") == "idle")
            let full = try rig.bytes("", "memory.current")
            try busy.write("grow\n")
            try busy.awaitOutput("grown")
            #expect(try first.wait() == 75)
            #expect(first.output().contains("asked"), "it was given the time to leave by itself")
            #expect(first.errors().contains("is suspended, come back later: "))
            let cause = try #require(try rig.session("first")["cause"])
            #expect(cause["kind"]?.string == "reserve")
            #expect(cause["hard"]?.int64 == 0)
            #expect(cause["reserveBytes"]?.int64 == 48 << 20)
            #expect(cause["availableBytes"]?.int64 ?? .max < 48 << 20)
            #expect(try rig.state("first") == "suspended")
            // What it had is back: one has grown by 36 MiB, and the pool by less.
            #expect(try rig.bytes("", "memory.current") < full + (36 - 20 + 4) << 20)
            #expect(try rig.cgroups().sorted() == ["busy.1", "second.1"])

            // And the next one only with the next shortage.
            try busy.write("grow\n")
            try busy.awaitOutput("again")
            #expect(try second.wait() == 75)
            #expect(try rig.cause("second") == "reserve")
            #expect(try rig.cgroups() == ["busy.1"])
            let chosen = try rig.pinfold("events", "--json").output.split(separator: "\n")
                .map { try JSON.parse(String($0)) }.filter { $0["event"]?.string == "victim_chosen" }
            #expect(chosen.compactMap { $0["session"]?.string } == ["first", "second"])
        }
    }

    @Test func belowTheHardReserveIdleSessionsAreKilledAtOnce() throws {
        try Rig.with(
            pool: "MemoryMax=128M\nMemoryReserve=40M\nMemoryReserveHard=40M", policies: ["default.policy": stubborn]
        ) { rig in
            let first = try idle(rig, "first", 20)
            let second = try idle(rig, "second", 20)
            let busy = try rig.load(
                "busy", "anon=10 ready line anon=60 grown stay", flags: ["--set", "IdleAfterSec=1h"], input: .pipe)
            try busy.write("grow\n")
            for (name, program) in [("first", first), ("second", second)] {
                #expect(try program.wait() == 75)
                #expect(!program.output().contains("asked"))
                let cause = try #require(try rig.session(name)["cause"])
                #expect(cause["kind"]?.string == "reserve" && cause["hard"]?.int64 == 1)
            }
            try busy.awaitOutput("grown")
            #expect(try rig.cgroups() == ["busy.1"])
            #expect(try rig.counter("", "memory.events", "oom") == 0, "the wall was never reached")
        }
    }

    @Test func terminatingSessionIsKilledBelowTheHardReserve() throws {
        try Rig.with(
            pool: "MemoryMax=128M\nMemoryReserve=64M\nMemoryReserveHard=24M", policies: ["default.policy": stubborn]
        ) { rig in
            let first = try rig.start(
                "first", "trap '' TERM; \(try Load.program) anon=30 ready stay; echo asked", input: .pipe)
            try rig.await("idle", "first")
            let busy = try rig.load(
                "busy", "anon=10 ready line anon=30 grown line anon=40 again stay",
                flags: ["--set", "IdleAfterSec=1h"], input: .pipe)
            try busy.write("grow\n")
            try rig.await("stopping", "first")
            #expect(try rig.processes(of: "first.1").count == 2, "it has an hour")
            try busy.write("grow\n")
            #expect(try first.wait() == 75)
            #expect(!first.output().contains("asked"))
            #expect(try rig.cause("first") == "reserve")
            try busy.awaitOutput("again")
        }
    }

    @Test func noBusySessionGoesUnlessThePoolAllowsIt() throws {
        for rule in ["no", "hard"] {
            try Rig.with(
                pool: "MemoryMax=96M\nMemoryReserve=40M\nMemoryReserveHard=40M\nEvictBusy=\(rule)",
                policies: ["default.policy": "[Session]\nIdleAfterSec=1h\n"]
            ) { rig in
                let first = try rig.load("first", "anon=20 ready stay")
                let second = try rig.load("second", "anon=5 ready line anon=40 grown stay", input: .pipe)
                try second.write("grow\n")
                if rule == "no" {
                    try second.awaitOutput("grown")
                    #expect(try rig.await("nothing_evictable")["sessions"]?.int64 == 2)
                    #expect(try rig.cgroups().sorted() == ["first.1", "second.1"])
                } else {
                    #expect(try first.wait() == 75)
                    #expect(try rig.cause("first") == "reserve")
                    try second.awaitOutput("grown")
                }
            }
        }
    }

    /// Cache is given back for nothing; a session that only read a file is no reason to end another one, whether the
    /// file is too big to be kept or small enough to be read from memory again and again.
    @Test(arguments: [(passes: 1, mebibytes: 60), (passes: 3, mebibytes: 28)])
    func pageCacheOfAFileEvictsNoSession(passes: Int, mebibytes: Int) throws {
        try withDisk { disk in
            try Rig.with(
                pool: "MemoryMax=48M\nMemoryReserve=12M\nMemoryReserveHard=8M", policies: ["default.policy": stubborn]
            ) { rig in
                let idle = try rig.load("idle", "anon=12 ready stay")
                try rig.await("idle", "idle")
                let reads = String(repeating: "read=\(disk)/1:\(mebibytes) ", count: passes)
                let reader = try rig.load(
                    "reader", "ready line \(reads) done line anon=31 grown stay",
                    flags: ["--set", "IdleAfterSec=1h"], input: .pipe)
                try reader.write("go\n")
                try reader.awaitOutput("done")
                // The pool is near its limit, or at it, and that has been seen.
                #expect(try rig.bytes("", "memory.current") > 41 << 20)
                let cache = try rig.counter("reader.1", "memory.stat", "file")
                #expect(cache > 27 << 20)
                try rig.until("a look at it") { try rig.session("reader")["memoryCurrent"]?.int64 ?? 0 > 27 << 20 }
                #expect(try rig.counter("", "memory.events", "oom_kill") == 0)
                #expect(try rig.state("idle") == "idle")
                #expect(try !rig.pinfold("events", "--json").output.contains("victim_chosen"))
                // As much memory that is not cache does, in the same pool.
                try reader.write("grow\n")
                try reader.awaitOutput("grown")
                #expect(try idle.wait() == 75)
                #expect(try rig.cause("idle") == "reserve")
            }
        }
    }

    /// A session that may not use more cache than its limit does not die of reading: the kernel takes the oldest back.
    @Test func pageCacheKillsNoSession() throws {
        try withDisk { disk in
            try Rig.with { rig in
                let reader = try rig.load("reader", "read=\(disk)/1:100 ready stay", flags: ["--set", "MemoryMax=30M"])
                #expect(try rig.counter("reader.1", "memory.events", "max") > 0)
                #expect(try rig.counter("reader.1", "memory.events", "oom") == 0)
                #expect(try rig.bytes("reader.1", "memory.current") <= 30 << 20)
                #expect(try rig.counter("reader.1", "memory.stat", "file") > 25 << 20)
                withExtendedLifetime(reader) {}
            }
        }
    }

    @Test func idleSessionGivesItsCacheBackWhereThePolicyAsksForIt() throws {
        try withDisk { disk in
            let policy = "[Session]\nIdleAfterSec=100ms\nReclaimIdleSec=200ms\nActivity=stdin\n"
            try Rig.with(policies: ["default.policy": policy]) { rig in
                let reader = try rig.load(
                    "reader", "read=\(disk)/1:40 ready stay", flags: ["--set", "IdleAfterSec=1h"])
                #expect(try rig.counter("reader.1", "memory.stat", "file") > 38 << 20)
                try rig.pinfold("set", "reader", "IdleAfterSec=100ms")
                try rig.await("reclaimed", "reader")
                try rig.until("its cache to be gone") { try rig.counter("reader.1", "memory.stat", "file") < 4 << 20 }
                #expect(try rig.processes(of: "reader.1").count == 1)
                withExtendedLifetime(reader) {}
            }
        }
    }
}
