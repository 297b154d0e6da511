/// How much of a text from outside we are willing to read.
package struct JSONLimits: Sendable, Hashable {
    /// The deepest nesting there can be a limit for. The parser and everything that walks a tree recurse, and must fit
    /// into the stack of any thread.
    package static let deepest = 512

    /// Arrays and objects that may be open at once.
    package let depth: Int

    /// Bytes a text may have.
    package let size: Int

    /// Values a text may have, those inside of others counted too. A tree takes many times as many bytes as its text
    /// where the values are short.
    package let values: Int

    /// Whether half a surrogate pair is read past, and stands for U+FFFD. RFC 8259 (8.2) leaves it open; programs in
    /// JavaScript write it where they cut a text in the middle of a character.
    package let allowsLoneSurrogates: Bool

    /// - Parameters:
    ///   - depth: 128 by default, at most ``deepest``.
    ///   - size: in bytes; 64 MiB by default.
    ///   - values: as many as there are by default.
    package init(
        depth: Int = 128, size: Int = 64 << 20, values: Int = .max, allowsLoneSurrogates: Bool = false
    ) {
        precondition((0...Self.deepest).contains(depth), "a depth of \(depth) does not fit into a stack")
        self.depth = depth
        self.size = size
        self.values = values
        self.allowsLoneSurrogates = allowsLoneSurrogates
    }
}
