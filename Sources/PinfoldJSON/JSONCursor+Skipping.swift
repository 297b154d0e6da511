extension JSONCursor {
    /// Moves past a value, from its first byte on. Checks everything but equal keys, allocates nothing down to 64
    /// levels of nesting, and does not recurse.
    mutating func skipValue(_ kind: JSONKind, in text: Span<UInt8>) throws(JSONError) {
        guard kind.isContainer else { return try skipScalar(kind, in: text) }
        var nesting = Nesting()
        try open(in: text)
        nesting.push(isObject: kind == .object)
        var isFirst = true
        while !nesting.isEmpty {
            let hasMore =
                nesting.isInObject
                ? try nextKey(isFirst: isFirst, in: text) != nil
                : try nextElement(isFirst: isFirst, in: text)
            guard hasMore else {
                nesting.pop()
                isFirst = false
                continue
            }
            let kind = try startOfValue(in: text)
            isFirst = kind.isContainer
            if isFirst {
                try open(in: text)
                nesting.push(isObject: kind == .object)
            } else {
                try skipScalar(kind, in: text)
            }
        }
    }
}

/// For each open container one bit: is it an object? The innermost is the lowest.
private struct Nesting {
    private var bits: UInt64 = 0
    private var depth = 0
    private var outer: [UInt64] = []

    var isEmpty: Bool { depth == 0 }
    var isInObject: Bool { bits & 1 == 1 }

    mutating func push(isObject: Bool) {
        if depth > 0, depth % 64 == 0 {
            outer.append(bits)
            bits = 0
        }
        bits = bits << 1 | (isObject ? 1 : 0)
        depth += 1
    }

    mutating func pop() {
        depth -= 1
        bits >>= 1
        if depth > 0, depth % 64 == 0 { bits = outer.removeLast() }
    }
}
