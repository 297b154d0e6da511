import CTestSupport
package import PinfoldLinux

/// A terminal that nobody has yet. See pty(7).
package struct Pseudoterminal: ~Copyable {
    /// Behind this one sits the user: what is written are keys, what is read the screen.
    package let keyboard: OwnedDescriptor
    /// Where programs open it.
    package let path: String

    package init() throws {
        var path = [CChar](repeating: 0, count: 64)
        let number = test_open_terminal(&path, path.count)
        guard number >= 0 else { throw Missing("a terminal") }
        keyboard = OwnedDescriptor(owning: number)
        self.path = String(decoding: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
