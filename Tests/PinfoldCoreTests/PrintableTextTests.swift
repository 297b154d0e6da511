import PinfoldCore
import Testing

@Suite struct PrintableTextTests {
    @Test(arguments: [
        ("plain, with ünïcödé 日本 🙂", "plain, with ünïcödé 日本 🙂"), ("", ""),
        ("a\nended b.1 (killed)", "a\\nended b.1 (killed)"), ("\u{1B}[2J", "\\x1b[2J"), ("\r\t\0", "\\r\\t\\x00"),
        ("\u{7F}\u{9B}1m", "\\x7f\\x9b1m"), ("\u{202E}txt.exe\u{2069}", "\\u202etxt.exe\\u2069"),
        ("one\u{2028}two", "one\\u2028two"),
    ])
    func controlCharactersAreWrittenAsEscapes(text: String, shown: String) {
        #expect(PrintableText(text).description == shown)
    }

    @Test func jsonKeepsItsMeaning() {
        #expect(PrintableText.json("{\n  \"a\": \"\u{9B}1m\u{202E}é\"}\n") == "{\n  \"a\": \"\\u009b1m\\u202eé\"}\n")
    }

    @Test func longTextIsCutBetweenCharacters() {
        #expect(PrintableText("abcdef", most: 6).description == "abcdef")
        #expect(PrintableText("abcdefg", most: 6).description == "abcdef…")
        #expect(PrintableText("ééé", most: 3).description == "é…")
        #expect(PrintableText("a\u{1B}", most: 4).description == "a…")
    }
}
