import PinfoldJSON
import Testing

@Suite struct ParseTests {
    @Test(
        arguments: [
            ("null", .null), ("true", true), ("false", false), ("0", 0), ("-7", -7), (" \t\r\n1\n ", 1),
            ("[]", []), ("[ ]", []), ("{}", [:]), ("{ \n}", [:]), ("\"\"", ""),
            ("[1,[2,[3]],{}]", [1, [2, [3]], [:]]),
            (#"{"a":{"b":[null,true]},"c":"d"}"#, ["a": ["b": [nil, true]], "c": "d"]),
            (#" { "a" : 1 , "b" : [ 1 , 2 ] } "#, ["a": 1, "b": [1, 2]]),
        ] as [(String, JSON)])
    func valueIsRead(text: String, expected: JSON) throws {
        #expect(try JSON.parse(text) == expected)
    }

    @Test(arguments: [
        (#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{C}\n\r\tz"),
        (#""\u0000\u0041\u00e9\u00E9\u20ac""#, "\u{0}Aéé€"),
        (#""\ud83d\ude00\uD83D\uDE00""#, "😀😀"),
        (#""\ud800\udc00\udbff\udfff""#, "\u{10000}\u{10FFFF}"),
        (#""\\ud800""#, #"\ud800"#),
        (
            "\"\u{7F}\u{80}\u{7FF}\u{800}\u{D7FF}\u{E000}\u{FFFF}\u{10000}\u{10FFFF}\"",
            "\u{7F}\u{80}\u{7FF}\u{800}\u{D7FF}\u{E000}\u{FFFF}\u{10000}\u{10FFFF}"
        ),
        ("\"\u{FEFF}\u{2028}\"", "\u{FEFF}\u{2028}"),
    ])
    func stringMeansWhatItsEscapesSay(text: String, expected: String) throws {
        let string = try #require(try JSON.parse(text).string)
        #expect(Array(string.utf8) == Array(expected.utf8))
    }

    /// Everything that ends a stretch of plain text, at every distance from the start of one: the bytes are looked at in
    /// words, and each place in a word is a case of its own.
    @Test(arguments: 0...70)
    func plainTextOfAnyLengthEndsWhereItShould(length: Int) throws {
        let plain = String(repeating: "x", count: length)
        #expect(try JSON.parse("\"\(plain)\"").string == plain)
        #expect(try JSON.parse("\"\(plain)\\n\(plain)\"").string == "\(plain)\n\(plain)")
        for letter in ["é", "漢", "😀", "\u{7F}", " ", "!", "#", "[", "]", "~"] {
            #expect(try JSON.parse("\"\(plain)\(letter)\(plain)\"").string == plain + letter + plain)
        }
        for byte in (0 as UInt8..<0x20).map({ $0 }) + [0x80, 0xFF, 0xC0] {
            let text = Array("\"\(plain)".utf8) + [byte] + Array("\(plain)\"".utf8)
            let error = #expect(throws: JSONError.self) { try JSON.parse(text) }
            #expect(error?.position.offset == length + 1)
        }
    }

    @Test func everyScalarSurvives() throws {
        for start in stride(from: 0 as UInt32, to: 0x110000, by: 0x400) {
            var text = ""
            for value in start..<(start + 0x400) {
                if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
            }
            let bytes = JSON.string(text).serialized()
            let read = try #require(try JSON.parse(bytes).string)
            #expect(Array(read.utf8) == Array(text.utf8))
        }
    }

    @Test func membersKeepTheirOrder() throws {
        let object = try #require(try JSON.parse(#"{"z":1,"a":2,"m":3}"#).object)
        #expect(object.keys == ["z", "a", "m"])
    }

    @Test func partOfATextIsReadAlone() throws {
        let text = Array("xx[1] yy".utf8)
        #expect(try JSON.parse(text.span, at: 2..<6) == [1])
    }
}
