import PinfoldJSON
import Testing

private let scanner = JSONScanner()

private func slice(_ text: [UInt8], _ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }

@Suite struct ScannerTests {
    @Test func membersComeWithTheirBytes() throws {
        let text = Array(
            #" {"id" : 7 , "\u006dethod":"session\/prompt","params":{"a":[1, {}]},"x":null,"y":true} "#.utf8)
        let members = try scanner.members(in: text.span)
        #expect(members.map(\.key) == ["id", "method", "params", "x", "y"])
        #expect(
            members.map { slice(text, $0.keyRange) } == [#""id""#, #""\u006dethod""#, #""params""#, #""x""#, #""y""#])
        #expect(
            members.map { slice(text, $0.value.range) }
                == ["7", #""session\/prompt""#, #"{"a":[1, {}]}"#, "null", "true"])
        #expect(members.map(\.value.kind) == [.number, .string, .object, .null, .bool])
        #expect(members["method"]?.kind == .string)
        #expect(members["nothing"] == nil)
    }

    @Test func memberIsLookedIntoByItsRange() throws {
        let text = Array(#"{"id":-7,"m":"a\nb","t":true,"f":false,"p":{"s":"x","list":[1,"two",[3]]}}"#.utf8)
        let members = try scanner.members(in: text.span)
        let id = try #require(members["id"]).range
        let name = try #require(members["m"]).range
        let yes = try #require(members["t"]).range
        let no = try #require(members["f"]).range
        let parameters = try #require(members["p"]).range
        #expect(try scanner.number(in: text.span, at: id).int64 == -7)
        #expect(try scanner.string(in: text.span, at: name) == "a\nb")
        #expect(try scanner.bool(in: text.span, at: yes))
        #expect(try !scanner.bool(in: text.span, at: no))
        let inner = try scanner.members(in: text.span, at: parameters)
        let list = try #require(inner["list"]).range
        let elements = try scanner.elements(in: text.span, at: list)
        #expect(elements.map { slice(text, $0.range) } == ["1", #""two""#, "[3]"])
        #expect(elements.map(\.kind) == [.number, .string, .array])
        #expect(try JSON.parse(text.span, at: list) == [1, "two", [3]])
    }

    @Test(arguments: [
        ("[1]", "line 1, column 1: expected an object, found an array"),
        (" 7", "line 1, column 2: expected an object, found a number"),
        ("", "line 1, column 1: expected a value, found the end of the text"),
        (#"{"a":1,"b":{"x":},"c":2}"#, #"line 1, column 17: expected a value, found "}""#),
        (#"{"a":[[[1,]]]}"#, #"line 1, column 11: found "]" after a comma; JSON has no trailing commas"#),
        (
            #"{"a":[{"b":"\ud800"}]}"#,
            #"line 1, column 13: "\ud800" is one half of a surrogate pair; its other half is missing"#
        ),
        (#"{"a":1} {}"#, #"line 1, column 9: expected the end of the text after the value, found "{""#),
        (
            "{\"a\":1,\n\"b\":2,\n\"\\u0061\":3}",
            #"line 3, column 1: the key "a" stands twice in this object; first at line 1, column 2"#
        ),
        (#"{"a":1,"a":?"#, #"line 1, column 8: the key "a" stands twice in this object; first at line 1, column 2"#),
        ("\u{FEFF}{}", "line 1, column 1: the text begins with a byte order mark; JSON is UTF-8 without one"),
    ])
    func unsoundObjectIsRefusedAsByTheParser(text: String, expected: String) {
        let bytes = Array(text.utf8)
        let error = #expect(throws: JSONError.self) { try scanner.members(in: bytes.span) }
        #expect(error?.description == expected)
    }

    @Test func eachReaderRefusesOtherKinds() {
        let text = Array(#"["s"]"#.utf8)
        func diagnostic(_ body: () throws -> Void) -> String? {
            do { try body() } catch { return "\(error)" }
            return nil
        }
        let place = "line 1, column"
        #expect(
            diagnostic { _ = try scanner.members(in: text.span) } == "\(place) 1: expected an object, found an array")
        #expect(diagnostic { _ = try scanner.string(in: text.span) } == "\(place) 1: expected a string, found an array")
        #expect(diagnostic { _ = try scanner.number(in: text.span) } == "\(place) 1: expected a number, found an array")
        #expect(diagnostic { _ = try scanner.bool(in: text.span) } == "\(place) 1: expected a boolean, found an array")
        #expect(
            diagnostic { _ = try scanner.elements(in: text.span, at: 1..<4) }
                == "\(place) 2: expected an array, found a string")
    }

    @Test func equalKeysFurtherDownAreNotJudged() throws {
        let text = Array(#"{"a":{"x":1,"x":2}}"#.utf8)
        #expect(try scanner.members(in: text.span).count == 1)
        #expect(throws: JSONError.self) { try scanner.members(in: text.span, at: 5..<18) }
    }

    @Test func keyIsFoundTwiceAmongThousands() {
        let keys = (0..<3_000).map { "\"k\($0)\":0" } + ["\"k1234\":0"]
        let text = Array("{\(keys.joined(separator: ",\n"))}".utf8)
        let error = #expect(throws: JSONError.self) { try scanner.members(in: text.span) }
        #expect(
            error?.description
                == #"line 3001, column 1: the key "k1234" stands twice in this object; first at line 1235, column 1"#)
    }

    /// The bits that say array or object fill a word at 64 levels.
    @Test(arguments: [1, 2, 63, 64, 65, 66, 127, 128, 129, 200, 512])
    func mixedNestingIsFollowedAtEveryDepth(depth: Int) throws {
        var open = ""
        var close = ""
        for level in 0..<depth {
            // 64 levels repeat no shorter pattern than the bits that are kept.
            let isObject = (level / 3 + level * level) % 2 == 0
            open += isObject ? "{\"k\":" : "["
            close = (isObject ? ",\"z\":[0]}" : ",{\"z\":0}]") + close
        }
        let limits = JSONLimits(depth: min(depth + 1, 512))
        let inputClosing = depth == 512 ? close.replacing("[0]", with: "0").replacing("{\"z\":0}", with: "0") : close
        let text = Array((open + "1" + inputClosing).utf8)
        let found = try JSONScanner(limits: limits).value(in: text.span)
        #expect(found.range == 0..<text.count)
        #expect(try JSON.parse(text, limits: limits).kind == found.kind)
        // One bracket of the wrong sort, at each place, must be seen.
        for index in text.indices where text[index] == UInt8(ascii: "]") || text[index] == UInt8(ascii: "}") {
            var wrong = text
            wrong[index] ^= UInt8(ascii: "]") ^ UInt8(ascii: "}")
            #expect(throws: JSONError.self) { try JSONScanner(limits: limits).value(in: wrong.span) }
        }
    }

    @Test func valueOfAnyKindIsReported() throws {
        for (text, kind) in zip(["null", "true", "-1e5", "\"\"", "[]", "{}"], JSONKind.allCases) {
            let bytes = Array("  \(text)\n".utf8)
            let found = try scanner.value(in: bytes.span)
            #expect(found.kind == kind)
            #expect(slice(bytes, found.range) == text)
        }
    }

    @Test(arguments: [0, 128, 512])
    func hundredThousandLevelsAreACleanError(depth: Int) {
        let text = Array(String(repeating: "[{\"a\":", count: 50_000).utf8)
        let error = #expect(throws: JSONError.self) {
            try JSONScanner(limits: JSONLimits(depth: depth)).value(in: text.span)
        }
        #expect(error?.problem == .tooDeep(limit: depth))
        #expect(error?.position.offset == depth / 2 * 6)
    }

    @Test func textOverTheSizeIsNotScanned() {
        let text = Array("[1,2]".utf8)
        let error = #expect(throws: JSONError.self) {
            try JSONScanner(limits: JSONLimits(size: 4)).value(in: text.span)
        }
        #expect(error?.description == "line 1, column 1: the text has 5 bytes; at most 4 are read")
    }
}
