/// The members of a JSON object, in order, each key once.
///
/// Finding a key is a short search in small objects and a table lookup in large ones. Two objects are equal when they
/// have the same members in whatever order.
package struct JSONObject: Sendable {
    /// One key and its value.
    package typealias Member = (key: String, value: JSON)

    private var members: [Member] = []
    private var index = KeyIndex()

    /// An object without members.
    package init() {}

    /// The value of `key`. Setting a new key appends it, setting a known one replaces its value where it stands, and
    /// setting nil removes it.
    package subscript(key: String) -> JSON? {
        get { position(of: key).map { members[$0].value } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): members[position].value = value
            case (let position?, nil):
                members.remove(at: position)
                index.rebuild(count: members.count) { [members] in members[$0].key }
            case (nil, let value?): append(key, value)
            case (nil, nil): break
            }
        }
    }

    /// The keys, in order.
    package var keys: [String] { members.map(\.key) }

    /// True where there is a member with this key, null or not.
    package func hasMember(_ key: String) -> Bool { position(of: key) != nil }

    /// Appends a member, or returns false and changes nothing where the key is there already.
    mutating func appendIfNew(_ key: String, _ value: JSON) -> Bool {
        guard !hasMember(key) else { return false }
        append(key, value)
        return true
    }

    /// Appends a member whose key is known to be new.
    mutating func append(_ key: String, _ value: JSON) {
        members.append((key, value))
        index.appended(count: members.count) { [members] in members[$0].key }
    }

    private func position(of key: String) -> Int? {
        index.position(of: key, among: members.count) { members[$0].key }
    }
}

extension JSONObject: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { members.count }
    package subscript(position: Int) -> Member { members[position] }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Stops the program when a key stands twice.
    package init(dictionaryLiteral elements: (String, JSON)...) {
        for (key, value) in elements {
            precondition(appendIfNew(key, value), "the key \"\(key)\" stands twice in this literal")
        }
    }
}

extension JSONObject: Hashable {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
    }

    package func hash(into hasher: inout Hasher) {
        // A sum does not see the order of its terms, as equality does not.
        var sum = 0
        for member in members {
            var own = Hasher()
            own.combine(ExactText(member.key))
            own.combine(member.value)
            sum &+= own.finalize()
        }
        hasher.combine(count)
        hasher.combine(sum)
    }
}
