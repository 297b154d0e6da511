import PinfoldCore
import PinfoldJSON
import PinfoldLinux
import PinfoldProtocol
import TestSupport
import Testing

@testable import PinfoldController

/// Clients that behave badly. Whatever one of them does, the others are served.
@Suite struct ClientTests {
    /// That a well-behaved client is answered, and a session of another one lives.
    private func expectOthersServed(_ harness: ControllerHarness, _ bystander: Launch) throws {
        #expect(try harness.client().ask(.list).parameters["sessions"]?.array?.count == 1)
        #expect(try harness.session("bystander")?.state == .busy)
        withExtendedLifetime(bystander) {}
    }

    @Test func listComesInPagesThatLeaveNothingOutAndListNothingTwice() throws {
        try ControllerHarness.with { harness in
            let names = (0..<2_500).map { "s\($0)" }
            let adoptions = try names.map { name in
                var session = Session(
                    id: try SessionID(name), owner: UserID(1_001), policyName: "default", policy: SessionPolicy(),
                    settings: [], lastActivity: harness.now)
                session.lives = 1
                session.isSuspended = true
                session.cause = .idleTimeout(idle: .seconds(1), limit: .seconds(1))
                return Adoption(session: session, adoptedLife: nil)
            }
            harness.controller.dispatch(.adopted(adoptions))
            let client = try harness.client()
            var found: [String] = []
            var request: Request? = .list
            while let next = request {
                let page = try client.ask(next).parameters
                let part = page["sessions"]?.array?.compactMap { $0["id"]?.string } ?? []
                #expect(part.count <= 1_000)
                found += part
                request = page["next"]?.string.map { .listPage(after: $0, limit: nil) }
            }
            #expect(found.count == names.count)
            #expect(Set(found) == Set(names))
            let few = try client.ask(.listPage(after: "s1", limit: 2)).parameters
            #expect(few["sessions"]?.array?.compactMap { $0["id"]?.string } == ["s10", "s100"])
            #expect(few["next"]?.string == "s100")
        }
    }

    @Test func halfAFrameBlocksNoOtherClient() throws {
        try ControllerHarness.with { harness in
            let bystander = try harness.start("bystander")
            let bad = try harness.client()
            try bad.send(Array("{\"method\":\"io.pinf".utf8))
            try expectOthersServed(harness, bystander)
            bad.hangUp()
            try expectOthersServed(harness, bystander)
        }
    }

    @Test(arguments: [
        "\0", "{\0", "[]\0", "{\"method\":1}\0", "{\"method\":\"a\",\"method\":\"b\"}\0", "\u{1}\u{2}\0",
        "GET / HTTP/1.1\r\n\r\n\0",
    ])
    func bytesThatAreNoCallEndTheConversation(text: String) throws {
        try ControllerHarness.with { harness in
            let bystander = try harness.start("bystander")
            let bad = try harness.client()
            try bad.send(Array(text.utf8))
            #expect(try bad.reply() == nil)
            #expect(bad.isClosed)
            try expectOthersServed(harness, bystander)
        }
    }

    @Test func hundredMegabytesWithoutAnEndAreNotKept() throws {
        try ControllerHarness.with { harness in
            let bystander = try harness.start("bystander")
            let bad = try harness.client()
            let piece = [UInt8](repeating: 0x20, count: 1 << 20)
            for _ in 0..<100 where !bad.isClosed {
                try bad.send(piece)
                _ = try? bad.poll()
            }
            #expect(try bad.reply() == nil)
            #expect(harness.lines.contains { $0.contains("more than \(Frame.longestCall) bytes") })
            try expectOthersServed(harness, bystander)
        }
    }

    @Test func deepNestingEndsTheConversation() throws {
        try ControllerHarness.with { harness in
            let bystander = try harness.start("bystander")
            let bad = try harness.client()
            let depth = 200_000
            try bad.send(
                Array("{\"method\":\"a.B\",\"parameters\":{\"x\":".utf8) + [UInt8](repeating: 0x5B, count: depth) + [0])
            #expect(try bad.reply() == nil)
            try expectOthersServed(harness, bystander)
        }
    }

    @Test func descriptorThatNoCallWantsEndsTheConversationAndIsClosed() throws {
        try ControllerHarness.with(passesDescriptors: true) { harness in
            let bystander = try harness.start("bystander")
            let client = try harness.client()
            let pipe = try Pipe()
            try client.send(Request.list.call.frame, descriptors: [pipe.writing.number, pipe.writing.number])
            while try client.reply() != nil {}
            #expect(client.isClosed)
            try expectOthersServed(harness, bystander)
            let snapshot = try unwrap(endOfPipe(pipe))
            // Nobody holds the other end any more.
            #expect(try snapshot.readToEnd() == [])
        }
    }

    private func endOfPipe(_ pipe: consuming Pipe) -> OwnedDescriptor? {
        pipe.reading
    }

    @Test func clientThatHangsUpInTheMiddleOfAnOrderLeavesTheOrderInForce() throws {
        try ControllerHarness.with { harness in
            let launch = try harness.start("a")
            let user = try harness.client()
            try user.send(.order(.kill, "a"))
            user.hangUp()
            #expect(try launch.ending(.signaled(9)).cause.kind == .killed)
        }
    }

