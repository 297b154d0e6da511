package import PinfoldCore
package import PinfoldJSON
package import PinfoldLinux
import PinfoldProtocol

/// The latest events, in memory.
package struct EventLog {
    /// Enough to see what led to an incident; about half a megabyte.
    static let capacity = 2_048

    package struct Entry: Sendable {
        package let time: WallTime
        package let announcement: Announcement
        /// Whose session it is about; nil: nobody's in particular.
        package let owner: UserID?

        package var json: JSON { announcement.json(time: time.description) }
    }

    private var entries: [Entry] = []
    /// Where the oldest is, once the log is full.
    private var oldest = 0

    package init() {}

    package mutating func append(_ entry: Entry) {
        if entries.count < Self.capacity {
            entries.append(entry)
        } else {
            entries[oldest] = entry
            oldest = (oldest + 1) % Self.capacity
        }
    }

    /// Entries in their order, those from `since` on.
    package func all(since: WallTime? = nil) -> [Entry] {
        let ordered = entries[oldest...] + entries[..<oldest]
        guard let since else { return Array(ordered) }
        return ordered.filter { $0.time >= since }
    }
}

extension Announcement {
    /// One line for a log that people read.
    package var line: String {
        var words = [name.rawValue]
        if let session { words.append(life.map { "\(session).\($0)" } ?? session.text) }
        for detail in details where detail.name != "cause" {
            switch detail.value {
            case .text(let text): words.append(detail.name == "message" ? "(\(text))" : "\(detail.name)=\(text)")
            case .number(let number): words.append("\(detail.name)=\(number)")
            case .flag(let flag): words.append("\(detail.name)=\(flag)")
            }
        }
        return words.joined(separator: " ")
    }
}
