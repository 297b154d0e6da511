import PinfoldJSON
import Testing

@Suite struct JSONValueTests {
    @Test func literalsMakeValues() {
        let limit: UInt64? = nil
        let value: JSON = ["a": [1, -2.5, true, nil, "s\(1)"], "b": [:], "c": JSON(limit), "d": JSON(UInt64.max)]
        #expect(
            value.description == #"{"a":[1,-2.5,true,null,"s1"],"b":{},"c":null,"d":18446744073709551615}"#)
    }

    @Test func accessorsAnswerForTheirKindAlone() {
        let value: JSON = ["s": "x", "n": 3, "b": false, "a": [1], "o": ["k": "v"], "z": nil]
        #expect(value["s"]?.string == "x")
        #expect(value["n"]?.int64 == 3)
        #expect(value["n"]?.uint64 == 3)
        #expect(value["n"]?.double == 3)
        #expect(value["b"]?.bool == false)
        #expect(value["a"]?[0] == 1)
        #expect(value["a"]?[1] == nil)
        #expect(value["a"]?[-1] == nil)
        #expect(value["o"]?["k"] == "v")
        #expect(value["z"]?.isNull == true)
        // Null is a value; a key that is not there has none. The literal `nil` must not blur that.
        #expect(value["z"] != nil)
        #expect(value["missing"] == nil)
        #expect(value["s"]?.int64 == nil)
        #expect(value["n"]?.string == nil)
        #expect(value["s"]?["k"] == nil)
        #expect(value["o"]?[0] == nil)
        #expect(value.array == nil)
        #expect(JSONKind.allCases.count == 6)
    }

    @Test func equalityOfObjectsIgnoresOrder() {
        let one: JSON = ["a": 1, "b": ["c": 2, "d": 3]]
        let other: JSON = ["b": ["d": 3, "c": 2], "a": 1]
        #expect(one == other)
        #expect(one.hashValue == other.hashValue)
        #expect(one != ["a": 1, "b": ["c": 2]])
        #expect(one != ["a": 1, "b": ["c": 2, "e": 3]])
        #expect(one != ["a": 2, "b": ["c": 2, "d": 3]])
        #expect(JSON.array([1, 2]) != [2, 1])
    }

    @Test func equalityOfStringsIsThatOfTheirCodePoints() {
        #expect("\u{E9}" as String == "e\u{301}")
        #expect(JSON.string("\u{E9}") != JSON.string("e\u{301}"))
        #expect(JSON.string("\u{E9}") == JSON.string("\u{E9}"))
    }

    @Test func kindsAreNotEqualToEachOther() {
        let values: [JSON] = [nil, false, 0, "", [], [:]]
        for (left, one) in values.enumerated() {
            for (right, other) in values.enumerated() { #expect((one == other) == (left == right)) }
        }
        #expect(Set(values).count == 6)
    }
}

@Suite struct JSONObjectTests {
    @Test func settingReplacesInPlaceAppendsOrRemoves() {
        var object: JSONObject = ["a": 1, "b": 2, "c": 3]
        object["b"] = 5
        object["d"] = .null
        object["a"] = nil
        object["nothing"] = nil
        #expect(JSON.object(object).description == #"{"b":5,"c":3,"d":null}"#)
        #expect(object["a"] == nil)
        #expect(object["d"] == .some(.null))
    }

    /// Sixteen members are searched, more are looked up: the same answers on both sides, and while crossing over.
    @Test func everyKeyIsFoundAtEverySize() {
        var object = JSONObject()
        for number in 0..<40 {
            object["k\(number)"] = JSON(number)
            for known in 0..<40 { #expect(object["k\(known)"]?.int64 == (known <= number ? Int64(known) : nil)) }
        }
        object["k3"] = "replaced"
        for number in 0..<40 where number % 3 != 0 {
            object["k\(number)"] = nil
            #expect(object["k\(number)"] == nil)
        }
        #expect(object["k3"] == "replaced")
        #expect(object.keys == (0..<40).filter { $0 % 3 == 0 }.map { "k\($0)" })
        #expect(object["k39"] == 39)
    }

    @Test func keysAreComparedByCodePoints() {
        var object = JSONObject()
        object["\u{E9}"] = 1
        object["e\u{301}"] = 2
        #expect(object.count == 2)
        #expect(object["\u{E9}"] == 1)
    }

    @Test func copyDoesNotFollowItsOriginal() {
        var original = JSONObject()
        for number in 0..<20 { original["k\(number)"] = JSON(number) }
        let copy = original
        original["k5"] = nil
        #expect(copy["k5"] == 5)
        #expect(copy.count == 20)
    }

    @Test func membersAreWalkedInOrder() {
        let object: JSONObject = ["x": 1, "y": 2]
        #expect(object.map { "\($0.key)=\($0.value)" } == ["x=1", "y=2"])
        #expect(object[1].key == "y")
    }
}
