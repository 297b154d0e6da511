import PinfoldCore
package import PinfoldLinux

/// The journal of systemd, which keeps fields with each line. See systemd.io, "Native Journal Protocol".
package final class Journal: Sendable {
    package static let path = "/run/systemd/journal/socket"

    private let socket: DatagramSocket

    package init(_ path: String = Journal.path) throws(Errno) {
        socket = try DatagramSocket(to: path)
    }

    /// The journal, where standard error is connected to it.
    ///
    /// - Parameters:
    ///   - stream: the value of `JOURNAL_STREAM`, which says what the manager connected (systemd.exec(5)). It is
    ///     inherited by processes whose standard error has long been another file.
    ///   - error: what standard error is.
    package static func behind(_ error: FileStatus?, stream: String?) -> Journal? {
        guard let error, stream == "\(error.device):\(error.inode)" else { return nil }
        return try? Journal()
    }

    /// Sends a line. Never waits.
    ///
    /// - Returns: false where the journal did not take it.
    package func take(_ line: LogLine) -> Bool {
        (try? socket.send(JournalEntry(line).bytes)) != nil
    }
}

/// The fields of an entry as they are sent.
struct JournalEntry {
    /// Bytes of one value. An entry has a few; together they fit into the smallest message that a socket takes by
    /// default (`net.core.wmem_default`), so that none has to go into a file of its own.
    static let longestValue = 16 << 10

    private(set) var bytes: [UInt8] = []

    init(_ line: LogLine) {
        add("MESSAGE", line.text)
        add("PRIORITY", "\(line.priority.rawValue)")
        add("SYSLOG_IDENTIFIER", "pinfold")
        guard let event = line.event else { return }
        add("MESSAGE_ID", event.name.messageID)
        add("PINFOLD_EVENT", event.name.rawValue)
        if let session = event.session { add("PINFOLD_SESSION", session.text) }
        if let life = event.life { add("PINFOLD_LIFE", "\(life)") }
        for detail in event.details where detail.name == "cause" {
            if case .text(let kind) = detail.value { add("PINFOLD_CAUSE", kind) }
        }
    }

    /// - Parameter name: capital letters, digits and underscores.
    private mutating func add(_ name: String, _ value: String) {
        let text = Array(value.utf8.prefix(Self.longestValue))
        bytes += Array(name.utf8)
        if text.contains(UInt8(ascii: "\n")) {
            // Its length, little-endian, in place of the `=`: the value could otherwise end early, or be two fields.
            bytes.append(UInt8(ascii: "\n"))
            let length = UInt64(text.count)
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: length >> shift))
            }
        } else {
            bytes.append(UInt8(ascii: "="))
        }
        bytes += text
        bytes.append(UInt8(ascii: "\n"))
    }
}
