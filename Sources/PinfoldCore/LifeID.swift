/// One life of one session. Every start is a new life with a new cgroup directory.
///
/// On many kernels a directory whose `cgroup.kill` was once written kills newborn children for ever after, so a killed
/// directory is never used again and the number in its name only grows.
package struct LifeID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The largest number of a life: the largest that every reader of JSON reads exactly.
    package static let largest: UInt64 = 1 << 53

    package let session: SessionID
    /// 1 for the first life.
    package let number: UInt64

    package init(session: SessionID, number: UInt64) {
        self.session = session
        self.number = number
    }

    /// Reads the name of a cgroup directory back; nil where it is not one of ours.
    package init?(directoryName: String) {
        guard let dot = directoryName.lastIndex(of: ".") else { return nil }
        let digits = directoryName[directoryName.index(after: dot)...]
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), digits.first != "0", let number = UInt64(digits),
            let session = try? SessionID(String(directoryName[..<dot]))
        else { return nil }
        self.init(session: session, number: number)
    }

    /// The name of the life's cgroup directory below `sessions/`.
    package var directoryName: String { "\(session.text).\(number)" }

    package var description: String { directoryName }

    package static func < (left: LifeID, right: LifeID) -> Bool {
        (left.session, left.number) < (right.session, right.number)
    }
}

/// Who asks: the connection of a client, as numbered by the loop. Never used twice.
package struct ClientID: Hashable, Sendable {
    package let number: UInt64

    package init(_ number: UInt64) {
        self.number = number
    }
}

/// A user of the machine, by the kernel's number.
package struct UserID: Hashable, Sendable, CustomStringConvertible {
    package let number: UInt32

    package init(_ number: UInt32) {
        self.number = number
    }

    package var description: String { "uid \(number)" }
}
