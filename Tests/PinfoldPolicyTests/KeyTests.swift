import PinfoldCore
import Testing

@testable import PinfoldPolicy

@Suite struct KeyTests {
    @Test func everyKeyWritesItsDefaultAndReadsItBack() throws {
        for key in SessionKeys.all {
            var policy = SessionPolicy()
            try key.apply(key.write(SessionPolicy()), to: &policy)
            #expect(policy == SessionPolicy(), "\(key.name)")
        }
        for key in PoolKeys.all {
            var policy = PoolPolicy()
            try key.apply(key.write(PoolPolicy()), to: &policy)
            #expect(policy == PoolPolicy(), "\(key.name)")
        }
    }

    /// Each key with a value that is not its default, one that gives more, and one that gives less.
    static let values: [(key: String, value: String, more: String?, less: String?)] = [
        ("MemoryMax", "1G", "2G", "512M"), ("MemoryHigh", "1G", "infinity", "256M"), ("MemoryLow", "64M", "128M", "0"),
        ("MemorySwapMax", "1G", "infinity", "0"), ("OOMPolicy", "continue", nil, "kill"),
        ("TasksMax", "100", "200", "10"),
        ("CPUWeight", "200", "300", "idle"), ("CPUQuota", "150%", "infinity", "20%"), ("IOWeight", "200", "300", "100"),
        ("AllowedCPUs", "0-3", "0-4", "0,2"), ("IdleTimeoutSec", "1h", "2h", "30min"),
        ("LifetimeSec", "1h", "infinity", "5s"),
        ("TurnTimeoutSec", "5min", "6min", "1s"), ("PermissionTimeoutSec", "1h", "infinity", "1min"),
        ("StdinCloseSec", "2s", "3s", "0"), ("TermSec", "5s", "6s", "1s"),
        ("IdleAfterSec", "30s", "31s", "1s"), ("ReclaimIdleSec", "1h", "2h", "1min"),
        ("FreezeIdleSec", "1h", "2h", "1min"),
        ("Evict", "avoid", "never", "yes"), ("Resume", "new", "load", nil), ("OnLeaseLost", "keep", nil, "stop"),
        ("Activity", "acp touch", "acp stdin touch", "acp"), ("IdleCPU", "5%", "4%", "6%"),
    ]

    @Test func tableOfValuesNamesEveryKey() {
        #expect(Self.values.map(\.key).sorted() == SessionKeys.all.map(\.name).sorted())
    }

    @Test func valueIsWrittenBackAsItWasRead() throws {
        for row in Self.values {
            let key = try #require(SessionKeys.key(row.key))
            var policy = SessionPolicy()
            try key.apply(row.value, to: &policy)
            #expect(policy != SessionPolicy(), "\(row.key)")
            var again = SessionPolicy()
            try key.apply(key.write(policy), to: &again)
            #expect(again == policy, "\(row.key)")
            try key.apply("", to: &again)
            #expect(again == SessionPolicy(), "\(row.key)")
        }
    }

