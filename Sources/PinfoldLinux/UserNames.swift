/// Names of users, from the text of `/etc/passwd`. See passwd(5).
///
/// Not getpwnam(3): in a static executable it would load the C library's name service at run time, which may be
/// another version or missing. So users that come from a network directory have numbers only.
package struct UserNames: Sendable, Hashable {
    private var names: [UInt32: String] = [:]
    private var users: [String: UInt32] = [:]

    /// Reads the text of the file; the first line of a name or number counts, as it does for getpwnam(3).
    package init(passwd text: String) {
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count >= 4, !fields[0].isEmpty, let user = UInt32(fields[2]) else { continue }
            let name = String(fields[0])
            if names[user] == nil { names[user] = name }
            if users[name] == nil { users[name] = user }
        }
    }

    /// This machine's; empty where the file cannot be read.
    package static func ofThisMachine() -> UserNames {
        let bytes = try? OwnedDescriptor.open("/etc/passwd", .read).readToEnd()
        return UserNames(passwd: String(decoding: bytes ?? [], as: UTF8.self))
    }

    package func name(of user: UInt32) -> String? { names[user] }

    /// The user of a name, or of a number written out.
    package func user(_ nameOrNumber: String) -> UInt32? { users[nameOrNumber] ?? UInt32(nameOrNumber) }
}
