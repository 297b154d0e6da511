package import PinfoldCore
package import PinfoldJSON
package import PinfoldLinux
import PinfoldProtocol

/// The latest events, in memory.
package struct EventLog {
    /// Enough to see what led to an incident.
    static let capacity = 2_048
    /// An event takes half a KiB, or more with a long reason.
    static let mostBytes = 1 << 20

    package struct Entry: Sendable {
        package let time: WallTime
        package let loggedEvent: LoggedEvent
        /// The owner of its session; nil: without a session.
        package let owner: UserID?

        package var json: JSON { loggedEvent.json(time: time.description) }
    }

    private var entries: [Entry] = []
    private var size = 0
    private var sizes: [UserID?: Int] = [:]

    package init() {}

    package mutating func append(_ entry: Entry) {
        entries.append(entry)
        add(entry.size, to: entry.owner)
        while entries.count > Self.capacity || size > Self.mostBytes { removeOldest() }
    }

    /// Of the user with most entries: a user with many events does not displace those of others.
    private mutating func removeOldest() {
        let owner = sizes.max { $0.value < $1.value }?.key
        guard let index = entries.firstIndex(where: { $0.owner == owner ?? nil }) else { return }
        let removed = entries.remove(at: index)
        add(-removed.size, to: removed.owner)
    }

    private mutating func add(_ bytes: Int, to owner: UserID?) {
        size += bytes
        let own = (sizes[owner] ?? 0) + bytes
        sizes[owner] = own == 0 ? nil : own
    }

    /// Entries in their order, those from `since` on.
    package func all(since: WallTime? = nil) -> [Entry] {
        guard let since else { return entries }
        return entries.filter { $0.time >= since }
    }
}

extension EventLog.Entry {
    /// Bytes in memory, about.
    fileprivate var size: Int {
        loggedEvent.details.reduce(256) { sum, detail in
            guard case .text(let text) = detail.value else { return sum + 32 }
            return sum + 32 + text.utf8.count
        }
    }
}

extension LoggedEvent {
    /// One line for a log that people read.
    package var line: String {
        var words = [name.rawValue]
        if let session { words.append(life.map { "\(session).\($0)" } ?? session.text) }
        for detail in details where detail.name != "cause" {
            switch detail.value {
            case .text(let text):
                let text = PrintableText(text)
                words.append(detail.name == "message" ? "(\(text))" : "\(detail.name)=\(text)")
            case .number(let number): words.append("\(detail.name)=\(number)")
            case .flag(let flag): words.append("\(detail.name)=\(flag)")
            }
        }
        return words.joined(separator: " ")
    }
}
