import Glibc

/// The facts of `/proc/PID/stat`. See proc(5).
package struct ProcessStat: Sendable, Hashable {
    package var process: ProcessID
    /// The name, 15 bytes at most; any characters may be in it.
    package var command: String
    /// One letter: `R`, `S`, `D`, `Z`, `T` …
    package var state: Character
    package var parent: ProcessID
    package var processGroup: ProcessID
    package var session: ProcessID
    /// Clock ticks between boot and its start: with the number, it distinguishes a process from a later one.
    package var startTime: UInt64

    /// Reads the text of the file; nil where it is none.
    package init?(text: String) {
        // The command may hold spaces, parentheses and line ends: it goes from the first "(" to the last ")".
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close,
            let process = ProcessID(text[..<open].filter { $0 != " " })
        else { return nil }
        let fields = text[text.index(after: close)...].split(whereSeparator: { $0 == " " || $0 == "\n" })
        guard fields.count >= 20, let state = fields[0].first, let parent = ProcessID(fields[1]),
            let group = ProcessID(fields[2]), let session = ProcessID(fields[3]), let start = UInt64(fields[19])
        else { return nil }
        self.process = process
        command = String(text[text.index(after: open)..<close])
        self.state = state
        self.parent = parent
        processGroup = group
        self.session = session
        startTime = start
    }

    /// Of a process now; nil where there is none.
    package static func of(_ process: ProcessID, proc: String = "/proc") -> ProcessStat? {
        procFile(process, "stat", proc).flatMap { ProcessStat(text: String(decoding: $0, as: UTF8.self)) }
    }
}

/// The facts of `/proc/PID/status`. See proc(5).
package struct ProcessStatus: Sendable, Hashable {
    /// The process a thread belongs to; of a process, itself.
    package var process: ProcessID
    package var parent: ProcessID
    /// The real user: who may send it signals and limits.
    package var user: UInt32
    package var effectiveUser: UInt32
    /// Bit n−1: signal n is blocked, ignored.
    package var blocked: UInt64
    package var ignored: UInt64

    /// Reads the text of the file; nil where it is none.
    package init?(text: String) {
        var fields: [Substring: [Substring]] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(whereSeparator: { $0 == "\t" || $0 == " " })
            if let key = words.first { fields[key] = Array(words.dropFirst()) }
        }
        guard let process = fields["Tgid:"]?.first.flatMap({ ProcessID($0) }),
            let parent = fields["PPid:"]?.first.flatMap({ ProcessID($0) }),
            let users = fields["Uid:"], users.count >= 2, let user = UInt32(users[0]), let effective = UInt32(users[1])
        else { return nil }
        self.process = process
        self.parent = parent
        self.user = user
        effectiveUser = effective
        blocked = fields["SigBlk:"]?.first.flatMap { UInt64($0, radix: 16) } ?? 0
        ignored = fields["SigIgn:"]?.first.flatMap { UInt64($0, radix: 16) } ?? 0
    }

    /// Of a process or thread now; nil where there is none.
    package static func of(_ process: ProcessID, proc: String = "/proc") -> ProcessStatus? {
        procFile(process, "status", proc).flatMap { ProcessStatus(text: String(decoding: $0, as: UTF8.self)) }
    }
}

/// The arguments of a process, empty for a kernel thread or a zombie; nil where there is no such process.
package func commandLine(of process: ProcessID, proc: String = "/proc") -> [String]? {
    procFile(process, "cmdline", proc).map { bytes in
        var bytes = bytes[...]
        if bytes.last == 0 { bytes.removeLast() }
        guard !bytes.isEmpty else { return [] }
        return bytes.split(separator: 0, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension CgroupMembership {
    /// Where a process is in the unified hierarchy; nil where there is no such process.
    package static func of(_ process: ProcessID, proc: String = "/proc") -> CgroupMembership? {
        procFile(process, "cgroup", proc).flatMap { unified(in: String(decoding: $0, as: UTF8.self)) }
    }
}

/// Nil where the process is gone: ENOENT before the open, ESRCH after.
private func procFile(_ process: ProcessID, _ name: String, _ proc: String) -> [UInt8]? {
    try? OwnedDescriptor.open("\(proc)/\(process)/\(name)", .read).readToEnd()
}

/// This process's number.
package func ownProcessID() -> ProcessID { getpid() }

/// The number of this process's parent; it changes when the parent ends.
package func parentProcessID() -> ProcessID { getppid() }

/// The user this process acts as.
package func ownUser() -> UInt32 { geteuid() }
