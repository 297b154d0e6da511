/// A set of CPUs by number, written as the kernel and systemd write it: `0-3 7` or `0-3,7`. See cpuset(7), "List
/// format".
package struct CPUSet: Hashable, Sendable, CustomStringConvertible {
    /// The largest number taken; the kernel's own bound is `NR_CPUS`, at most 8192.
    package static let largest: UInt32 = 8191

    /// Ascending, each once.
    package let numbers: [UInt32]

    /// Nil for an empty set or a number over the largest.
    package init?(_ numbers: some Sequence<UInt32>) {
        let sorted = Set(numbers).sorted()
        guard let last = sorted.last, last <= Self.largest else { return nil }
        self.numbers = sorted
    }

    /// Reads ranges and numbers set apart by commas or white space; nil where something else stands there.
    package init?(text: String) {
        var numbers: [UInt32] = []
        for part in text.split(whereSeparator: { $0 == "," || $0 == " " || $0 == "\t" }) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false)
            guard (1...2).contains(ends.count), let first = UInt32(ends[0]), let last = UInt32(ends[ends.count - 1]),
                first <= last, last <= Self.largest
            else { return nil }
            numbers.append(contentsOf: first...last)
        }
        self.init(numbers)
    }

    package func isSubset(of other: CPUSet) -> Bool {
        Set(numbers).isSubset(of: other.numbers)
    }

    /// The kernel's list format: `0-3,7`.
    package var description: String {
        var ranges: [(first: UInt32, last: UInt32)] = []
        for number in numbers {
            if let end = ranges.last, end.last + 1 == number {
                ranges[ranges.count - 1].last = number
            } else {
                ranges.append((number, number))
            }
        }
        return ranges.map { $0.first == $0.last ? "\($0.first)" : "\($0.first)-\($0.last)" }.joined(separator: ",")
    }
}