    @Test func callsThatWaitAreAnsweredInTheirOrder() throws {
        try ControllerHarness.with { harness in
            let launch = try harness.start("a")
            let user = try harness.client()
            try user.send(.order(.kill, "a"))
            try user.send(.list)
            try user.send(.show("nobody"))
            _ = try launch.ending(.signaled(9))
            #expect(try user.reply()?.parameters["session"]?["state"]?.string == "ended")
            #expect(try user.reply()?.parameters["sessions"]?.array?.count == 1)
            #expect(try user.reply()?.error == "io.pinfold.NoSuchSession")
        }
    }

    @Test func subscriberThatDoesNotReadIsCutOffAndCostsABoundedAmount() throws {
        try ControllerHarness.with { harness in
            let deaf = try harness.client()
            try deaf.send(.events(follow: true, since: nil))
            let launch = try harness.start("a")
            let long = String(repeating: "x", count: 60_000)
            for _ in 0..<400 { harness.controller.log(LoggedEvent(.refused, nil, [("message", .text(long))])) }
            try harness.turn(until: { harness.controller.connections.count == 1 }, "the cut")
            #expect(try harness.session("a")?.state == .busy)
            withExtendedLifetime((deaf, launch)) {}
        }
    }

    @Test func leaseCallsWithoutALeaseAreRefused() throws {
        try ControllerHarness.with { harness in
            let client = try harness.client()
            let reply = try client.ask2(Call("io.pinfold.Exited", ["code": 0]))
            #expect(reply?.error == "io.pinfold.NoLease")
        }
    }

    @Test func exitStatusThatNoCommandCanHaveIsRefusedAndChangesNothing() throws {
        try ControllerHarness.with { harness in
            let launch = try harness.start("a")
            for parameters: JSONObject in [["signal": 2_147_483_647], ["signal": -1], ["code": 2_147_483_648]] {
                let reply = try launch.client.ask2(Call("io.pinfold.Exited", parameters))
                #expect(reply?.error == "org.varlink.service.InvalidParameter")
            }
            #expect(try harness.session("a")?.state == .busy)
        }
    }

    @Test func oneLeaseToAConnection() throws {
        try ControllerHarness.with { harness in
            let launch = try harness.start("a")
            try launch.client.send(.open(OpenRequest(session: "b", command: ["x"])))
            #expect(try launch.client.reply()?.error == "io.pinfold.Rejected")
            #expect(try harness.session("a")?.state == .busy)
        }
    }

    @Test(arguments: [
        ("../x", "has a '/'"), ("", "is empty"), ("cgroup.procs", "control file"), ("a\u{0}b", "control character"),
        (String(repeating: "x", count: 129), "129 bytes"),
    ])
    func badNameIsRejectedWithWhatWouldBeRight(name: String, words: String) throws {
        try ControllerHarness.with { harness in
            for request in [Request.open(OpenRequest(session: name, command: ["x"])), .show(name), .order(.kill, name)]
            {
                let reply = try harness.client().ask(request)
                #expect(reply.error == "io.pinfold.Rejected")
                #expect(reply.parameters["message"]?.string?.contains(words) == true)
            }
        }
    }

    @Test func requestForAPolicyThatIsNotThereNamesThoseThatAre() throws {
        try ControllerHarness.with(policies: ["agent.policy": "[Session]\nTasksMax=9\n"]) { harness in
            let reply = try harness.client().ask(.open(OpenRequest(policy: "agnet", command: ["x"])))
            #expect(reply.parameters["message"]?.string == "there is no policy 'agnet'; there are agent, default")
        }
    }

    @Test func sessionsWithoutANameGetOneFromTheirCommand() throws {
        try ControllerHarness.with { harness in
            let client = try harness.client()
            let reply = try client.ask(.open(OpenRequest(command: ["/usr/bin/julia-1.9", "x"])))
            let name = reply.parameters["lease"]?["session"]?.string ?? ""
            #expect(name.hasPrefix("julia19-"))
            #expect(name.count == "julia19-".count + 6)
        }
    }

    @Test func eventsAreRememberedAndFollowed() throws {
        try ControllerHarness.with { harness in
            let follower = try harness.client()
            let first = try follower.ask(.events(follow: true, since: nil))
            #expect(first.continues)
            let launch = try harness.start("a")
            #expect(try follower.reply()?.parameters["events"]?[0]?["event"]?.string == "admitted")
            #expect(try follower.reply()?.parameters["events"]?[0]?["event"]?.string == "started")
            let remembered = try harness.client().ask(.events(follow: false, since: nil))
            #expect(remembered.parameters["events"]?.array?.map { $0["event"]?.string } == ["admitted", "started"])
            let later = try harness.client().ask(.events(follow: false, since: "2999-01-01T00:00:00Z"))
            #expect(later.parameters["events"]?.array?.isEmpty == true)
            #expect(try harness.client().ask(.events(follow: false, since: "yesterday")).error != nil)
            withExtendedLifetime(launch) {}
        }
    }

    @Test func serviceDescribesItself() throws {
        try ControllerHarness.with { harness in
            let client = try harness.client()
            let information = try client.ask(.information).parameters
            #expect(information["interfaces"]?.array?.compactMap(\.string) == ["io.pinfold", "org.varlink.service"])
            for name in ["io.pinfold", "org.varlink.service"] {
                let text = try client.ask(.interfaceDescription(name)).parameters["description"]?.string
                #expect(text?.contains("interface \(name)\n") == true)
            }
            #expect(try client.ask(.interfaceDescription("io.else")).error == "org.varlink.service.InterfaceNotFound")
        }
    }
}

extension TestClient {
    fileprivate func ask2(_ call: Call) throws -> Reply? {
        try send(call.frame)
        return try reply()
    }
}
