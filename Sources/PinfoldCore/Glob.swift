/// A shell pattern over whole texts: `*` any run, `?` one character, `[a-z]` and `[!a-z]` sets, `\` takes the next one
/// as it is. Unlike fnmatch(3) with `FNM_PATHNAME`, `*` also takes `/`: session names and commands are not paths.
package struct Glob: Hashable, Sendable, CustomStringConvertible {
    package let pattern: String
    private let elements: [Element]

    private enum Element: Hashable, Sendable {
        case anyRun
        case anyOne
        case one(Character)
        case set([ClosedRange<Character>], isNegated: Bool)
    }

    /// Nil where a `[` is not closed or a `\` ends the pattern.
    package init?(_ pattern: String) {
        self.pattern = pattern
        var elements: [Element] = []
        var rest = Substring(pattern)
        while let first = rest.popFirst() {
            switch first {
            case "*":
                if elements.last != .anyRun { elements.append(.anyRun) }
            case "?": elements.append(.anyOne)
            case "\\":
                guard let next = rest.popFirst() else { return nil }
                elements.append(.one(next))
            case "[":
                guard let set = Self.takeSet(from: &rest) else { return nil }
                elements.append(set)
            default: elements.append(.one(first))
            }
        }
        self.elements = elements
    }

    private static func takeSet(from rest: inout Substring) -> Element? {
        let isNegated = rest.first == "!" || rest.first == "^"
        if isNegated { rest.removeFirst() }
        var ranges: [ClosedRange<Character>] = []
        while let low = rest.popFirst() {
            if low == "]", !ranges.isEmpty { return .set(ranges, isNegated: isNegated) }
            guard rest.first == "-", let high = rest.dropFirst().first, high != "]" else {
                ranges.append(low...low)
                continue
            }
            guard low <= high else { return nil }
            rest.removeFirst(2)
            ranges.append(low...high)
        }
        return nil
    }

    /// How many characters the pattern fixes: the more, the more specific it is.
    package var fixedCharacters: Int {
        elements.count { element in
            switch element {
            case .one, .set: true
            case .anyRun, .anyOne: false
            }
        }
    }

    /// Whether the whole text fits. Takes time proportional to the product of both lengths at the worst.
    package func matches(_ text: String) -> Bool {
        let characters = Array(text)
        var at = 0
        var element = 0
        var retry: (element: Int, at: Int)?
        while at < characters.count {
            if element < elements.count, elements[element] == .anyRun {
                retry = (element, at)
                element += 1
            } else if element < elements.count, Self.matches(elements[element], characters[at]) {
                element += 1
                at += 1
            } else if let last = retry {
                retry = (last.element, last.at + 1)
                element = last.element + 1
                at = last.at + 1
            } else {
                return false
            }
        }
        return elements[element...].allSatisfy { $0 == .anyRun }
    }

    private static func matches(_ element: Element, _ character: Character) -> Bool {
        switch element {
        case .anyRun, .anyOne: true
        case .one(let fixed): fixed == character
        case .set(let ranges, let isNegated): ranges.contains { $0.contains(character) } != isNegated
        }
    }

    package var description: String { pattern }
}