    @Test func callerMayTightenButNotLoosen() throws {
        for row in Self.values {
            let key = try #require(SessionKeys.key(row.key))
            var policy = SessionPolicy()
            policy.memoryMax = .bytes(1 << 30)
            try key.apply(row.value, to: &policy)
            if let more = row.more {
                let setting = ["\(row.key)=\(more)"]
                let error = #expect(throws: PolicyDiagnostic.self) {
                    try SettingsOverlay.apply(setting, to: policy, named: "agent", mayLoosen: false)
                }
                #expect(error?.description.contains("gives more than the policy 'agent' does") == true)
                _ = try SettingsOverlay.apply(setting, to: policy, named: "agent", mayLoosen: true)
            }
            for value in [row.value, row.less].compactMap({ $0 }) {
                _ = try SettingsOverlay.apply(["\(row.key)=\(value)"], to: policy, named: "agent", mayLoosen: false)
            }
        }
    }

    /// Setting a key back to a looser default is loosening too.
    @Test func emptyValueDoesNotGetAroundThePolicy() {
        var policy = SessionPolicy()
        policy.memoryMax = .mebibytes(100)
        #expect(throws: PolicyDiagnostic.self) {
            try SettingsOverlay.apply(["MemoryMax="], to: policy, named: "agent", mayLoosen: false)
        }
    }

    @Test(arguments: [
        "MemoryMax", "=1G", "MemoryMax=1G=2", "Nonsense=1", "MaxSessions=99", "MemoryMax=1G\n", "MemoryHigh=2G",
    ])
    func brokenSettingIsRefusedBeforeAnythingHappens(setting: String) {
        #expect(throws: PolicyDiagnostic.self) {
            try SettingsOverlay.apply([setting], to: SessionPolicy(), named: "agent", mayLoosen: true)
        }
    }

    @Test(arguments: [
        ("MemoryMax", "4P", "5P"), ("MemorySwapMax", "4P", "16777215T"), ("TasksMax", "4194304", "4194305"),
        ("CPUQuota", "819200%", "819200.01%"), ("CPUQuota", "1%", "184467440737095516%"),
        ("IdleCPU", "819200%", "184467440737095516.15%"), ("IOWeight", "10000", "10001"),
        ("CPUWeight", "10000", "18446744073709551615"), ("LifetimeSec", "292y", "293y"),
    ])
    func numberBeyondAnyMachineIsRefusedWhereItIsRead(key: String, largest: String, beyond: String) throws {
        var policy = SessionPolicy()
        policy.memoryHigh = .infinity
        policy.memoryMax = .infinity
        _ = try SettingsOverlay.apply(["\(key)=\(largest)"], to: policy, named: "a", mayLoosen: true)
        #expect(throws: PolicyDiagnostic.self) {
            try SettingsOverlay.apply(["\(key)=\(beyond)"], to: policy, named: "a", mayLoosen: true)
        }
    }

    /// Of 1.8 MB of spans each is right, and to read them takes most of a second, at every start.
    @Test func longSettingIsRefusedUnread() throws {
        func apply(_ bytes: Int) throws {
            let value = String(repeating: "0s ", count: bytes / 3 + 1).prefix(bytes)
            _ = try SettingsOverlay.apply(
                ["IdleAfterSec=\(value)"], to: SessionPolicy(), named: "a", mayLoosen: true)
        }
        try apply(256)
        for bytes in [257, 1_800_000] {
            let error = #expect(throws: PolicyDiagnostic.self) { try apply(bytes) }
            #expect(error?.problem == "has \(bytes) bytes; a setting may have 256, a policy file more")
            #expect((error?.description.utf8.count ?? .max) < 256)
        }
        let key = String(repeating: "k", count: 1_800_000)
        let error = #expect(throws: PolicyDiagnostic.self) {
            try SettingsOverlay.apply(["\(key)=1"], to: SessionPolicy(), named: "a", mayLoosen: true)
        }
        #expect((error?.description.utf8.count ?? .max) < 256)
    }

    /// As a record of an older version may hold them.
    @Test func settingThatIsNoLongerRightIsLeftOutAlone() {
        let settings = ["CPUQuota=184467440737095516%", "TasksMax=7", "MemoryMax=15E", "nothing", "TermSec=2s"]
        let today = SettingsOverlay.applicable(settings, to: SessionPolicy(), named: "a")
        var expected = SessionPolicy()
        expected.tasksMax = .count(7)
        expected.term = .seconds(2)
        #expect(today.policy == expected)
        #expect(today.settings == ["TasksMax=7", "TermSec=2s"])
        #expect(today.dropped.count == 3)
    }

    /// With `Evict=resumable` what cannot come back is never evicted.
    @Test func callerMayNotTakeAwayWhatMakesASessionEvictable() throws {
        func apply(_ rule: String, to policy: SessionPolicy) throws {
            _ = try SettingsOverlay.apply(["Resume=\(rule)"], to: policy, named: "a", mayLoosen: false)
        }
        var policy = SessionPolicy()
        for rule in ["load", "new", "never"] { try apply(rule, to: policy) }
        policy.resume = .new
        try apply("new", to: policy)
        for rule in ["load", "never"] { #expect(throws: PolicyDiagnostic.self) { try apply(rule, to: policy) } }
    }

    @Test func settingGivenTwiceIsRefused() {
        #expect(throws: PolicyDiagnostic.self) {
            try SettingsOverlay.apply(["TasksMax=1", "TasksMax=2"], to: SessionPolicy(), named: "a", mayLoosen: true)
        }
    }

    @Test(arguments: [
        ("90", Duration.seconds(90)), ("1min 30s", .seconds(90)), ("1min30s", .seconds(90)), ("1.5h", .seconds(5_400)),
        ("250ms", .milliseconds(250)), ("2 days", .seconds(172_800)), ("1w", .seconds(604_800)), ("0", .zero),
        ("500us", .microseconds(500)), ("1h 1h", .seconds(7_200)),
    ])
    func spanIsReadAsSystemdDoes(text: String, span: Duration) throws {
        #expect(try SpanSyntax.read(text) == span)
    }

    @Test(arguments: ["", " ", "s", "1x", "1.2345s", "1..5s", "9999999999999999y", "1 2 x", "+5", "５s"])
    func brokenSpanIsRefused(text: String) {
        #expect(throws: ValueProblem.self) { try SpanSyntax.read(text) }
    }

    @Test(arguments: [
        ("1048576", MemoryAmount.bytes(1 << 20)), ("1.5G", .bytes(3 << 29)), ("2T", .bytes(2 << 40)),
        ("100%", .share(10_000)),
        ("12.5%", .share(1_250)), ("0.01%", .share(1)), ("infinity", .infinity), ("3145728B", .bytes(3 << 20)),
        ("0", .bytes(0)),
        ("4P", .bytes(4 << 50)),
    ])
    func sizeIsReadAsSystemdDoes(text: String, amount: MemoryAmount) throws {
        #expect(try SizeSyntax.read(text, allowsZero: true) == amount)
    }

    @Test(arguments: [
        "", "G", "1.G", ".5G", "1 G", "0x10", "1e9", "5P", "4.001P", "15E", "16E", "101%", "%", "1.001%", "max", "+1G",
        "１G", "∞",
    ])
    func brokenSizeIsRefused(text: String) {
        #expect(throws: ValueProblem.self) { try SizeSyntax.read(text, allowsZero: true) }
    }
}
