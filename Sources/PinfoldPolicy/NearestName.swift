/// The name that was probably meant.
package enum NearestName {
    /// The one that is most like it, where no more than two characters are different.
    package static func of(_ name: String, among names: [String]) -> String? {
        let lowered = name.lowercased()
        let nearest = names.map { (name: $0, distance: distance(lowered, $0.lowercased())) }.min {
            $0.distance < $1.distance
        }
        // Of a name with three characters two are most of it.
        guard let nearest, nearest.distance <= min(2, (nearest.name.utf8.count + 1) / 2) else { return nil }
        return nearest.name
    }

    /// How many characters must be put in, left out, changed, or exchanged with the next one: the restricted distance of
    /// Damerau and Levenshtein.
    private static func distance(_ left: String, _ right: String) -> Int {
        let (one, other) = (Array(left.utf8.prefix(64)), Array(right.utf8))
        var before: [Int] = []
        var row = Array(0...other.count)
        for (index, byte) in one.enumerated() {
            var next = [index + 1]
            for column in other.indices {
                var least = min(row[column] + (byte == other[column] ? 0 : 1), row[column + 1] + 1, next[column] + 1)
                if index > 0, column > 0, byte == other[column - 1], one[index - 1] == other[column] {
                    least = min(least, before[column - 1] + 1)
                }
                next.append(least)
            }
            (before, row) = (row, next)
        }
        return row[other.count]
    }
}
