import PinfoldCgroups
import PinfoldLinux
import TestSupport
import Testing

@Suite struct ParserTests {
    @Test(
        arguments: [
            ("0", 0), ("42\n", 42), ("max\n", .max), ("max", .max), ("18446744073709551615", .max),
            ("18446744073709551616", nil), ("", nil), ("\n", nil), ("-1", nil), ("1 2", nil), ("maximum", nil),
            ("0x1", nil),
        ] as [(String, UInt64?)])
    func numberOrMax(text: String, number: UInt64?) {
        let bytes = Array(text.utf8)
        let found = FlatKeyed.number(bytes.span)
        #expect(found == number)
    }

    @Test func keysComeInAnyOrderAndOddLinesArePassedOver() {
        let text = "b 2\n\nnovalue\n two\na max\nx y\nlast 3"
        var found: [String: UInt64] = [:]
        let bytes = Array(text.utf8)
        FlatKeyed.forEach(bytes.span) { key, value in
            var name = ""
            for index in 0..<key.count { name.append(Character(UnicodeScalar(key[index]))) }
            found[name] = value
        }
        #expect(found == ["b": 2, "a": .max, "last": 3])
    }

    @Test func randomTextIsReadWithoutHarm() {
        let alphabet = Array("ab 019\nmax\t-".utf8)
        for _ in 0..<5000 {
            let text = (0..<Int.random(in: 0...40)).map { _ in alphabet.randomElement() ?? 0 }
            var reference: [UInt64] = []
            for line in text.split(separator: 10) {
                guard let space = line.firstIndex(of: 32), space > line.startIndex else { continue }
                let value = String(decoding: line[(space + 1)...], as: UTF8.self)
                guard !value.hasPrefix("-") else { continue }
                if let number = value == "max" ? .max : UInt64(value) { reference.append(number) }
            }
            var found: [UInt64] = []
            FlatKeyed.forEach(text.span) { _, value in found.append(value) }
            #expect(found == reference, "\(String(decoding: text, as: UTF8.self))")
        }
    }

    @Test(arguments: ["18446744073709551615", "9223372036854775808", "max"])
    func sumsOfAnyNumbersOfMemoryStatFit(number: String) {
        let lines = ["inactive_file", "active_file"] + Array(repeating: "workingset_refault_file", count: 300)
        let bytes = Array(lines.map { "\($0) \(number)\n" }.joined().utf8)
        let stat = MemoryStat(bytes.span)
        #expect(stat.cache == 2 << 52)
        #expect(stat.refaults == 300 << 52)
    }

    @Test(arguments: ["nan", "inf", "-1.00", "100.01", "1e308", "-nan"])
    func pressureThatIsNoPercentageIsNone(number: String) throws {
        let line = "avg10=\(number) avg60=\(number) avg300=7.50 total=99999999999999999999"
        let pressure = try #require(Pressure("some \(line)\nfull \(line)\n"))
        #expect((pressure.full.avg10, pressure.full.avg60, pressure.full.avg300) == (0, 0, 7.5))
        #expect(pressure.some.total == 0)
    }

    @Test func memoryEventsAreReadAndSubtracted() {
        func events(_ text: String) -> MemoryEvents {
            let bytes = Array(text.utf8)
            return MemoryEvents(bytes.span)
        }
        let before = events("low 1\nhigh 2\nmax 3\noom 0\noom_kill 0\noom_group_kill 0\n")
        let after = events("oom_kill 5\nhigh 2\nmax 9\noom 1\nsock_throttled 8\noom_group_kill 1\n")
        let delta = after.since(before)
        #expect((delta.max, delta.oom, delta.oomKill, delta.oomGroupKill) == (6, 1, 5, 1))
        #expect((delta.high, delta.low) == (0, 0), "a counter that is missing does not run backwards")
        #expect(events("") == MemoryEvents())
    }

    @Test func memoryStatIsReadByKey() {
        let bytes = Array(
            """
            anon 1000
            file 2000
            kernel 30
            shmem 4
            inactive_anon 5
            inactive_file 600
            active_file 7
            unevictable 8
            slab_reclaimable 9
            workingset_refault_anon 10
            workingset_refault_file 100

            """.utf8)
        let stat = MemoryStat(bytes.span)
        #expect((stat.anon, stat.file, stat.kernel, stat.shmem) == (1000, 2000, 30, 4))
        #expect((stat.inactiveFile, stat.activeFile, stat.unevictable) == (600, 7, 8))
        #expect(stat.cache == 607)
        #expect((stat.slabReclaimable, stat.refaults) == (9, 110))
    }

