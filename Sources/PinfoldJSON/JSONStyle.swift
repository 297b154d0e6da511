/// How JSON is written.
package struct JSONStyle: Sendable, Hashable {
    /// Over several lines, indented by two spaces, for people; else on one line without any white space.
    package let isPretty: Bool

    /// Members in the order of their keys' code points; else in their own.
    package let sortsKeys: Bool

    package init(isPretty: Bool = false, sortsKeys: Bool = false) {
        self.isPretty = isPretty
        self.sortsKeys = sortsKeys
    }

    /// One line, members in their own order.
    package static var compact: JSONStyle { JSONStyle() }

    /// Indented, members in their own order.
    package static var pretty: JSONStyle { JSONStyle(isPretty: true) }
}
