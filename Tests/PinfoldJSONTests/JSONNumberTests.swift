import PinfoldJSON
import Testing

@Suite struct JSONNumberTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let text: String
        let int64: Int64?
        let uint64: UInt64?
        let double: Double?
        var testDescription: String { text }

        init(_ text: String, _ int64: Int64?, _ uint64: UInt64?, _ double: Double?) {
            (self.text, self.int64, self.uint64, self.double) = (text, int64, uint64, double)
        }
    }

    static let rows: [Row] = [
        Row("0", 0, 0, 0), Row("-0", 0, 0, -0.0), Row("0.0", 0, 0, 0), Row("-0.0e5", 0, 0, 0),
        Row("1", 1, 1, 1), Row("-1", -1, nil, -1), Row("1.0", 1, 1, 1), Row("1e3", 1000, 1000, 1000),
        Row("1E+3", 1000, 1000, 1000), Row("1000e-3", 1, 1, 1), Row("1200e-3", nil, nil, 1.2),
        Row("0.001e3", 1, 1, 1), Row("10.50e1", 105, 105, 105), Row("1.5", nil, nil, 1.5), Row("1e-1", nil, nil, 0.1),
        Row("9223372036854775807", .max, 9_223_372_036_854_775_807, 0x1p63),
        Row("9223372036854775808", nil, 9_223_372_036_854_775_808, 0x1p63),
        Row("-9223372036854775808", .min, nil, -0x1p63),
        Row("-9223372036854775809", nil, nil, -0x1p63),
        Row("18446744073709551615", nil, .max, 0x1p64),
        Row("18446744073709551616", nil, nil, 0x1p64),
        Row("18446744073709551610", nil, 18_446_744_073_709_551_610, 0x1p64),
        Row("1844674407370955161.5e1", nil, .max, 0x1p64),
        Row("9223372036854775807.0", .max, 9_223_372_036_854_775_807, 0x1p63),
        Row("92233720368547758.07e2", .max, 9_223_372_036_854_775_807, 0x1p63),
        Row("10000000000000000000", nil, 10_000_000_000_000_000_000, 1e19),
        Row("1e19", nil, 10_000_000_000_000_000_000, 1e19),
        Row("1e20", nil, nil, 1e20),
        Row("9007199254740993", 9_007_199_254_740_993, 9_007_199_254_740_993, 9007199254740992),
        Row("1e400", nil, nil, nil), Row("-1e400", nil, nil, nil), Row("1e-400", nil, nil, nil), Row("0e400", 0, 0, 0),
        Row("0e-99999999999999999999", 0, 0, 0), Row("0e99999999999999999999", 0, 0, 0),
        Row("1e99999999999999999999", nil, nil, nil), Row("1e-99999999999999999999", nil, nil, nil),
        Row("1.7976931348623157e308", nil, nil, .greatestFiniteMagnitude), Row("1.7976931348623159e308", nil, nil, nil),
        Row("5e-324", nil, nil, .leastNonzeroMagnitude), Row("2e-324", nil, nil, nil), Row("0.1", nil, nil, 0.1),
        Row("123456789012345678901234567890e-20", nil, nil, 1234567890.1234567),
        Row("1" + String(repeating: "0", count: 400) + "e-400", 1, 1, nil),
        Row("0." + String(repeating: "0", count: 400) + "1e401", 1, 1, 1),
    ]

    @Test(arguments: rows)
    func numberIsReadExactlyOrNotAtAll(row: Row) throws {
        let number = try #require(try JSON.parse(row.text).number)
        #expect(number.int64 == row.int64)
        #expect(number.uint64 == row.uint64)
        // That the double of 10…0e-400 is asked of the standard library, which may call it 1 or give up.
        if row.text.utf8.count < 200 { #expect(number.double == row.double) }
        #expect(number.text == row.text)
        #expect(JSON.number(number).description == row.text)
    }

    @Test(arguments: ["", "-", "+1", "01", "1.", ".1", "1e", "0x1", "1 ", " 1", "1,", "NaN", "inf", "١", "1\u{0}"])
    func textThatIsNoNumberMakesNone(text: String) {
        #expect(JSONNumber(text: text) == nil)
    }

    @Test func textThatIsANumberIsKept() {
        #expect(JSONNumber(text: "-1.50E+07")?.text == "-1.50E+07")
    }

    @Test func integersAreWrittenOut() {
        #expect(JSONNumber(Int64.min).text == "-9223372036854775808")
        #expect(JSONNumber(UInt64.max).text == "18446744073709551615")
        #expect(JSONNumber(UInt8(7)).text == "7")
    }

    @Test(arguments: [
        0, -0.0, 1, 0.1, 1e16, 1e-7, 123456.789, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .pi, -2.5e-300,
    ])
    func doubleIsWrittenAsJSONAndReadsBack(value: Double) throws {
        let number = try #require(JSONNumber(value))
        #expect(JSONNumber(text: number.text) != nil)
        #expect(number.double?.bitPattern == value.bitPattern)
    }

    @Test(arguments: [Double.infinity, -.infinity, .nan])
    func doubleThatJSONDoesNotHaveMakesNoNumber(value: Double) {
        #expect(JSONNumber(value) == nil)
    }

    @Test func numbersAreEqualWhenWrittenAlike() throws {
        #expect(try JSON.parse("1.0") == JSON.parse("1.0"))
        #expect(try JSON.parse("1.0") != JSON.parse("1"))
    }
}
