package import PinfoldCore

/// The keys of `[Session]`.
package enum SessionKeys {
    package static let all: [PolicyKey<SessionPolicy>] = memory + resources + times + rules

    package static func key(_ name: String) -> PolicyKey<SessionPolicy>? {
        all.first { $0.name == name }
    }

    private static let standard = SessionPolicy()

    private static let memory: [PolicyKey<SessionPolicy>] = [
        amount("MemoryMax", "hard limit; over it the session is killed (memory.max)", \.memoryMax, allowsZero: false),
        amount(
            "MemoryHigh", "throttling limit; only with swap, and never alone (memory.high)", \.memoryHigh,
            allowsZero: false),
        amount(
            "MemoryLow", "memory that is not reclaimed while others have some to spare (memory.low)", \.memoryLow,
            allowsZero: true),
        amount(
            "MemorySwapMax", "how much of the session may be swapped out (memory.swap.max)", \.memorySwapMax,
            allowsZero: true),
        PolicyKey(
            "OOMPolicy", "whether one process killed for memory takes the session with it (memory.oom.group)",
            \.outOfMemory, default: standard, fromTight: [.kill, .continue]),
    ]

    private static let resources: [PolicyKey<SessionPolicy>] = [
        PolicyKey(
            "TasksMax", "processes and threads (pids.max)", \.tasksMax, default: standard,
            read: TaskSyntax.read, write: TaskSyntax.write, loosens: TaskSyntax.isMore),
        PolicyKey(
            "CPUWeight", "share of CPU against other sessions, 1 to 10000 or idle (cpu.weight)", \.cpuWeight,
            default: standard, read: CPUWeightSyntax.read, write: CPUWeightSyntax.write,
            loosens: { CPUWeightSyntax.order($1) > CPUWeightSyntax.order($0) }),
        PolicyKey(
            "CPUQuota", "most CPU time, in percent of one CPU (cpu.max)", \.cpuQuota, default: standard,
            read: { (text: String) throws(ValueProblem) in
                if text == "infinity" { return nil }
                let quota = try ValueSyntax.percent(text, atMost: ValueSyntax.allProcessors)
                guard quota >= 100 else { throw ValueProblem("is less than the kernel can hold; write at least 1%") }
                return quota
            },
            write: { $0.map(ValueSyntax.writePercent) ?? "infinity" },
            loosens: { PolicyKey<SessionPolicy>.isMore($1, than: $0) }),
        PolicyKey(
            "IOWeight", "share of disk time against other sessions, 1 to 10000 (io.weight)", \.ioWeight,
            default: standard,
            read: { (text: String) throws(ValueProblem) in try ValueSyntax.number(text, in: 1...10_000) },
            write: { $0.map(String.init) ?? "" }, loosens: { ($1 ?? 100) > ($0 ?? 100) }),
        PolicyKey(
            "AllowedCPUs", "the CPUs the session may run on (cpuset.cpus)", \.allowedCPUs, default: standard,
            read: { (text: String) throws(ValueProblem) in
                guard let set = CPUSet(text: text) else {
                    throw ValueProblem("is not a list of CPUs; write for example 0-3 7")
                }
                return set
            },
            write: { $0?.description ?? "" },
            loosens: { old, new in
                guard let old else { return false }
                return new.map { !$0.isSubset(of: old) } ?? true
            }),
    ]

    private static let times: [PolicyKey<SessionPolicy>] = [
        PolicyKey(
            "IdleTimeoutSec", "an idle session is suspended after this long without activity", \.idleTimeout,
            default: standard),
        PolicyKey("LifetimeSec", "a session is ended after this long, busy or not", \.lifetime, default: standard),
        PolicyKey(
            "TurnTimeoutSec",
            "a turn of an agent that takes longer is cancelled, and ended with its session if it hangs",
            \.turnTimeout, default: standard),
        PolicyKey(
            "PermissionTimeoutSec",
            "how long a turn may wait for a human's answer, which counts as no other time of the turn",
            \.permissionTimeout, default: standard),
        PolicyKey(
            "StdinCloseSec", "how long a closed stdin is given to end the session", \.stdinClose,
            default: standard),
        PolicyKey("TermSec", "how long SIGTERM is given", \.term, default: standard),
        PolicyKey("IdleAfterSec", "without activity for this long, busy becomes idle", \.idleAfter, default: standard),
        PolicyKey(
            "ReclaimIdleSec", "idle for this long, memory is reclaimed (memory.reclaim)", \.reclaimIdle,
            default: standard),
        PolicyKey(
            "FreezeIdleSec", "idle for this long, the session is frozen until it is used (cgroup.freeze)",
            \.freezeIdle, default: standard),
    ]

    private static let rules: [PolicyKey<SessionPolicy>] = [
        PolicyKey(
            "Evict", "whether the session may give way to others: yes, avoid, resumable or never", \.evict,
            default: standard, fromTight: [.yes, .avoid, .resumable, .never]),
        PolicyKey(
            "Resume", "how the session comes back: load, new or never", \.resume, default: standard,
            read: ValueSyntax.word, write: \.rawValue,
            // Who can always come back is evicted first. With `load`, to leave no token comes to the same as `never`.
            loosens: { $0 == .new && $1 != .new }),
        PolicyKey(
            "OnLeaseLost", "what happens when the launcher is gone: stop or keep", \.onLeaseLost,
            default: standard, fromTight: [.stop, .keep]),
        PolicyKey(
            "Activity", "what counts as use: any of acp, stdin, cpu, touch", \.activity, default: standard,
            read: { (text: String) throws(ValueProblem) in
                var sources: [ActivitySource] = []
                for word in text.split(whereSeparator: { $0 == " " || $0 == "\t" }) {
                    sources.append(try ValueSyntax.word(String(word)))
                }
                return ActivitySource.Sources(sources)
            },
            write: { $0.list.map(\.rawValue).joined(separator: " ") }, loosens: { !$1.isSubset(of: $0) }),
        PolicyKey(
            "IdleCPU", "use of CPU above this share of one CPU is activity", \.idleCPU, default: standard,
            read: { (text: String) throws(ValueProblem) in
                try ValueSyntax.percent(text, atMost: ValueSyntax.allProcessors)
            },
            write: ValueSyntax.writePercent, loosens: { $1 < $0 }),
    ]

    private static func amount(
        _ name: String, _ summary: String, _ path: any WritableKeyPath<SessionPolicy, MemoryAmount> & Sendable,
        allowsZero: Bool
    ) -> PolicyKey<SessionPolicy> {
        PolicyKey(
            name, summary, path, default: standard,
            read: { (text: String) throws(ValueProblem) in try SizeSyntax.read(text, allowsZero: allowsZero) },
            write: SizeSyntax.write, loosens: SizeSyntax.mayBeMore)
    }
}

extension SizeSyntax {
    /// Whether `new` may allow more than `old`. A share and a number cannot be compared without the machine: then yes.
    static func mayBeMore(_ old: MemoryAmount, _ new: MemoryAmount) -> Bool {
        switch (old, new) {
        case (.infinity, _): false
        case (_, .infinity): true
        case (.bytes(let before), .bytes(let after)): after > before
        case (.share(let before), .share(let after)): after > before
        case (.bytes, .share), (.share, .bytes): true
        }
    }
}