    @Test func pressureIsRead() throws {
        let text = """
            some avg10=0.50 avg60=1.25 avg300=0.00 total=123456
            full avg10=0.00 avg60=99.99 avg300=0.10 total=789
            """
        let pressure = try #require(Pressure(text))
        #expect(pressure.some.avg10 == 0.5)
        #expect(pressure.some.total == 123456)
        #expect(pressure.full.avg60 == 99.99)
        #expect(try #require(Pressure("some avg10=1.00 avg60=0.00 avg300=0.00 total=5\n")).full.total == 0)
        for bad in ["", "none avg10=1", "some avg10"] { #expect(Pressure(bad) == nil, "\(bad)") }
    }

    @Test(
        arguments: [
            ("max", .max), ("0", .number(0)), ("4096", .number(4096)), ("", nil), ("-1", nil), ("4096 ", nil),
            ("1K", nil),
        ] as [(String, Amount?)])
    func amountIsReadAndWritten(text: String, amount: Amount?) {
        #expect(Amount(text) == amount)
        if let amount { #expect(amount.description == text) }
    }

    @Test func everyNumberIsLessThanMax() {
        let some: [Amount] = [.max, .number(3), .max, .number(.max), .number(0)]
        #expect(some.sorted() == [.number(0), .number(3), .number(.max), .max, .max])
    }
}

@Suite struct EffectiveMemoryTests {
    private static func level(_ limit: Amount, _ current: UInt64 = 0, cache: UInt64 = 0) -> EffectiveMemory.Level {
        EffectiveMemory.Level(path: "/\(limit)", limit: limit, current: current, cache: cache)
    }

    @Test func leastOfHostAndAllLevelsCounts() {
        let levels = [Self.level(.number(500)), Self.level(.max), Self.level(.number(300))]
        #expect(EffectiveMemory.limit(levels: levels, hostTotal: 1000) == .init(bytes: 300, cgroup: "/300"))
        #expect(EffectiveMemory.limit(levels: levels, hostTotal: 200) == .init(bytes: 200, cgroup: nil))
        #expect(EffectiveMemory.limit(levels: [], hostTotal: 200) == .init(bytes: 200, cgroup: nil))
    }

    @Test func pageCacheIsAvailable() {
        let full = Self.level(.number(1000), 1000, cache: 800)
        #expect(EffectiveMemory.available(levels: [full], hostAvailable: 5000) == 800)
        #expect(EffectiveMemory.available(levels: [full], hostAvailable: 50) == 50)
        let over = Self.level(.number(1000), 1100, cache: 0)
        #expect(EffectiveMemory.available(levels: [full, over], hostAvailable: 5000) == 0)
        let odd = Self.level(.number(1000), 10, cache: 20)
        #expect(EffectiveMemory.available(levels: [odd, Self.level(.max, 99)], hostAvailable: 5000) == 1000)
    }

    @Test func neverMoreThanAnyOfThem() {
        for _ in 0..<2000 {
            let levels = (0..<Int.random(in: 0...4)).map { _ in
                Self.level(
                    Bool.random() ? .max : .number(.random(in: 0...1000)), .random(in: 0...1500),
                    cache: .random(in: 0...1500))
            }
            let host = UInt64.random(in: 0...1000)
            let limit = EffectiveMemory.limit(levels: levels, hostTotal: host)
            let available = EffectiveMemory.available(levels: levels, hostAvailable: min(host, limit.bytes))
            #expect(limit.bytes <= host && available <= limit.bytes)
            for level in levels { if let number = level.limit.number { #expect(limit.bytes <= number) } }
        }
    }

    @Test func levelsAreReadUpToTheMount() throws {
        let tree: Tree = [
            "cgroup.procs": "",
            "a": [
                "memory.max": "5000\n", "memory.current": "100\n", "memory.stat": "inactive_file 30\nactive_file 10\n",
                "b": ["memory.max": "max\n", "memory.current": "7\n", "c": [:]],
            ],
        ]
        try withFolder(tree) { folder throws in
            let levels = try EffectiveMemory.levels(of: "\(folder)/a/b/c", mountPoint: folder)
            #expect(levels.map(\.path) == ["\(folder)/a/b", "\(folder)/a"])
            #expect(levels[1] == .init(path: "\(folder)/a", limit: .number(5000), current: 100, cache: 40))
            #expect(try EffectiveMemory.levels(of: "/elsewhere", mountPoint: folder) == [])
            #expect(try EffectiveMemory.levels(of: folder, mountPoint: folder) == [])
        }
    }
}
