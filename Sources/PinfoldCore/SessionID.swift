/// The name of a session, chosen by its caller: a chat thread's id, a project's name.
///
/// It becomes part of a directory's name in the cgroup tree and of a record's file name, so it is checked once, here.
package struct SessionID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The longest name, in bytes of UTF-8. A cgroup's directory name may have 255 (`NAME_MAX`), and the life follows.
    package static let longest = 128

    package let text: String

    /// Takes a name that can stand in a directory and on one line of a table.
    ///
    /// - Throws: `SessionIDError` with a sentence that says what would be right.
    package init(_ text: String) throws(SessionIDError) {
        guard !text.isEmpty else { throw SessionIDError(text: text, problem: .empty) }
        guard text.utf8.count <= Self.longest else { throw SessionIDError(text: text, problem: .tooLong) }
        for scalar in text.unicodeScalars {
            if scalar == "/" { throw SessionIDError(text: text, problem: .slash) }
            if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || (0x2028...0x2029).contains(scalar.value) {
                throw SessionIDError(text: text, problem: .control(scalar.value))
            }
        }
        guard !text.hasPrefix(".") else { throw SessionIDError(text: text, problem: .leadingDot) }
        if let prefix = Self.controlFilePrefixes.first(where: { text.hasPrefix($0) }) {
            throw SessionIDError(text: text, problem: .controlFile(prefix))
        }
        guard !Self.legacyControlFiles.contains(text) else {
            throw SessionIDError(text: text, problem: .controlFile(text))
        }
        self.text = text
    }

    package var description: String { text }

    // Byte by byte: Swift's own comparison of strings takes an accent and its two-part spelling for the same, the file
    // system does not, and two sessions would share a record but not a directory.

    package static func == (left: SessionID, right: SessionID) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    package static func < (left: SessionID, right: SessionID) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(UInt8(0xFF))
    }

    /// The kernel puts its own files beside child cgroups; systemd asks delegates to keep off these prefixes.
    private static let controlFilePrefixes = [
        "cgroup.", "memory.", "cpu.", "cpuset.", "io.", "pids.", "hugetlb.", "rdma.", "misc.", "irq.", "dmem.",
        "perf_event.",
    ]
    private static let legacyControlFiles: Set<String> = ["tasks", "notify_on_release", "release_agent"]
}

/// Why a text cannot name a session.
package struct SessionIDError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Problem: Equatable, Sendable {
        case empty, tooLong, slash, leadingDot
        case control(UInt32)
        case controlFile(String)
    }

    package let text: String
    package let problem: Problem

    package var description: String {
        switch problem {
        case .empty:
            "a session's name is empty; give it 1 to \(SessionID.longest) bytes"
        case .tooLong:
            "a session's name has \(text.utf8.count) bytes; at most \(SessionID.longest) are allowed"
        case .slash:
            "the session's name \(quoted) has a '/'; use another character, for example '-'"
        case .leadingDot:
            "the session's name \(quoted) begins with a '.'; begin it with a letter or a digit"
        case .control(let scalar):
            "the session's name \(quoted) has the control character U+\(hexadecimal(scalar)); use printable characters"
        case .controlFile(let name):
            "the session's name \(quoted) looks like the kernel's control file \(name)*; put another word in front"
        }
    }

    /// The name between quotes, with what a terminal would act on made visible and a long one cut.
    private var quoted: String {
        var shown = "'"
        for scalar in text.unicodeScalars.prefix(48) {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            shown += isControl ? "\\u{\(hexadecimal(scalar.value))}" : String(scalar)
        }
        return shown + (text.unicodeScalars.count > 48 ? "…'" : "'")
    }

    private func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
