/// A string compared by its bytes.
///
/// `String` compares by canonical equivalence: a key in NFC equals the same key in NFD, so a legal object would seem to
/// have a key twice. It also hashes the normalised form, so that a sender could make thousands of different keys
/// collide by reordering combining marks.
struct ExactText: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: ExactText, right: ExactText) -> Bool {
        left.text.utf8.count == right.text.utf8.count && left.text.utf8.elementsEqual(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        unsafe text.utf8.span.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        // As in `String`: without an end mark, "a" then "b" would feed the same bytes as "ab" then "".
        hasher.combine(0xFF as UInt8)
    }

    /// Less where the bytes are, which is also the order of the code points.
    static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}
