import Testing

@testable import PinfoldCore

@Suite struct ValueTests {
    @Test(arguments: [
        "a", "thread-42", "-1001234567", "a.b", "élan", "a b", String(repeating: "x", count: 128), "tasks2",
    ])
    func goodNameIsTakenAsItIs(text: String) throws {
        #expect(try SessionID(text).text == text)
    }

    @Test(arguments: [
        ("", SessionIDError.Problem.empty), ("a/b", .slash), ("..", .leadingDot), (".", .leadingDot),
        (".hidden", .leadingDot), ("a\0b", .control(0)), ("a\nb", .control(10)), ("\u{1B}[2J", .control(27)),
        ("a\u{7F}", .control(127)), ("a\u{85}", .control(0x85)), ("a\u{2028}b", .control(0x2028)),
        ("cgroup.procs", .controlFile("cgroup.")), ("memory.max", .controlFile("memory.")),
        ("cpu.max", .controlFile("cpu.")), ("tasks", .controlFile("tasks")),
        (String(repeating: "x", count: 129), .tooLong), (String(repeating: "é", count: 65), .tooLong),
    ])
    func badNameIsRefusedWithItsReason(text: String, problem: SessionIDError.Problem) {
        let error = #expect(throws: SessionIDError.self) { try SessionID(text) }
        #expect(error?.problem == problem)
        #expect(error?.description.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F } == true)
    }

    @Test(arguments: [(9, 137), (0, 128), (-1, 128), (Int32.max, 255), (Int32.min, 128)] as [(Int32, Int32)])
    func statusOfAnyNumberOfASignalIsOneThatAShellCanReport(signal: Int32, code: Int32) {
        #expect(CommandStatus.signaled(signal).code == code)
    }

    @Test(
        arguments: [
            (Duration.seconds(18_446_744_073) + .milliseconds(709), 18_446_744_073_709_000_000),
            (.seconds(18_446_744_073) + .milliseconds(800), .max), (.seconds(Int64.max), .max),
            (.seconds(Int64.max) + .seconds(Int64.max), .max), (.seconds(-1), 0),
            (.nanoseconds(7), 7),
        ] as [(Duration, UInt64)])
    func spanThatDoesNotFitIsTheLongestAndNotAShortOne(span: Duration, nanoseconds: UInt64) {
        #expect(span.wholeNanoseconds == nanoseconds)
        #expect((Instant(nanoseconds: 1) + span).nanoseconds == nanoseconds.addingUpToMost(1))
    }

    @Test(arguments: [
        (UInt64(3), UInt64(4), UInt64(7), UInt64(12)), (.max, 1, .max, .max), (1 << 63, 2, 1 << 63 + 2, .max),
    ])
    func sumsAndProductsThatDoNotFitAreTheLargestNumber(one: UInt64, other: UInt64, sum: UInt64, product: UInt64) {
        #expect(one.addingUpToMost(other) == sum)
        #expect(one.multipliedUpToMost(by: other) == product)
    }

    @Test func namesThatOnlyLookAlikeAreTwoNames() {
        let (whole, parts) = (id("\u{E9}"), id("e\u{301}"))
        #expect(whole != parts)
        #expect(Set([whole, parts]).count == 2)
        #expect((whole < parts) != (parts < whole))
    }

    @Test(arguments: ["a", "a.b", "-1", "a.1.2"])
    func lifeIsReadBackFromItsDirectory(name: String) {
        let life = LifeID(session: id(name), number: 17)
        #expect(life.directoryName == name + ".17")
        #expect(LifeID(directoryName: life.directoryName) == life)
    }

    @Test(arguments: [
        "a", "a.", "a.x", "a.01", ".1", "a.-1", "a.+1", "a.99999999999999999999", "memory.max",
    ])
    func directoryThatIsNotOursIsNotTakenForALife(name: String) {
        #expect(LifeID(directoryName: name) == nil)
    }

    @Test(arguments: [
        (Duration.zero, "0s"), (.seconds(90), "1min 30s"), (.milliseconds(250), "250ms"), (.seconds(4 * 3_600), "4h"),
        (.seconds(90_061), "1d 1h 1min 1s"), (.microseconds(5), "5us"),
    ])
    func spanIsWrittenAsInAPolicy(span: Duration, text: String) {
        #expect(Wording.span(span) == text)
    }

    @Test(arguments: [
        (UInt64(0), "0B"), (1_023, "1023B"), (1_024, "1K"), (1_536, "1.5K"), (512 << 20, "512M"),
        (3_865_470_566, "3.5G"), (1_048_575, "1023.9K"), (UInt64.max, "15.9E"), (1 << 40, "1T"),
    ])
    func bytesAreWrittenShort(count: UInt64, text: String) {
        #expect(Wording.bytes(count) == text)
    }

