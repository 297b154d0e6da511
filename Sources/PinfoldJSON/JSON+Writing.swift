extension JSON {
    /// Appends the value as JSON. The compact style is one line, whatever the strings hold.
    package func serialize(into bytes: inout [UInt8], style: JSONStyle = .compact) {
        var writer = JSONWriter(style: style)
        swap(&writer.bytes, &bytes)
        writer.write(self)
        swap(&writer.bytes, &bytes)
    }

    /// The value as JSON.
    package func serialized(_ style: JSONStyle = .compact) -> [UInt8] {
        var bytes: [UInt8] = []
        serialize(into: &bytes, style: style)
        return bytes
    }
}

extension JSON: CustomStringConvertible {
    /// The value as compact JSON.
    package var description: String {
        let bytes = serialized()
        return bytes.span.string(0..<bytes.count)
    }

    /// The beginning of a string as JSON writes it, quotes and all, for messages.
    static func excerpt(of text: String) -> String {
        let limit = 64
        let isLong = text.unicodeScalars.dropFirst(limit).first != nil
        let start = JSON.string(String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit)))).description
        return isLong ? start.dropLast() + "…\"" : start
    }
}
