/// What can be wrong with a text that should be JSON. The description is a sentence without its position.
package enum JSONProblem: Sendable, Hashable {
    /// Something else stands where the grammar wants one of a few things.
    case expected(Wanted, found: Found)

    /// A comma with nothing after it but the closing bracket.
    case trailingComma(Found)

    /// A word other than `true`, `false` and `null`.
    case unknownWord(String)

    /// A number that begins with a superfluous zero.
    case leadingZero

    /// A string without its closing quote. The position is that of the opening one.
    case unclosedString

    /// A control character that stands bare in a string.
    case bareControl(Found)

    /// A backslash with something after it that has no meaning there.
    case unknownEscape(Found)

    /// `\u` without four hexadecimal digits.
    case shortUnicodeEscape

    /// An escaped half of a surrogate pair without its other half.
    case loneSurrogate(UInt16)

    /// Bytes that are not UTF-8; the first of them.
    case invalidUTF8(UInt8)

    /// The text begins with U+FEFF.
    case byteOrderMark

    /// A key that the same object has already. The position is that of the second, `first` that of the first.
    case repeatedKey(String, first: JSONPosition)

    /// More arrays and objects are open at once than ``JSONLimits/depth`` allows.
    case tooDeep(limit: Int)

    /// More bytes than ``JSONLimits/size`` allows.
    case tooLong(size: Int, limit: Int)

    /// More values than ``JSONLimits/values`` allows.
    case tooManyValues(limit: Int)

    /// Sound JSON, but not of the kind that was asked for.
    case wrongKind(JSONKind, found: JSONKind)
}

extension JSONProblem {
    /// What the grammar allows at some place.
    package enum Wanted: String, Sendable, Hashable {
        case value = "a value"
        case key = "a key in double quotes"
        case colon = "\":\" after the key"
        case commaInArray = "\",\" or \"]\" after the element"
        case commaInObject = "\",\" or \"}\" after the member"
        case end = "the end of the text after the value"
        case integerDigit = "a digit after the minus sign"
        case decimalDigit = "a digit after the decimal point"
        case exponentDigit = "a digit in the exponent"
    }

    /// What stands there instead.
    package enum Found: Sendable, Hashable {
        case end
        case character(Unicode.Scalar)
    }
}

extension JSONProblem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .expected(.value, .character("/")): "expected a value, found \"/\"; JSON has no comments"
        case .expected(let wanted, let found): "expected \(wanted.rawValue), found \(found)"
        case .trailingComma(let found): "found \(found) after a comma; JSON has no trailing commas"
        case .unknownWord(let word): "\"\(word)\" is not a JSON value"
        case .leadingZero: "a number must not begin with a superfluous zero"
        case .unclosedString: "the string that begins here has no closing quote"
        case .bareControl(let found): "\(found) must be escaped in a string"
        case .unknownEscape(let found): "a backslash followed by \(found) is not an escape"
        case .shortUnicodeEscape: "\"\\u\" must be followed by four hexadecimal digits"
        case .loneSurrogate(let half):
            "\"\\u\(String(half, radix: 16))\" is one half of a surrogate pair; its other half is missing"
        case .invalidUTF8(let byte): "the text is not UTF-8: byte 0x\(hex(byte, digits: 2)) does not belong here"
        case .byteOrderMark: "the text begins with a byte order mark; JSON is UTF-8 without one"
        case .repeatedKey(let key, let first):
            "the key \(JSON.excerpt(of: key)) stands twice in this object; first at \(first)"
        case .tooDeep(let limit): "arrays and objects are nested more than \(limit) deep"
        case .tooLong(let size, let limit): "the text has \(size) bytes; at most \(limit) are read"
        case .tooManyValues(let limit): "the text has more than \(limit) values"
        case .wrongKind(let wanted, let found): "expected \(wanted), found \(found)"
        }
    }
}

extension JSONProblem.Found: CustomStringConvertible {
    package var description: String {
        switch self {
        case .end: "the end of the text"
        case .character("\n"): "a line feed"
        case .character("\t"): "a tab"
        case .character("\""): "a double quote"
        case .character(let scalar) where scalar.properties.generalCategory == .control:
            "the control character U+\(hex(scalar.value, digits: 4))"
        case .character(let scalar): "\"\(scalar)\""
        }
    }
}

/// `value` in upper-case hexadecimal with at least so many digits.
private func hex(_ value: some FixedWidthInteger, digits: Int) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
}
