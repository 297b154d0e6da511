/// Values at which readers and calculations break, as JSON writes them, and calls with one of them in each place.
package enum Extremes {
    /// Every power of two up to 2^64 with its neighbours, and the same below zero.
    package static let integers: [String] = {
        var found: [UInt128] = [0]
        for power in 0...64 as ClosedRange<UInt128> {
            let value = UInt128(1) << power
            found += [value - 1, value, value + 1]
        }
        let texts = Set(found).sorted().map { "\($0)" }
        return texts + texts.dropFirst().map { "-\($0)" }
    }()

    /// As a percentage it fits in hundredths, and not in the microseconds of a quota.
    private static let quota = "184467440737095516"

    /// The ends of each width, for where every place times every number would take minutes.
    package static let fewIntegers = [
        "0", "1", "-1", "127", "128", "255", "256", "65536", "2147483647", "2147483648", "-2147483648", "-2147483649",
        "4294967295", "4294967296", "9007199254740992", "9007199254740993", "9223372036854", "9223372036855",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", quota,
        "18446744073709551615", "18446744073709551616",
    ]

    /// Fewer still, for a controller in a slow machine.
    package static let ends = [
        "0", "1", "-1", "2147483648", "9007199254740993", quota, "9223372036854775807", "18446744073709551615",
        "18446744073709551616",
    ]

    package static let others = [
        "1e308", "-1e308", "1e309", "1e-308", "0.5", "1.0", "-0", "\"\"", "\"\\u0000\"", "null", "true", "[]", "{}",
        "[null]", "[[]]", "\"18446744073709551616\"",
    ]

    /// As long as a call may be, nearly.
    package static let longText = "\"" + String(repeating: "x", count: 2_000_000) + "\""

    /// A method with parameters that are right.
    package struct Call: Sendable {
        package let method: String
        package let members: [(name: String, json: String)]
        package let wantsMore: Bool

        init(_ method: String, _ members: [(name: String, json: String)] = [], more: Bool = false) {
            self.method = "io.pinfold." + method
            self.members = members
            wantsMore = more
        }

        /// The frame without its NUL, one member being another.
        package func frame(with member: String = "", _ json: String = "") -> [UInt8] {
            let parameters = members.map { "\"\($0.name)\":\($0.name == member ? json : $0.json)" }
            let more = wantsMore ? ",\"more\":true" : ""
            return Array(
                "{\"method\":\"\(method)\",\"parameters\":{\(parameters.joined(separator: ","))}\(more)}".utf8)
        }
    }

    /// Calls that anybody may make, about the session `a`.
    package static let calls =
        [
            Call("Show", [("session", "\"a\"")]),
            Call("Set", [("session", "\"a\""), ("settings", "[\"TasksMax=100\"]")]),
            Call("SetToken", [("session", "\"a\""), ("life", "1"), ("token", "\"t\"")]),
            Call("Events", [("follow", "false"), ("since", "\"2026-01-01T00:00:00Z\"")]),
            Call("Reopen", [("session", "\"none\""), ("life", "1")], more: true), Call("List"), Call("Explain"),
            Call("Describe"), Call("Reload"),
        ]
        + ["Touch", "Pin", "Unpin", "Suspend", "End", "Kill"].map { Call($0, [("session", "\"none\"")]) }

    /// Asks for a session; each on a connection of its own.
    package static let opening = Call(
        "Open",
        [
            ("session", "null"), ("policy", "null"), ("settings", "[]"), ("command", "[\"true\"]"),
            ("waitMilliseconds", "0"), ("keepTree", "false"),
        ], more: true)

    /// Calls of whoever holds a lease.
    package static let leaseCalls = [
        Call("Started", [("pid", "1"), ("placement", "\"into\"")]), Call("Active", [("source", "\"touch\"")]),
        Call("Turn", [("state", "\"open\""), ("turns", "null"), ("use", "true")]),
        Call("Remember", [("token", "\"t\"")]),
    ]

    /// The last call of whoever holds a lease.
    package static let lastCalls = [
        Call("Exited", [("code", "0"), ("signal", "null")]),
        Call("StartFailed", [("reason", "\"\""), ("exitCode", "1")]),
    ]

    /// Turns with each number in each place.
    package static func turns(_ number: String) -> [String] {
        [
            "[{\"number\":\(number),\"state\":\"open\",\"milliseconds\":0}]",
            "[{\"number\":1,\"state\":\"waiting\",\"milliseconds\":\(number)}]",
        ]
    }

    /// Values of policy keys, of every kind a key may have.
    package static func settings(
        _ integers: [String], units: [String] = ["", "%", ".5%", "K", "E", "s", "y", "us", "w 1ms", "-1", ".001G"]
    ) -> [String] {
        integers.flatMap { number in units.map { number + $0 } }
            + [
                "infinity", "", "1e308", "nan", "-", "0-4294967295", "4294967295",
                "18446744073709551615-18446744073709551616",
            ]
    }
}
