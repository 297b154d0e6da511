import Foundation
import PinfoldCore
import Testing

@testable import PinfoldPolicy

/// Reads a folder given as file name to text.
func read(_ files: [String: String]) throws(PolicySet.Rejection) -> PolicySet {
    try PolicySet(
        files.map {
            PolicySource(name: $0.key, path: "/etc/pinfold/\($0.key)", content: .success(Array($0.value.utf8)))
        })
}

/// What is complained about, in order; empty where all is well.
func diagnostics(_ files: [String: String]) -> [String] {
    do throws(PolicySet.Rejection) {
        _ = try read(files)
        return []
    } catch {
        return error.diagnostics.map(\.description)
    }
}

/// A file's text and what is complained about behind its path.
private let wrongLines: [(text: String, diagnostic: String)] = [
    ("[Session]\nMemoryMaxx=1G", ":2: MemoryMaxx=1G: this key is not known; did you mean MemoryMax=?"),
    (
        "[Session]\nMemoryMax=1G # one",
        ":2: MemoryMax=1G # one: has a comment behind the value; put it on a line of its own"
    ),
    ("[Session]\nMaxSessions=3", ":2: MaxSessions=3: this key belongs in [Pool], in pool.policy"),
    ("[Session]\nUser=me", ":2: User=me: this key belongs in [Match], in a file such as agent.policy"),
    ("[Session]\nMemroyMax=1G", ":2: MemroyMax=1G: this key is not known; did you mean MemoryMax=?"),
    ("[Session]\nmemorymax=1G", ":2: memorymax=1G: this key is not known; did you mean MemoryMax=?"),
    (
        "[Session]\nTasksMax=1\nTasksMax=2",
        ":3: TasksMax=2: stands twice in this file, first in line 2; keep one of them"
    ),
    ("[Session]\nMemoryMax=30", ":2: MemoryMax=30: is only 30 bytes, less than 1M; did you mean 30M or 30G?"),
    ("[Session]\nMemoryMax=512K", ":2: MemoryMax=512K: is only 524288 bytes, less than 1M"),
    ("[Session]\nMemoryMax=-1G", ":2: MemoryMax=-1G: is negative; write for example 512M"),
    ("[Session]\nMemoryMax=0", ":2: MemoryMax=0: is nothing at all; write for example 512M"),
    (
        "[Session]\nMemoryMax=99999999E",
        ":2: MemoryMax=99999999E: is more than any machine has; write at most 4P, or infinity"
    ),
    (
        "[Session]\nMemoryMax=512MB",
        ":2: MemoryMax=512MB: is not an amount of memory (units are written M, without 'B'); write for example 512M, 2G, 25% or infinity"
    ),
    (
        "[Session]\nMemoryMax=2g",
        ":2: MemoryMax=2g: is not an amount of memory (units are upper case); write for example 512M, 2G, 25% or infinity"
    ),
    ("[Session]\nMemoryMax=120%", ":2: MemoryMax=120%: is more than 100%"),
    (
        "[Session]\nIdleTimeoutSec=-1",
        ":2: IdleTimeoutSec=-1: is negative; write for example 30s"
    ),
    (
        "[Session]\nIdleTimeoutSec=soon",
        ":2: IdleTimeoutSec=soon: is not a span of time; write for example 30s, 1min 30s, 4h or infinity"
    ),
    ("[Session]\nEvict=maybe", ":2: Evict=maybe: is not one of yes, avoid, resumable, never"),
    ("[Session]\nActivity=acp ping", ":2: Activity=acp ping: is not one of acp, stdin, cpu, touch"),
    ("[Session]\nCPUWeight=0", ":2: CPUWeight=0: is neither a whole number from 1 to 10000 nor idle"),
    (
        "[Session]\nTasksMax=0",
        ":2: TasksMax=0: is not a number of processes; write for example 512, 10% or infinity"
    ),
    ("[Session]\nAllowedCPUs=a", ":2: AllowedCPUs=a: is not a list of CPUs; write for example 0-3 7"),
    ("[Match]\nCommand=[a", ":2: Command=[a: is not a pattern: a '[' is not closed, or a '\\' stands at the end"),
    ("[Pool]\nMaxSessions=3", ":1: the section [Pool] belongs in pool.policy"),
    ("[Sesion]\n", ":1: the section [Sesion] is not known; here are [Match] and [Session]"),
    ("[Service]\nX=1", ":1: the section [Service] is not known; here are [Match] and [Session]"),
    ("TasksMax=1", ":1: TasksMax=1: stands before any section; put [Session] above it"),
    ("[Session]\nnonsense", ":2: 'nonsense' has no '='; write Key=Value"),
    ("[Session]\n=1", ":2: nothing stands before the '='; write Key=Value"),
    ("[Session", ":1: '[Session' is not a section; write [Name] alone on its line"),
    (
        "[Session]\nMemoryMax=infinity\nMemoryHigh=1G",
        ": MemoryHigh= without MemoryMax= can throttle a session for ever; set both, or MemoryMax= alone"
    ),
    ("[Session]\nMemoryMax=1G\nMemoryHigh=2G", ": MemoryHigh=2G is above MemoryMax=1G and would never act"),
    ("[Session]\nMemoryMax=1G\nMemoryLow=2G", ": MemoryLow=2G is above MemoryMax=1G, which can never be used"),
    ("[Session]\nTasksMax=\0", ":2: has a NUL byte, so it is not a text file"),
]

