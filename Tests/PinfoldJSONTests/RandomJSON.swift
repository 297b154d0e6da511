import PinfoldJSON
import TestSupport

extension SeededGenerator {
    /// A value of any kind, with all that is odd about JSON in it, nested at most so deep.
    mutating func json(depth: Int = 4) -> JSON {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &self) {
        case 0: return .null
        case 1: return .bool(chance(50))
        case 2: return .number(number())
        case 3, 4: return .string(string())
        case 5, 6: return .array((0..<count()).map { _ in json(depth: depth - 1) })
        default:
            var object = JSONObject()
            for _ in 0..<count() { object[string()] = json(depth: depth - 1) }
            return .object(object)
        }
    }

    private mutating func count() -> Int { chance(2) ? 30 : Int.random(in: 0...5, using: &self) }

    mutating func string() -> String {
        var text = ""
        let length = chance(10) ? Int.random(in: 0...80, using: &self) : Int.random(in: 0...6, using: &self)
        for _ in 0..<length { text.unicodeScalars.append(scalar()) }
        return text
    }

    private mutating func scalar() -> Unicode.Scalar {
        let range: ClosedRange<UInt32> =
            switch Int.random(in: 0..<10, using: &self) {
            case 0: 0...0x1F
            case 1: 0x7F...0x7FF
            case 2: 0x2020...0x2030
            case 3: 0x800...0xFFFF
            case 4: 0x10000...0x10FFFF
            default: 0x20...0x7E
            }
        return Unicode.Scalar(.random(in: range, using: &self)) ?? "\"\\/\u{300}\u{301}".unicodeScalars.randomElement(
            using: &self) ?? "x"
    }

    mutating func number() -> JSONNumber {
        func digits(_ count: ClosedRange<Int>) -> String {
            (0..<Int.random(in: count, using: &self)).map { _ in String(Int.random(in: 0...9, using: &self)) }.joined()
        }
        var text = chance(30) ? "-" : ""
        text += chance(30) ? "0" : "\(Int.random(in: 1...9, using: &self))" + digits(chance(10) ? 0...30 : 0...4)
        if chance(30) { text += "." + digits(1...6) }
        if chance(20) { text += ["e", "E", "e+", "E-"][Int.random(in: 0..<4, using: &self)] + digits(1...3) }
        return JSONNumber(text: text) ?? 0
    }

    /// The value as text with white space and escapes wherever they may be.
    mutating func write(_ value: JSON) -> [UInt8] {
        var text = space()
        switch value {
        case .null, .bool, .number: text += value.serialized()
        case .string(let string): text += write(string)
        case .array(let elements):
            text += Array("[".utf8) + space()
            for (index, element) in elements.enumerated() {
                text += (index > 0 ? Array(",".utf8) : []) + write(element)
            }
            text += Array("]".utf8)
        case .object(let object):
            text += Array("{".utf8) + space()
            for (index, member) in object.enumerated() {
                text += (index > 0 ? Array(",".utf8) : []) + space() + write(member.key) + space()
                text += Array(":".utf8) + write(member.value)
            }
            text += Array("}".utf8)
        }
        return text + space()
    }

    private mutating func write(_ string: String) -> [UInt8] {
        var text = "\""
        for scalar in string.unicodeScalars {
            let mustBeEscaped = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
            if mustBeEscaped || chance(10) {
                for unit in UTF16.encode(scalar) ?? .init() {
                    let hex = String(unit, radix: 16, uppercase: chance(50))
                    text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                }
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return Array(text.utf8) + Array("\"".utf8)
    }

    private mutating func space() -> [UInt8] {
        guard chance(20) else { return [] }
        return (0..<Int.random(in: 1...3, using: &self)).compactMap { _ in
            Array(" \t\r\n".utf8).randomElement(using: &self)
        }
    }

    /// The text with a few bytes changed, taken out, put in, doubled or cut off.
    mutating func mutate(_ text: [UInt8]) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 1...3, using: &self) {
            let at = Int.random(in: 0...text.count, using: &self)
            switch Int.random(in: 0..<7, using: &self) {
            case 0 where at < text.count: text[at] = .random(in: 0...255, using: &self)
            case 1 where at < text.count: text.remove(at: at)
            case 2: text.insert(.random(in: 0...255, using: &self), at: at)
            case 3: text.insert(Array("{}[],:\"\\/-+.eE0159tfnux \n".utf8).randomElement(using: &self) ?? 0, at: at)
            case 4 where at < text.count: text[at] ^= 1 << UInt8.random(in: 0...7, using: &self)
            case 5:
                let from = Int.random(in: 0...text.count, using: &self)
                let piece = text[min(at, from)..<max(at, from)].prefix(20)
                text.insert(contentsOf: piece, at: at)
            default: if chance(20) { text.removeSubrange(at...) }
            }
        }
        return text
    }
}
