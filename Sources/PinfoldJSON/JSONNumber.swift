/// A JSON number, kept as it was written.
///
/// So nothing is lost on the way through: not the last bits of a 64-bit integer, not `1e400`, not the `.0` of `1.0`.
/// Two numbers are equal when they are written alike; compare ``int64`` or ``double`` to compare values.
package struct JSONNumber: Sendable, Hashable {
    /// The number as JSON writes it.
    package let text: String

    /// A number from its text, or nil where the text is no JSON number.
    package init?(text: String) {
        let bytes = text.utf8.span
        guard let first = bytes.isEmpty ? nil : bytes[0], Byte.isDigit(first) || first == Byte.minus else { return nil }
        var cursor = JSONCursor(at: 0)
        guard (try? cursor.skipNumber(in: bytes)) != nil, cursor.at == bytes.count else { return nil }
        self.text = text
    }

    /// A number from text that the cursor has just read as one.
    init(checked text: String) { self.text = text }

    package init(_ value: some FixedWidthInteger) { text = String(value) }

    /// The shortest number that reads back as `value`; nil for infinities and NaN, which JSON does not have.
    package init?(_ value: Double) {
        guard value.isFinite else { return nil }
        text = value.description
    }
}

extension JSONNumber {
    /// The number where it is an integer within range, however it is written: `1.0` and `1e3` are integers too.
    package var int64: Int64? {
        guard let (negative, magnitude) = integer else { return nil }
        guard negative else { return Int64(exactly: magnitude) }
        return magnitude <= Int64.min.magnitude ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
    }

    /// The number where it is an integer within range that is not negative, however it is written.
    package var uint64: UInt64? {
        guard let (negative, magnitude) = integer, !negative || magnitude == 0 else { return nil }
        return magnitude
    }

    /// The nearest double; nil where that is infinite, or where it is zero and the number is not.
    package var double: Double? {
        guard let value = Double(text), value.isFinite else { return nil }
        return value == 0 && !isZero ? nil : value
    }

    private var isZero: Bool {
        let mantissa = text.utf8.prefix { $0 != Byte.lowerE && $0 != Byte.upperE }
        return !mantissa.contains { $0 > Byte.zero && $0 <= Byte.nine }
    }

    /// Sign and magnitude where the number is an integer of at most 64 bits.
    private var integer: (negative: Bool, magnitude: UInt64)? {
        // The value is `magnitude` times ten to the power of `zeros - decimals + exponent`. Zeros are counted before
        // they are multiplied in, because a point or an exponent may yet take them away: 1000e-3 is 1.
        var magnitude: UInt64 = 0
        var zeros = 0
        var decimals = 0
        var exponent = 0
        var inFraction = false
        var bytes = text.utf8.makeIterator()
        while let byte = bytes.next() {
            switch byte {
            case Byte.minus: continue
            case Byte.point: inFraction = true
            case Byte.lowerE, Byte.upperE: exponent = Self.exponent(&bytes)
            default:
                if inFraction { decimals += 1 }
                guard byte != Byte.zero else {
                    if magnitude > 0 { zeros += 1 }
                    continue
                }
                guard let shifted = Self.scale(magnitude, by: zeros + 1) else { return nil }
                let (sum, tooLarge) = shifted.addingReportingOverflow(UInt64(byte - Byte.zero))
                guard !tooLarge else { return nil }
                magnitude = sum
                zeros = 0
            }
        }
        let power = zeros - decimals + exponent
        guard magnitude == 0 || power >= 0, let value = Self.scale(magnitude, by: power) else { return nil }
        return (text.utf8.first == Byte.minus, value)
    }

    /// `value` times ten to the power of `power`, or nil where that has more than 64 bits.
    private static func scale(_ value: UInt64, by power: Int) -> UInt64? {
        guard value > 0 else { return 0 }
        guard power < 20 else { return nil }
        var value = value
        for _ in 0..<power {
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            guard !tooLarge else { return nil }
            value = product
        }
        return value
    }

    /// The exponent that follows; a huge one is cut off far above what any number of digits can bring back.
    private static func exponent(_ bytes: inout String.UTF8View.Iterator) -> Int {
        var value = 0
        var negative = false
        while let byte = bytes.next() {
            switch byte {
            case Byte.minus: negative = true
            case Byte.plus: continue
            default: value = min(value * 10 + Int(byte - Byte.zero), 1 << 48)
            }
        }
        return negative ? -value : value
    }
}

extension JSONNumber: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
    package init(integerLiteral value: Int64) { self.init(value) }

    /// Stops the program for a literal beyond the range of doubles.
    package init(floatLiteral value: Double) {
        guard let number = JSONNumber(value) else { preconditionFailure("JSON has no number \(value)") }
        self = number
    }
}

extension JSONNumber: CustomStringConvertible {
    package var description: String { text }
}
