import Glibc
package import PinfoldLinux

/// Tells of changes in directories. See inotify(7).
///
/// One for the whole process: a user has 128 of them by default.
package struct Inotify: ~Copyable, Sendable {
    /// What to be told of.
    package struct Change: OptionSet, Sendable, Hashable {
        package let rawValue: UInt32

        package init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        /// A file was made, moved in, moved out or removed.
        package static let names: Change = [
            Change(rawValue: UInt32(IN_CREATE)), Change(rawValue: UInt32(IN_MOVED_TO)),
            Change(rawValue: UInt32(IN_MOVED_FROM)), Change(rawValue: UInt32(IN_DELETE)),
        ]
        /// A file was written and then closed: its content is whole, other than at each write.
        package static let written = Change(rawValue: UInt32(IN_CLOSE_WRITE))
        /// IN_MODIFY: what control files of the kernel report by.
        package static let modified = Change(rawValue: UInt32(IN_MODIFY))
        /// The watched file itself went away, and the watch with it. Reported whether asked for or not.
        package static let gone: Change = [
            Change(rawValue: UInt32(IN_IGNORED)), Change(rawValue: UInt32(IN_DELETE_SELF)),
            Change(rawValue: UInt32(IN_MOVE_SELF)),
        ]
        /// So much happened that some of it was dropped: look at everything anew.
        package static let overflow = Change(rawValue: UInt32(IN_Q_OVERFLOW))
    }

    /// One change.
    package struct Event: Sendable, Hashable {
        /// What ``watch(_:for:)`` returned; −1 for an overflow.
        package var watch: Int32
        package var change: Change
        /// The file's name in a watched directory, else empty.
        package var name: String
    }

    /// To be polled for reading.
    package let descriptor: OwnedDescriptor

    package init() throws(Errno) {
        descriptor = OwnedDescriptor(
            owning: try once("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK)) })
    }

    /// Begins to watch a path; a second time changes the first. The corresponding C function is `inotify_add_watch`.
    package borrowing func watch(_ path: String, for change: Change) throws(Errno) -> Int32 {
        let number = descriptor.number
        return unsafe try path.withName { path throws(Errno) in
            try once("inotify_add_watch") {
                unsafe inotify_add_watch(number, path, change.rawValue & ~UInt32(IN_IGNORED))
            }
        }
    }

    /// What has happened since the last call; empty where nothing did.
    package borrowing func events() throws(Errno) -> [Event] {
        var found: [Event] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case .bytes(let count) = try descriptor.read(into: &buffer) {
            Self.parse(buffer[..<count], into: &found)
        }
        return found
    }

    /// Reads `struct inotify_event`s: watch, mask, cookie and length, four bytes each, then the name, padded by NULs.
    private static func parse(_ bytes: ArraySlice<UInt8>, into found: inout [Event]) {
        var rest = bytes
        func word(_ index: Int) -> UInt32 {
            let start = rest.startIndex + 4 * index
            return unsafe rest[start..<start + 4].withUnsafeBytes { unsafe $0.loadUnaligned(as: UInt32.self) }
        }
        while rest.count >= 16 {
            let length = Int(word(3))
            let name = rest.dropFirst(16).prefix(length).prefix { $0 != 0 }
            found.append(
                Event(
                    watch: Int32(bitPattern: word(0)), change: Change(rawValue: word(1)),
                    name: String(decoding: name, as: UTF8.self)))
            rest = rest.dropFirst(16 + length)
        }
    }
}