private let wrongPoolLines: [(text: String, diagnostic: String)] = [
    (
        "[Session]\nTasksMax=1",
        "pool.policy:1: the section [Session] belongs in a file of its own, for example agent.policy"
    ),
    ("[Pool]\nMaxSessions=0", "pool.policy:2: MaxSessions=0: is not a whole number from 1 to 100000"),
    (
        "[Pool]\nMemoryReserve=infinity",
        "pool.policy:2: MemoryReserve=infinity: must be an amount; write for example 512M or 10%"
    ),
    ("[Pool]\nDryRun=perhaps", "pool.policy:2: DryRun=perhaps: is neither yes nor no"),
    (
        "[Pool]\nMemoryReserve=1G\nMemoryReserveHard=2G",
        "pool.policy: MemoryReserveHard=2G is above MemoryReserve=1G; the hard reserve is the smaller one"
    ),
    ("[Pool]\nEnforcement=maybe", "pool.policy:2: Enforcement=maybe: is not one of kernel, best"),
]

@Suite struct PolicyFileTests {
    @Test func commentsBlankLinesContinuationsAndSpaceAreReadAsSystemdDoes() throws {
        let set = try read([
            "agent.policy": """
            # a comment
            ; another

              [Session]
            MemoryMax = 2G
            Activity = acp \\
            # between a line and its continuation
                touch
            \tIdleTimeoutSec=1min \\
              30s\r
            """
        ])
        let policy = try #require(set.book.entry(named: "agent")?.policy)
        #expect(policy.memoryMax == .bytes(2 << 30))
        #expect(policy.activity == ActivitySource.Sources([.acp, .touch]))
        #expect(policy.idleTimeout == .seconds(90))
    }

    @Test func dropInsAreLaidOverTheFileInTheOrderOfTheirNames() throws {
        let set = try read([
            "agent.policy.d/20-b.conf": "[Session]\nTasksMax=30\n",
            "agent.policy": "[Session]\nTasksMax=10\nMemoryMax=1G\n",
            "agent.policy.d/10-a.conf": "[Session]\nTasksMax=20\nMemoryMax=\n",
        ])
        let policy = try #require(set.book.entry(named: "agent")?.policy)
        #expect(policy.tasksMax == .count(30))
        #expect(policy.memoryMax == SessionPolicy().memoryMax)
        #expect(set.origins["agent"] == ["TasksMax": "/etc/pinfold/agent.policy.d/20-b.conf:2"])
    }

    @Test func poolAndDefaultMayHaveDropInsAlone() throws {
        let set = try read([
            "pool.policy.d/x.conf": "[Pool]\nMaxSessions=3", "default.policy.d/x.conf": "[Session]\nTasksMax=9",
        ])
        #expect(set.pool.maxSessions == 3)
        #expect(set.book.entry(named: "default")?.policy.tasksMax == .count(9))
    }

    @Test func filesThatAreNoPoliciesArePassedOver() throws {
        #expect(try read(["README": "hello", "x.conf": "?"]).book.entries.isEmpty)
    }

    @Test(arguments: wrongLines)
    func wrongLineIsNamedWithWhatWouldBeRight(text: String, diagnostic: String) {
        #expect(diagnostics(["a.policy": text]) == ["/etc/pinfold/a.policy\(diagnostic)"])
    }

