import PinfoldJSON
import PinfoldLinux
import TestSupport
import Testing

/// Any number in any place of any call, sent by hand to a real controller, by root and by somebody else.
@Suite(.needsCgroups)
struct ExtremeNumberTests {
    private static let values = Extremes.ends + Extremes.others
    private static let nobody: UInt32 = 65_534

    @Test func controllerAnswersItsOwnUser() throws { try attack(as: nil) }

    @Test(.enabled(if: ownUser() == 0, "only root can be somebody else"))
    func controllerAnswersAnotherUser() throws { try attack(as: Self.nobody) }

    private func attack(as user: UInt32?) throws {
        try Rig.with { rig in
            try rig.openToOthers()
            func client() throws -> WireClient { try WireClient(rig.socket, as: user) }
            let wrapped = user.map { ["setpriv", "--reuid=\($0)", "--regid=\($0)", "--clear-groups", "--"] } ?? []
            let program = try rig.start("a", wrapped: wrapped)

            let other = try client()
            for call in Extremes.calls {
                for (name, _) in call.members {
                    for value in Self.values + [Extremes.longText] { _ = try other.ask(call.frame(with: name, value)) }
                }
            }
            for (name, _) in Extremes.opening.members {
                for value in Self.values { _ = try client().ask(Extremes.opening.frame(with: name, value)) }
            }
            let launcher = try client()
            _ = try launcher.ask(Extremes.opening.frame(with: "session", "\"b\""))
            for call in Extremes.leaseCalls + Extremes.lastCalls {
                for (name, _) in call.members {
                    for value in Self.values { _ = try launcher.ask(call.frame(with: name, value)) }
                }
            }

            let shown = try other.ask(Extremes.calls[0].frame())
            let keys = try #require(shown["parameters"]?["policy"]?.object?.keys)
            #expect(keys.contains("CPUQuota"))
            // A session that is at an end by then is set as well; first those that do not end it.
            for key in keys.sorted(by: { !$0.hasSuffix("Sec") && $1.hasSuffix("Sec") }) {
                for value in Extremes.settings(Extremes.ends, units: ["", "%", "s", "P"]) {
                    let setting = JSON.array([.string("\(key)=\(value)")]).serialized()
                    _ = try other.ask(
                        Extremes.calls[1].frame(with: "settings", String(decoding: setting, as: UTF8.self)))
                }
            }

            #expect(try rig.controller?.poll() == nil)
            #expect(try rig.pinfold("run", "-s", "after", "--", "true").status == 0)
            try rig.killController()
            try rig.serve()
            #expect(try rig.list().contains { $0["id"]?.string == "a" })
            withExtendedLifetime(program) {}
        }
    }
}

/// A client that sends what it is given.
private final class WireClient {
    private let stream: LocalStream
    private var received: [UInt8] = []

    init(_ path: String, as user: UInt32?) throws {
        stream = try acting(as: user) { try LocalStream.connect(to: path, timeout: Rig.patience) }
    }

    /// The next reply; on a connection that streams them the first.
    func ask(_ frame: [UInt8]) throws -> JSON {
        var rest = (frame + [0])[...]
        while !rest.isEmpty {
            switch try stream.send(Array(rest), descriptors: []) {
            case .bytes(let count): rest = rest.dropFirst(count)
            case .wouldBlock: try wait(.writable)
            case .brokenPipe: throw Missing("a controller that reads \(shown(frame))")
            }
        }
        while true {
            if let end = received.firstIndex(of: 0) {
                defer { received.removeSubrange(...end) }
                return try JSON.parse(Array(received[..<end]))
            }
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            switch try stream.receive(into: &buffer, accepting: 1) {
            case .closed: throw Missing("an answer to \(shown(frame))")
            case .wouldBlock: try wait(.readable)
            case .data(let count, _): received += buffer[..<count]
            }
        }
    }

    private func wait(_ interest: Poller.Interest) throws {
        let deadline = MonotonicClock.now().advanced(by: Rig.patience)
        guard try !waitFor(stream.descriptor.number, interest, deadline: deadline).isEmpty else {
            throw Missing("an answer in time")
        }
    }

    private func shown(_ frame: [UInt8]) -> String { String(decoding: frame.prefix(200), as: UTF8.self) }
}
