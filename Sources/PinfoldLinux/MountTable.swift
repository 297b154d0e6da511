/// One mount, a line of `/proc/self/mountinfo`. See proc_pid_mountinfo(5).
package struct Mount: Sendable, Hashable {
    /// Which part of the file system is mounted: `/` for all of it.
    package var root: String
    package var point: String
    package var options: [String]
    /// `cgroup2`, `tmpfs` …
    package var type: String
    package var source: String
    package var superOptions: [String]

    /// Reads one line; nil where it is none.
    package init?(line: Substring) {
        let fields = line.split(separator: " ", omittingEmptySubsequences: false)
        // After the sixth field come any number of optional ones, then a lonely "-".
        guard fields.count >= 10, let dash = fields[6...].firstIndex(of: "-"), dash + 3 < fields.count else {
            return nil
        }
        root = Self.unescaped(fields[3])
        point = Self.unescaped(fields[4])
        options = fields[5].split(separator: ",").map { String($0) }
        type = String(fields[dash + 1])
        source = Self.unescaped(fields[dash + 2])
        superOptions = fields[dash + 3].split(separator: ",").map { String($0) }
    }

    /// Reads the text of the file; lines that are none are passed over. Later ones may hide earlier ones.
    package static func table(_ text: String) -> [Mount] {
        text.split(separator: "\n").compactMap { Mount(line: $0) }
    }

    /// Space, tab, line end and backslash are written as three octal digits.
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let first = rest.popFirst() {
            let digits = rest.prefix(3)
            guard first == UInt8(ascii: "\\"), digits.count == 3, digits.allSatisfy({ (48...55).contains($0) }) else {
                bytes.append(first)
                continue
            }
            bytes.append(digits.reduce(0) { $0 &* 8 &+ ($1 - 48) })
            rest = rest.dropFirst(3)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// One hierarchy a process is in, a line of `/proc/PID/cgroup`. See cgroups(7).
package struct CgroupMembership: Sendable, Hashable {
    /// 0 is the unified hierarchy.
    package var hierarchy: Int
    /// Empty for the unified hierarchy.
    package var controllers: [String]
    /// As this process's cgroup namespace sees it; without the mark of a removed directory.
    package var path: String
    /// Whether the directory was removed under the process.
    package var isDeleted: Bool

    /// Reads one line; nil where it is none.
    package init?(line: Substring) {
        // The path may hold colons of its own.
        let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3, let hierarchy = Int(fields[0]), fields[2].hasPrefix("/") else { return nil }
        self.hierarchy = hierarchy
        controllers = fields[1].split(separator: ",").map { String($0) }
        let mark = " (deleted)"
        isDeleted = fields[2].hasSuffix(mark)
        path = String(isDeleted ? fields[2].dropLast(mark.count) : fields[2][...])
    }

    /// Reads the text of the file; lines that are none are passed over.
    package static func table(_ text: String) -> [CgroupMembership] {
        text.split(separator: "\n").compactMap { CgroupMembership(line: $0) }
    }

    /// The place in the unified hierarchy; nil where there is none.
    package static func unified(in text: String) -> CgroupMembership? {
        table(text).first { $0.hierarchy == 0 && $0.controllers.isEmpty }
    }
}