    @Test(arguments: wrongPoolLines)
    func wrongLineOfThePoolIsNamed(text: String, diagnostic: String) {
        #expect(diagnostics(["pool.policy": text]) == ["/etc/pinfold/\(diagnostic)"])
    }

    @Test func everythingThatIsWrongIsReportedAtOnce() {
        #expect(diagnostics(["a.policy": "[Session]\nX=1\nTasksMax=0\n", "b.policy": "?"]).count == 3)
    }

    @Test func dropInOfAPolicyThatIsNotThereIsAnError() {
        #expect(
            diagnostics(["a.policy.d/x.conf": "[Session]\nTasksMax=1"]) == [
                "/etc/pinfold/a.policy.d/x.conf: is a drop-in of 'a.policy', which is not there"
            ])
    }

    @Test func nameWithOtherCharactersIsRefused() {
        #expect(
            diagnostics(["a b.policy": "[Session]"]) == [
                "/etc/pinfold/a b.policy: the policy's name 'a b' may have only letters, digits, '-', '_' and '.'"
            ])
    }

    @Test func binaryHugeAndUnreadableFilesAreNamed() {
        let sources = [
            PolicySource(name: "a.policy", path: "a.policy", content: .success([0x5B, 0xFF, 0xFE])),
            PolicySource(
                name: "b.policy", path: "b.policy", content: .success(Array(repeating: 0x20, count: 10 << 20))),
            PolicySource(name: "c.policy", path: "c.policy", content: .failure(.init(reason: "is a directory"))),
        ]
        let error = #expect(throws: PolicySet.Rejection.self) { try PolicySet(sources) }
        #expect(
            error?.diagnostics.map(\.description) == [
                "a.policy: is not valid UTF-8, so it is not a text file",
                "b.policy: has 10485760 bytes; a policy file may have 256K", "c.policy: is a directory",
            ])
    }

    @Test func hugeValueIsShownCut() {
        let text = "[Session]\nMemoryMax=" + String(repeating: "9", count: 10_000)
        #expect((diagnostics(["a.policy": text]).first?.utf8.count ?? 0) < 300)
    }
}

/// The files that ship. Whoever copies them must be able to start with them.
@Suite struct ShippedPolicyTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "policies")

    private func sources(in folder: URL) throws -> [PolicySource] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".policy") }.map {
            name in
            PolicySource(
                name: name, path: name, content: .success(Array(try Data(contentsOf: folder.appending(path: name)))))
        }
    }

    @Test(arguments: ["", "small-host"])
    func everyShippedFolderIsReadWithoutAComplaint(folder: String) throws {
        let sources = try sources(in: Self.folder.appending(path: folder))
        #expect(!sources.isEmpty)
        _ = try PolicySet(sources)
    }

    @Test func shippedPoolAndDefaultSayWhatTheProgramDoesAnyway() throws {
        let set = try PolicySet(sources(in: Self.folder))
        #expect(set.pool == PoolPolicy())
        #expect(set.book.entry(named: "default")?.policy == SessionPolicy())
    }

    /// A commented default that is not the default would be a lie.
    @Test func commentedKeysShowTheirDefaults() throws {
        for (file, section) in [("pool.policy", "[Pool]"), ("default.policy", "[Session]")] {
            let text = try String(contentsOf: Self.folder.appending(path: file), encoding: .utf8)
            let lines = text.split(separator: "\n").filter {
                $0.hasPrefix("#") && $0.contains("=") && !$0.hasPrefix("# ")
            }
            #expect(lines.count > 4)
            let uncommented = section + "\n" + lines.map { $0.dropFirst() }.joined(separator: "\n")
            let set = try read([file: uncommented])
            #expect(set.pool == PoolPolicy())
            #expect((set.book.entry(named: "default")?.policy ?? SessionPolicy()) == SessionPolicy())
        }
    }

    @Test(arguments: [
        ("claude-code-acp", "acp-agent"), ("/usr/bin/julia", "repl"), ("python3", "default"),
        ("npm run dev", "dev-server"),
        ("npm install", "default"), ("bash", "default"),
    ])
    func shippedPolicyIsChosenByItsCommand(command: String, name: String) throws {
        let set = try PolicySet(sources(in: Self.folder))
        let subject = MatchSubject(
            command: command.split(separator: " ").map(String.init), session: "s", user: "u", userNumber: 1)
        #expect(try set.book.choose(for: subject).name == name)
    }
}
