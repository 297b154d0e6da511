import PinfoldJSON
import Testing

private enum State: String, CaseIterable, Sendable { case idle, busy }

private struct Session: Equatable {
    var id: String
    var life: UInt64
    var state: State
    var cause: String?
    var tags: [String]

    init(_ object: JSONObject) throws(JSONDecodingError) {
        try object.rejectUnknownKeys(["id", "life", "state", "cause", "tags"])
        id = try object.required(
            "id", as: .string.narrowed(to: "a session id without \"/\"") { $0.contains("/") ? nil : $0 })
        life = try object.required("life", as: .uint64)
        state = try object.required("state", as: .oneOf(State.self))
        cause = try object.optional("cause", as: .string)
        tags = try object.optional("tags", as: .array(of: .string)) ?? []
    }
}

private func decode(_ text: String) throws -> [Session] {
    let object = try #require(try JSON.parse(text).object)
    return try object.required("sessions", as: .array(of: .object(Session.init)))
}

@Suite struct DecodingTests {
    @Test func recordIsDecoded() throws {
        let sessions = try decode(
            #"{"sessions":[{"id":"a","life":18446744073709551615,"state":"busy","cause":null,"tags":["x","y"]}]}"#)
        #expect(sessions.count == 1)
        #expect(sessions[0].life == .max)
        #expect(sessions[0].state == .busy)
        #expect(sessions[0].cause == nil)
        #expect(sessions[0].tags == ["x", "y"])
    }

    @Test(arguments: [
        (#"{}"#, "sessions: expected an array, but the key is missing"),
        (#"{"sessions":null}"#, "sessions: expected an array, found null"),
        (#"{"sessions":{}}"#, "sessions: expected an array, found an object"),
        (#"{"sessions":[{"id":"a","life":1,"state":"idle"},3]}"#, "sessions[1]: expected an object, found number 3"),
        (#"{"sessions":[{"life":1}]}"#, #"sessions[0].id: expected a session id without "/", but the key is missing"#),
        (
            #"{"sessions":[{"id":"a/b","life":1}]}"#,
            #"sessions[0].id: expected a session id without "/", found string "a/b""#
        ),
        (#"{"sessions":[{"id":5}]}"#, #"sessions[0].id: expected a session id without "/", found number 5"#),
        (
            #"{"sessions":[{"id":"a","life":-1}]}"#,
            "sessions[0].life: expected a 64-bit integer that is not negative, found number -1"
        ),
        (
            #"{"sessions":[{"id":"a","life":1.5}]}"#,
            "sessions[0].life: expected a 64-bit integer that is not negative, found number 1.5"
        ),
        (
            #"{"sessions":[{"id":"a","life":1,"state":"lazy"}]}"#,
            #"sessions[0].state: expected one of "idle", "busy", found string "lazy""#
        ),
        (
            #"{"sessions":[{"id":"a","life":1,"state":"idle","cause":[]}]}"#,
            "sessions[0].cause: expected a string, found an array"
        ),
        (
            #"{"sessions":[{"id":"a","life":1,"state":"idle","tags":["x",false]}]}"#,
            "sessions[0].tags[1]: expected a string, found false"
        ),
        (
            #"{"sessions":[{"id":"a","lifes":1}]}"#,
            #"sessions[0].lifes: unknown key; known here: "id", "life", "state", "cause", "tags""#
        ),
    ])
    func errorNamesThePathWhatWasWantedAndWhatWasFound(text: String, expected: String) {
        let error = #expect(throws: JSONDecodingError.self) { try decode(text) }
        #expect(error?.description == expected)
    }

    @Test func shapesReadTheirKinds() throws {
        let object: JSONObject = ["b": true, "i": -3, "d": 0.25, "o": ["x": 1], "n": nil, "m": ["p": 1, "q": 2]]
        #expect(try object.required("b", as: .bool))
        #expect(try object.required("i", as: .int64) == -3)
        #expect(try object.required("d", as: .double) == 0.25)
        #expect(try object.required("o", as: .object)["x"] == 1)
        #expect(try object.required("n", as: .any) == .null)
        #expect(try object.required("m", as: .members(of: .uint64)).map { "\($0.key)\($0.value)" } == ["p1", "q2"])
        #expect(try object.optional("n", as: .bool) == nil)
        #expect(try object.optional("missing", as: .bool) == nil)
    }

    @Test func freeKeysAreNamedInErrors() {
        let object: JSONObject = ["env": ["A": "x", "a.b c": 1]]
        let error = #expect(throws: JSONDecodingError.self) {
            try object.required("env", as: .members(of: .string))
        }
        #expect(error?.description == #"env["a.b c"]: expected a string, found number 1"#)
        #expect(error?.path == [.key("env"), .key("a.b c")])
    }

    @Test func outermostValueHasNoPath() {
        let error = #expect(throws: JSONDecodingError.self) { try JSONShape.object.decode([1]) }
        #expect(error?.description == "expected an object, found an array")
    }

    @Test func unknownKeyWhereNoneAreKnown() {
        let object: JSONObject = ["x": 1]
        let error = #expect(throws: JSONDecodingError.self) { try object.rejectUnknownKeys([]) }
        #expect(error?.description == "x: unknown key; there are none here")
    }

    @Test func longStringsAreCutInErrors() {
        let object: JSONObject = ["x": .string(String(repeating: "é", count: 100))]
        let error = #expect(throws: JSONDecodingError.self) { try object.required("x", as: .bool) }
        #expect(
            error?.description == "x: expected true or false, found string \"\(String(repeating: "é", count: 64))…\"")
    }
}
