import PinfoldCore
import TestSupport
import Testing

@testable import PinfoldPolicy

/// What a row of the reference promises of a key.
private struct Entry: Hashable, CustomStringConvertible {
    let key: String
    let value: String

    var description: String { "\(key)=\(value)" }

    init(_ key: String, default value: String) {
        self.key = key
        self.value = value.isEmpty ? "-" : value
    }

    init?(row: [String]) {
        guard row.count > 1, row[0].code.hasSuffix("=") else { return nil }
        self.init(String(row[0].code.dropLast()), default: row[1].code)
    }
}

/// The pages that operators read say what the code does.
@Suite struct DocumentationTests {
    private static let policies = Result { try DocumentPage("policies.md") }

    private static func entries(of section: String) throws -> [Entry] {
        try policies.get().rows(below: "[\(section)]").compactMap(Entry.init(row:))
    }

    @Test func everySessionKeyHasItsRowWithItsDefaultAndThereAreNoOthers() throws {
        let documented = try Self.entries(of: "Session")
        let known = SessionKeys.all.map { Entry($0.name, default: $0.write(SessionPolicy())) }
        #expect(documented.sorted { $0.key < $1.key } == known.sorted { $0.key < $1.key })
    }

    @Test func everyPoolKeyHasItsRowWithItsDefaultAndThereAreNoOthers() throws {
        let documented = try Self.entries(of: "Pool")
        let known = PoolKeys.all.map { Entry($0.name, default: $0.write(PoolPolicy())) }
        #expect(documented.sorted { $0.key < $1.key } == known.sorted { $0.key < $1.key })
    }

    @Test func everyMatchKeyHasItsRowAndThereAreNoOthers() throws {
        #expect(try Self.entries(of: "Match").map(\.key).sorted() == MatchKeys.names.sorted())
    }

    /// An example that is not understood teaches a mistake; one that shows the default teaches nothing.
    @Test(arguments: ["Pool", "Session", "Match"])
    func everyExampleInATableIsAcceptedAndChangesSomething(section: String) throws {
        let file = section == "Pool" ? "pool.policy" : "example.policy"
        for row in try Self.policies.get().rows(below: "[\(section)]") {
            let example = try #require(row.last).code
            #expect(example.hasPrefix(row[0].code), "\(example)")
            let set = try Self.read(file, "[\(section)]\n\(example)\n")
            let entry = set.book.entry(named: "example")
            switch section {
            case "Pool": #expect(set.pool != PoolPolicy(), "\(example)")
            case "Session": #expect(entry?.policy != SessionPolicy(), "\(example)")
            default: #expect(entry?.match != MatchRule(), "\(example)")
            }
        }
    }

    @Test func everyFileOnThePageIsAccepted() throws {
        let files = try Self.policies.get().files()
        #expect(!files.isEmpty)
        for file in files { _ = try Self.read(file.name, file.text) }
    }

    private static func read(_ name: String, _ text: String) throws -> PolicySet {
        try PolicySet([PolicySource(name: name, path: name, content: .success(Array(text.utf8)))])
    }

    // MARK: The operators' page

    @Test func everyCauseHasItsRowAndThereAreNoOthers() throws {
        let documented = try DocumentPage("operators.md").rows(below: "Causes").map { $0[0].code }
        #expect(documented.sorted() == Cause.Kind.allCases.map(\.rawValue).sorted())
    }

    @Test func everyEventHasItsRowAndThereAreNoOthers() throws {
        let documented = try DocumentPage("operators.md").rows(below: "Events").map { $0[0].code }
        #expect(documented.sorted() == LoggedEvent.Name.allCases.map(\.rawValue).sorted())
    }

    @Test func everyExitStatusOfOursHasItsRowAndThereAreNoOthers() throws {
        let documented = Set(
            try DocumentPage("operators.md").rows(below: "Exit status").compactMap { Int32($0[0].code) })
        let ours: Set = [
            ExitCode.usage, ExitCode.unavailable, ExitCode.notAdmitted, ExitCode.suspended, ExitCode.timedOut,
            ExitCode.failed, ExitCode.cannotExecute, ExitCode.notFound, ExitCode.killed,
        ]
        #expect(documented == ours)
    }
}
