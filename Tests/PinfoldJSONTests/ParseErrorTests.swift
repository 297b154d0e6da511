import PinfoldJSON
import Testing

/// What reading a text comes to: the error as it is printed.
private func diagnostic(_ text: [UInt8], limits: JSONLimits = JSONLimits()) -> String? {
    do throws(JSONError) {
        _ = try JSON.parse(text, limits: limits)
        return nil
    } catch {
        return error.description
    }
}

@Suite struct ParseErrorTests {
    @Test(arguments: [
        ("", "line 1, column 1: expected a value, found the end of the text"),
        (" \n ", "line 2, column 2: expected a value, found the end of the text"),
        ("}", #"line 1, column 1: expected a value, found "}""#),
        ("[1 2]", #"line 1, column 4: expected "," or "]" after the element, found "2""#),
        ("[1", #"line 1, column 3: expected "," or "]" after the element, found the end of the text"#),
        ("[", "line 1, column 2: expected a value, found the end of the text"),
        ("[1,", "line 1, column 4: expected a value, found the end of the text"),
        ("[1,]", #"line 1, column 4: found "]" after a comma; JSON has no trailing commas"#),
        ("[,1]", #"line 1, column 2: expected a value, found ",""#),
        ("[1,,2]", #"line 1, column 4: expected a value, found ",""#),
        ("[1}", #"line 1, column 3: expected "," or "]" after the element, found "}""#),
        ("{", "line 1, column 2: expected a key in double quotes, found the end of the text"),
        ("{a:1}", #"line 1, column 2: expected a key in double quotes, found "a""#),
        ("{'a':1}", #"line 1, column 2: expected a key in double quotes, found "'""#),
        ("{1:1}", #"line 1, column 2: expected a key in double quotes, found "1""#),
        (#"{"a" 1}"#, #"line 1, column 6: expected ":" after the key, found "1""#),
        (#"{"a""#, #"line 1, column 5: expected ":" after the key, found the end of the text"#),
        (#"{"a":}"#, #"line 1, column 6: expected a value, found "}""#),
        (#"{"a":1,}"#, #"line 1, column 8: found "}" after a comma; JSON has no trailing commas"#),
        (#"{"a":1,"#, "line 1, column 8: expected a key in double quotes, found the end of the text"),
        (#"{"a":1"#, #"line 1, column 7: expected "," or "}" after the member, found the end of the text"#),
        (#"{"a":1 "b":2}"#, #"line 1, column 8: expected "," or "}" after the member, found a double quote"#),
        (#"{"a":1]"#, #"line 1, column 7: expected "," or "}" after the member, found "]""#),
        ("1 2", #"line 1, column 3: expected the end of the text after the value, found "2""#),
        ("{}\n\nx", #"line 3, column 1: expected the end of the text after the value, found "x""#),
        ("[]]", #"line 1, column 3: expected the end of the text after the value, found "]""#),
        (
            "1\u{0}",
            "line 1, column 2: expected the end of the text after the value, found the control character U+0000"
        ),
        ("// no", #"line 1, column 1: expected a value, found "/"; JSON has no comments"#),
        ("[1, /* no */ 2]", #"line 1, column 5: expected a value, found "/"; JSON has no comments"#),
        ("é", #"line 1, column 1: expected a value, found "é""#),
        ("[\u{A0}1]", "line 1, column 2: expected a value, found \"\u{A0}\""),
        ("[\u{C}1]", "line 1, column 2: expected a value, found the control character U+000C"),
        ("\u{FEFF}1", "line 1, column 1: the text begins with a byte order mark; JSON is UTF-8 without one"),
    ])
    func misplacedTokenIsNamedWithItsPlace(text: String, expected: String) {
        #expect(diagnostic(Array(text.utf8)) == expected)
    }

    @Test(arguments: ["nul", "True", "NaN", "Infinity", "nullx", "truefalse", "undefined", "n", "f", "fals", "None"])
    func unknownWordIsQuoted(word: String) {
        #expect(diagnostic(Array("[ \(word)]".utf8)) == "line 1, column 3: \"\(word)\" is not a JSON value")
    }

    @Test(arguments: [
        ("01", "line 1, column 1: a number must not begin with a superfluous zero"),
        ("-012", "line 1, column 2: a number must not begin with a superfluous zero"),
        ("00", "line 1, column 1: a number must not begin with a superfluous zero"),
        ("-", "line 1, column 2: expected a digit after the minus sign, found the end of the text"),
        ("--1", #"line 1, column 2: expected a digit after the minus sign, found "-""#),
        ("-Infinity", #"line 1, column 2: expected a digit after the minus sign, found "I""#),
        ("+1", #"line 1, column 1: expected a value, found "+""#),
        (".5", #"line 1, column 1: expected a value, found ".""#),
        ("-.5", #"line 1, column 2: expected a digit after the minus sign, found ".""#),
        ("1.", "line 1, column 3: expected a digit after the decimal point, found the end of the text"),
        ("[1.]", #"line 1, column 4: expected a digit after the decimal point, found "]""#),
        ("1.e5", #"line 1, column 3: expected a digit after the decimal point, found "e""#),
        ("1e", "line 1, column 3: expected a digit in the exponent, found the end of the text"),
        ("1E+", "line 1, column 4: expected a digit in the exponent, found the end of the text"),
        ("1e-x", #"line 1, column 4: expected a digit in the exponent, found "x""#),
        ("1.5.5", #"line 1, column 4: expected the end of the text after the value, found ".""#),
        ("0x1F", #"line 1, column 2: expected the end of the text after the value, found "x""#),
        ("1_000", #"line 1, column 2: expected the end of the text after the value, found "_""#),
        ("१", #"line 1, column 1: expected a value, found "१""#),
    ])
    func malformedNumberReportsWhichPart(text: String, expected: String) {
        #expect(diagnostic(Array(text.utf8)) == expected)
    }

    @Test(arguments: [
        (#""abc"#, "line 1, column 1: the string that begins here has no closing quote"),
        ("[1,\n \"ab", "line 2, column 2: the string that begins here has no closing quote"),
        (#""abc\"#, "line 1, column 1: the string that begins here has no closing quote"),
        (#""abc\""#, "line 1, column 1: the string that begins here has no closing quote"),
        ("\"a\nb\"", "line 1, column 3: a line feed must be escaped in a string"),
        ("\"a\tb\"", "line 1, column 3: a tab must be escaped in a string"),
        ("\"a\u{0}b\"", "line 1, column 3: the control character U+0000 must be escaped in a string"),
        ("\"\u{1F}\"", "line 1, column 2: the control character U+001F must be escaped in a string"),
        (#""ab\x""#, #"line 1, column 4: a backslash followed by "x" is not an escape"#),
        (#""\'""#, #"line 1, column 2: a backslash followed by "'" is not an escape"#),
        (#""\N""#, #"line 1, column 2: a backslash followed by "N" is not an escape"#),
        ("\"\\é\"", #"line 1, column 2: a backslash followed by "é" is not an escape"#),
        ("\"\\\n\"", "line 1, column 2: a backslash followed by a line feed is not an escape"),
        (#""\u12""#, #"line 1, column 2: "\u" must be followed by four hexadecimal digits"#),
        (#""\u12G4""#, #"line 1, column 2: "\u" must be followed by four hexadecimal digits"#),
        (#""\u+123""#, #"line 1, column 2: "\u" must be followed by four hexadecimal digits"#),
        (#""\U00e9""#, #"line 1, column 2: a backslash followed by "U" is not an escape"#),
        (#""é\ud800""#, #"line 1, column 3: "\ud800" is one half of a surrogate pair; its other half is missing"#),
        (#""\uDC00""#, #"line 1, column 2: "\udc00" is one half of a surrogate pair; its other half is missing"#),
        (#""\ud83d\n""#, #"line 1, column 2: "\ud83d" is one half of a surrogate pair; its other half is missing"#),
        (#""\ud83d\ud83d""#, #"line 1, column 2: "\ud83d" is one half of a surrogate pair; its other half is missing"#),
        (#""\ud83d\u00e9""#, #"line 1, column 2: "\ud83d" is one half of a surrogate pair; its other half is missing"#),
        (#""\ude00\ud83d""#, #"line 1, column 2: "\ude00" is one half of a surrogate pair; its other half is missing"#),
        (#""\udc00\udc00""#, #"line 1, column 2: "\udc00" is one half of a surrogate pair; its other half is missing"#),
        (#""\ud83d\u12""#, #"line 1, column 8: "\u" must be followed by four hexadecimal digits"#),
    ])
    func malformedStringIsExplained(text: String, expected: String) {
        #expect(diagnostic(Array(text.utf8)) == expected)
    }

    @Test(
        arguments: [
            ([0x80], 0x80), ([0xBF], 0xBF), ([0xFF], 0xFF), ([0xFE], 0xFE),
            ([0xC0, 0x80], 0xC0), ([0xC1, 0xBF], 0xC1),
            ([0xE0, 0x80, 0x80], 0xE0), ([0xE0, 0x9F, 0xBF], 0xE0),
            ([0xED, 0xA0, 0x80], 0xED), ([0xED, 0xBF, 0xBF], 0xED),
            ([0xF0, 0x80, 0x80, 0x80], 0xF0), ([0xF0, 0x8F, 0xBF, 0xBF], 0xF0),
            ([0xF4, 0x90, 0x80, 0x80], 0xF4), ([0xF5, 0x80, 0x80, 0x80], 0xF5),
            ([0xC3], 0xC3), ([0xE2, 0x82], 0xE2), ([0xF0, 0x9F, 0x98], 0xF0), ([0xC3, 0x28], 0xC3),
            ([0xE2, 0x28, 0xA1], 0xE2), ([0xE2, 0x82, 0x28], 0xE2), ([0xF0, 0x9F, 0x98, 0x28], 0xF0),
        ] as [([UInt8], UInt8)])
    func illFormedUTF8IsRefusedInEveryPlace(bytes: [UInt8], first: UInt8) {
        let name = "0x" + String(first, radix: 16, uppercase: true)
        let sentence = "the text is not UTF-8: byte \(name) does not belong here"
        // In a string, after a letter that is not ASCII (the column counts it once); at the very end; and outside.
        #expect(diagnostic(Array("\"é".utf8) + bytes + Array("\"".utf8)) == "line 1, column 3: \(sentence)")
        #expect(diagnostic(Array("\"0123456789".utf8) + bytes) == "line 1, column 12: \(sentence)")
        #expect(diagnostic(Array("[1".utf8) + bytes) == "line 1, column 3: \(sentence)")
        #expect(diagnostic(Array(#""\"#.utf8) + bytes + Array("\"".utf8)) == "line 1, column 3: \(sentence)")
    }

    @Test(arguments: [
        (
            "{\n  \"Foo\": 1,\n  \"b\": 2, \"Foo\": 3\n}",
            #"line 3, column 11: the key "Foo" stands twice in this object; first at line 2, column 3"#
        ),
        (
            #"{"a":[{"é":{"x":1},"k":[],"\u00e9":2}]}"#,
            #"line 1, column 27: the key "é" stands twice in this object; first at line 1, column 8"#
        ),
        (
            #"{"a":null,"a":1}"#,
            #"line 1, column 11: the key "a" stands twice in this object; first at line 1, column 2"#
        ),
        (#"{"":1,"":2}"#, #"line 1, column 7: the key "" stands twice in this object; first at line 1, column 2"#),
        (
            #"{"a\nb":1,"a\u000ab":2}"#,
            #"line 1, column 11: the key "a\nb" stands twice in this object; first at line 1, column 2"#
        ),
        // The second key is judged when it is read, whatever comes after it.
        (#"{"a":1,"a":"#, #"line 1, column 8: the key "a" stands twice in this object; first at line 1, column 2"#),
    ])
    func equalKeysAreRefusedWithBothPlaces(text: String, expected: String) {
        #expect(diagnostic(Array(text.utf8)) == expected)
    }

    @Test func equalKeyIsFoundAmongThousands() {
        var text = "{"
        for number in 0..<5_000 { text += "\"key\(number)\":\(number),\n" }
        text += "\"key3210\":0}"
        #expect(
            diagnostic(Array(text.utf8))
                == "line 5001, column 1: the key \"key3210\" stands twice in this object; first at line 3211, column 1")
    }

    @Test func keyInMessageIsCutAndEscaped() {
        let key = String(repeating: "x", count: 200)
        let shown = String(repeating: "x", count: 64)
        #expect(
            diagnostic(Array("{\"\(key)\":1,\"\(key)\":1}".utf8))
                == "line 1, column 207: the key \"\(shown)…\" stands twice in this object; first at line 1, column 2")
    }

    @Test func columnsCountCharactersAndOffsetsCountBytes() throws {
        let error = try #require(throws: JSONError.self) { try JSON.parse("[\r\n\"é漢😀\", x]") }
        #expect(error.position.line == 2)
        #expect(error.position.column == 8)
        #expect(error.position.offset == 16)
    }

    @Test func positionsInAPartAreThoseInTheWhole() throws {
        let text = Array("garbage\n  [1, ?]  garbage".utf8)
        let error = try #require(throws: JSONError.self) { try JSON.parse(text.span, at: 10..<18) }
        #expect(error.description == #"line 2, column 7: expected a value, found "?""#)
        // The end of the part is the end of the text.
        let early = try #require(throws: JSONError.self) { try JSON.parse(text.span, at: 10..<13) }
        #expect(early.description == "line 2, column 6: expected a value, found the end of the text")
    }
}

@Suite struct LimitTests {
    private func nested(_ depth: Int, _ open: String, _ close: String) -> [UInt8] {
        Array((String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)).utf8)
    }

    @Test(arguments: [("[", "]"), (#"{"a":"#, "}")])
    func nestingIsReadDownToTheLimit(open: String, close: String) throws {
        let limits = JSONLimits(depth: 70)
        _ = try JSON.parse(nested(70, open, close), limits: limits)
        #expect(
            diagnostic(nested(71, open, close), limits: limits)
                == "line 1, column \(70 * open.count + 1): arrays and objects are nested more than 70 deep")
        _ = try JSON.parse(nested(128, open, close))
        #expect(diagnostic(nested(129, open, close))?.hasSuffix("nested more than 128 deep") == true)
        _ = try JSON.parse(nested(512, open, close), limits: JSONLimits(depth: 512))
    }

    @Test func hundredThousandLevelsAreACleanError() {
        let text = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
        for depth in [128, 512] {
            let expected = "line 1, column \(depth + 1): arrays and objects are nested more than \(depth) deep"
            #expect(diagnostic(text, limits: JSONLimits(depth: depth)) == expected)
        }
    }

    @Test func closedContainersDoNotCountAsDepth() throws {
        let text = "[" + String(repeating: "[[]],{\"a\":{}},", count: 1_000) + "0]"
        _ = try JSON.parse(Array(text.utf8), limits: JSONLimits(depth: 3))
        #expect(diagnostic(Array(text.utf8), limits: JSONLimits(depth: 2)) != nil)
    }

    @Test func depthZeroReadsScalarsOnly() throws {
        #expect(try JSON.parse("1", limits: JSONLimits(depth: 0)) == 1)
        #expect(diagnostic(Array("[]".utf8), limits: JSONLimits(depth: 0)) != nil)
    }

    @Test func textOverTheSizeIsNotRead() {
        #expect(diagnostic(Array("[1, 2]".utf8), limits: JSONLimits(size: 6)) == nil)
        #expect(
            diagnostic(Array("[1, 2] ".utf8), limits: JSONLimits(size: 6))
                == "line 1, column 1: the text has 7 bytes; at most 6 are read")
    }

    @Test func tenMegabytesAreRead() throws {
        let piece = String(repeating: "0123456789abcdef", count: 4_096)
        let text = Array("[".utf8) + Array(String(repeating: "\"\(piece)\",", count: 160).utf8) + Array("null]".utf8)
        #expect(text.count > 10_000_000)
        let elements = try #require(try JSON.parse(text).array)
        #expect(elements.count == 161)
        #expect(elements.dropLast().allSatisfy { $0.string == piece })
    }

    @Test func keysThatOnlyNormalizationMakesEqualStayApart() throws {
        // Every order of these marks is canonically the same text, so that by the rules of String this object would have
        // one key 5,040 times, all with one hash.
        let marks = ["\u{0316}", "\u{0301}", "\u{0345}", "\u{0327}", "\u{0334}", "\u{031B}", "\u{3099}"]
        var orders: [[String]] = [[]]
        for mark in marks {
            orders = orders.flatMap { order in
                (0...order.count).map { Array(order[..<$0]) + [mark] + Array(order[$0...]) }
            }
        }
        #expect(orders.count == 5_040)
        let keys = orders.map { "a" + $0.joined() }
        #expect(keys[0] == keys[1])
        let text = "{" + keys.map { "\"\($0)\":0" }.joined(separator: ",") + "}"
        #expect(try JSON.parse(text).object?.count == 5_040)
    }
}
