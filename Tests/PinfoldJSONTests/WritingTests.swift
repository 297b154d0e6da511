import PinfoldJSON
import Testing

private func text(_ value: JSON, _ style: JSONStyle = .compact) -> String {
    String(decoding: value.serialized(style), as: UTF8.self)
}

@Suite struct WritingTests {
    @Test(arguments: [
        ("a/b", #""a/b""#), ("\"\\", #""\"\\""#), ("\u{8}\u{C}\n\r\t", #""\b\f\n\r\t""#),
        ("\u{0}\u{1F}\u{7F}", #""\u0000\u001f\u007f""#), ("é漢😀", #""é漢😀""#),
        ("\u{80}\u{85}\u{9B}\u{9F}\u{A0}", "\"\\u0080\\u0085\\u009b\\u009f\u{A0}\""),
        ("\u{2027}\u{2028}\u{2029}\u{202A}", "\"\u{2027}\\u2028\\u2029\u{202A}\""),
        ("x\u{9F}y\u{FFFF}z\u{10FFFF}", "\"x\\u009fy\u{FFFF}z\u{10FFFF}\""),
    ])
    func stringIsEscapedNoMoreThanNeeded(string: String, expected: String) {
        #expect(text(.string(string)) == expected)
        var object = JSONObject()
        object[string] = 1
        #expect(text(.object(object)) == "{\(expected):1}")
    }

    @Test(arguments: 0...40)
    func escapeIsFoundAtEveryPlaceOfAWord(length: Int) {
        let plain = String(repeating: "x", count: length)
        #expect(text(.string(plain + "\n" + plain)) == "\"\(plain)\\n\(plain)\"")
        #expect(text(.string(plain + "\u{7F}" + plain)) == "\"\(plain)\\u007f\(plain)\"")
        #expect(text(.string(plain + "\u{2028}é")) == "\"\(plain)\\u2028é\"")
    }

    @Test func compactFormHasNoWhitespace() {
        let value: JSON = ["b": [1, nil, true], "a": ["x": "y"], "e": [], "o": [:]]
        #expect(text(value) == #"{"b":[1,null,true],"a":{"x":"y"},"e":[],"o":{}}"#)
    }

    @Test func prettyFormIsIndentedByTwo() {
        let value: JSON = ["b": [1, ["k": "v"]], "a": ["x": "y"], "e": [], "o": [:]]
        #expect(
            text(value, .pretty) == """
                {
                  "b": [
                    1,
                    {
                      "k": "v"
                    }
                  ],
                  "a": {
                    "x": "y"
                  },
                  "e": [],
                  "o": {}
                }
                """)
        #expect(text([], .pretty) == "[]")
        #expect(text("s", .pretty) == "\"s\"")
    }

    @Test func keysAreSortedByCodePointsWhenAsked() {
        // By UTF-16, as some do it, 😀 would come before U+FFFD; by String's order é could come before z.
        let value: JSON = [
            "b": 1, "\u{FFFD}": 2, "😀": 3, "a": ["d": 1, "c": 2], "é": 4, "z": 5, "B": 6, "": 7, "ab": 8,
        ]
        #expect(
            text(value, JSONStyle(sortsKeys: true))
                == "{\"\":7,\"B\":6,\"a\":{\"c\":2,\"d\":1},\"ab\":8,\"b\":1,\"z\":5,\"é\":4,\"\u{FFFD}\":2,\"😀\":3}")
    }

    @Test func textIsAppended() {
        var bytes = Array("x".utf8)
        JSON.bool(true).serialize(into: &bytes)
        JSON.null.serialize(into: &bytes, style: .pretty)
        #expect(bytes == Array("xtruenull".utf8))
    }
}
