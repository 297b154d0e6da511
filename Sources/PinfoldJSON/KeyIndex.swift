/// Where each key of an object stands among its members.
///
/// Nearly all objects are small, and a search through a few short strings needs no memory and is the faster way; the
/// table comes only with the seventeenth member.
struct KeyIndex: Sendable {
    private static let searched = 16
    private var table: [ExactText: Int] = [:]

    /// The position of `key` among the first `count` keys, or nil.
    func position(of key: String, among count: Int, key keyAt: (Int) -> String) -> Int? {
        let wanted = ExactText(key)
        guard count <= Self.searched else { return table[wanted] }
        return (0..<count).first { ExactText(keyAt($0)) == wanted }
    }

    /// Notes that the key at position `count - 1` was appended.
    mutating func appended(count: Int, key keyAt: (Int) -> String) {
        guard count > Self.searched else { return }
        let unlisted = count == Self.searched + 1 ? 0..<count : (count - 1)..<count
        for position in unlisted { table[ExactText(keyAt(position))] = position }
    }

    /// Starts over for keys that moved.
    mutating func rebuild(count: Int, key keyAt: (Int) -> String) {
        table.removeAll()
        guard count > Self.searched else { return }
        for position in 0..<count { table[ExactText(keyAt(position))] = position }
    }
}