    @Test func momentsNeitherOverflowNorRunBackwards() {
        let last = Instant(nanoseconds: .max)
        #expect(last + .seconds(1) == last)
        #expect(Instant(nanoseconds: 5).since(last) == .zero)
        #expect(last.since(Instant(nanoseconds: 0)) == .nanoseconds(Int64.max))
        #expect(Instant(nanoseconds: 0) + .seconds(Int64.max) == last)
    }

    @Test(arguments: [
        (MemoryAmount.percent(80), UInt64(1_000_000), UInt64?(800_000)), (.bytes(7), 1, 7), (.infinity, 1, nil),
        (.share(12_345), 1 << 40, 1_357_347_104_489), (.percent(50), .max, UInt64.max / 2),
    ])
    func shareIsOfTheEffectiveLimit(amount: MemoryAmount, limit: UInt64, bytes: UInt64?) {
        #expect(amount.resolved(against: limit) == bytes)
    }

    @Test(arguments: [
        ("*", "anything/at all", true), ("", "", true), ("", "x", false), ("a*c", "abbbc", true),
        ("a*c", "abbbd", false),
        ("claude*", "claude-code-acp", true), ("?", "x", true), ("?", "xy", false), ("[a-c]x", "bx", true),
        ("[!a-c]x", "bx", false), ("[]]", "]", true), ("\\*", "*", true), ("\\*", "x", false),
        ("*a*b*c*", "xaxbxc", true),
        ("*a*b*c*", "xaxcxb", false), ("a**", "a", true), ("[a-]", "-", true),
    ])
    func patternFitsTheWholeText(pattern: String, text: String, fits: Bool) {
        #expect(Glob(pattern)?.matches(text) == fits)
    }

    @Test(arguments: ["[a", "a\\", "[", "[z-a]"])
    func brokenPatternIsNotTaken(pattern: String) {
        #expect(Glob(pattern) == nil)
    }

    @Test func patternThatBacktracksStaysQuick() throws {
        let glob = try #require(Glob(String(repeating: "*a", count: 50) + "b"))
        #expect(!glob.matches(String(repeating: "a", count: 2_000)))
    }

    @Test(arguments: [("0-3 7", "0-3,7"), ("7,0,1", "0-1,7"), ("3", "3"), ("1,1,2", "1-2")])
    func cpusAreReadAndWrittenAsTheKernelDoes(text: String, written: String) {
        #expect(CPUSet(text: text)?.description == written)
    }

    @Test(arguments: ["", "a", "3-1", "1-", "-1", "8192", "1-2-3", "0-99999999"])
    func brokenCPUListIsNotTaken(text: String) {
        #expect(CPUSet(text: text) == nil)
    }
}

@Suite struct PolicyBookTests {
    private func entry(_ name: String, command: String? = nil, session: String? = nil, user: String? = nil)
        -> PolicyBook.Entry
    {
        let match = MatchRule(
            command: command.flatMap { Glob($0) }, session: session.flatMap { Glob($0) },
            user: user.flatMap { Glob($0) })
        return PolicyBook.Entry(name: name, match: match, policy: SessionPolicy())
    }

    private let subject = MatchSubject(
        command: ["/usr/bin/julia", "--project", "x"], session: "repl-1", user: "ann", userNumber: 1000)

    @Test func mostSpecificMatchWins() throws {
        let book = PolicyBook([
            entry("any", command: "*"), entry("julia", command: "julia"), entry("ann", command: "julia", user: "ann"),
            entry("other", command: "python*"),
        ])
        #expect(try book.choose(for: subject).name == "ann")
    }

    @Test func equallySpecificMatchesAreAnErrorThatNamesBoth() {
        let book = PolicyBook([entry("one", command: "julia"), entry("two", session: "repl-?")])
        #expect(throws: PolicyTie(names: ["one", "two"])) { try book.choose(for: subject) }
    }

    @Test func withoutAMatchTheDefaultServesEvenWithoutAFile() throws {
        #expect(try PolicyBook([]).choose(for: subject).name == "default")
        let book = PolicyBook([entry("default"), entry("python", command: "python")])
        #expect(try book.choose(for: subject).name == "default")
    }

    @Test(arguments: [
        ("julia", true), ("/usr/bin/julia", true), ("/usr/*", true), ("/opt/*", false), ("julia --project *", true),
        ("* x", true), ("julia x", false), ("bin", false),
    ])
    func commandIsMatchedByNamePathOrLine(pattern: String, fits: Bool) {
        let rule = MatchRule(command: Glob(pattern))
        #expect(rule.matches(subject) == fits)
    }

    @Test func userIsMatchedByNameOrNumber() {
        for (pattern, fits) in [("ann", true), ("1000", true), ("a*", true), ("bob", false)] {
            #expect(MatchRule(user: Glob(pattern)).matches(subject) == fits)
        }
    }
}
