import PinfoldJSON
import Testing

private func apply(_ edits: [(Range<Int>, String)], to text: String) -> String {
    let bytes = Array(text.utf8)
    let edits = edits.map { JSONEdit($0.0, with: Array($0.1.utf8)) }
    return String(decoding: JSONEdit.apply(edits, to: bytes.span), as: UTF8.self)
}

@Suite struct EditTests {
    @Test(arguments: [
        ([], "0123456789"),
        ([(3..<5, "abc")], "012abc56789"),
        ([(0..<0, "<"), (10..<10, ">")], "<0123456789>"),
        ([(8..<9, "B"), (1..<3, "")], "034567B9"),
        ([(4..<4, "a"), (4..<4, "b"), (4..<6, "C")], "0123abC6789"),
        ([(4..<6, "C"), (4..<4, "a")], "0123aC6789"),
        ([(2..<4, "x"), (4..<6, "y")], "01xy6789"),
        ([(0..<10, "")], ""),
    ])
    func editsLeaveTheOtherBytes(edits: [(Range<Int>, String)], expected: String) {
        #expect(apply(edits, to: "0123456789") == expected)
    }

    @Test func overlappingEditsStopTheProgram() async {
        await #expect(processExitsWith: .failure) {
            let text = Array("0123456789".utf8)
            _ = JSONEdit.apply([JSONEdit(2..<5, with: []), JSONEdit(4..<6, with: [])], to: text.span)
        }
    }

    @Test(arguments: [
        ("{}", #"{"k":7}"#), ("{ }", #"{"k":7 }"#), (" {\n} ", " {\"k\":7\n} "),
        (#"{"a":1}"#, #"{"a":1,"k":7}"#), ("{\n  \"a\": 1\n}", "{\n  \"a\": 1,\"k\":7\n}"),
        (#"{"k" : [1, 2] ,"b":2}"#, #"{"k" : 7 ,"b":2}"#), (#"{"b":2,"\u006b":null}"#, #"{"b":2,"\u006b":7}"#),
        (#"{"a":{"k":1}}"#, #"{"a":{"k":1},"k":7}"#),
    ])
    func memberIsSetInPlaceOrAppended(text: String, expected: String) throws {
        let bytes = Array(text.utf8)
        let edit = try JSONScanner().edit(setting: "k", to: Array("7".utf8), in: bytes.span)
        #expect(String(decoding: JSONEdit.apply([edit], to: bytes.span), as: UTF8.self) == expected)
    }

    @Test func keyOfANewMemberIsEscaped() throws {
        let bytes = Array("{}".utf8)
        let edit = try JSONScanner().edit(setting: "a\"\n", to: Array("null".utf8), in: bytes.span)
        #expect(String(decoding: edit.replacement, as: UTF8.self) == #""a\"\n":null"#)
    }

    @Test func innerObjectIsEditedByItsRange() throws {
        let bytes = Array(#"{"id":1,"params":{"a":1},"z":0}"#.utf8)
        let scanner = JSONScanner()
        let members = try scanner.members(in: bytes.span)
        let parameters = try #require(members["params"]).range
        let inner = try scanner.edit(setting: "_meta", to: Array("{}".utf8), in: bytes.span, at: parameters)
        let id = JSONEdit(try #require(members["id"]).range, with: Array("\"new\"".utf8))
        let result = JSONEdit.apply([inner, id], to: bytes.span)
        #expect(String(decoding: result, as: UTF8.self) == #"{"id":"new","params":{"a":1,"_meta":{}},"z":0}"#)
    }

    @Test func onlyObjectsHaveMembersToSet() {
        let bytes = Array("[1]".utf8)
        #expect(throws: JSONError.self) { try JSONScanner().edit(setting: "k", to: [], in: bytes.span) }
    }
}
