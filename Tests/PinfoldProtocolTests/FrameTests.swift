import PinfoldCore
import PinfoldJSON
import Testing

@testable import PinfoldProtocol

@Suite struct FrameTests {
    @Test func framesComeOutWholeHoweverTheBytesCameIn() throws {
        let stream = Array("{\"a\":1}\0{\"b\":2}\0{}\0".utf8)
        for size in 1...stream.count {
            var reader = FrameReader(longest: 100)
            var frames: [String] = []
            var rest = stream[...]
            while !rest.isEmpty {
                reader.append(rest.prefix(size))
                rest = rest.dropFirst(size)
                while let frame = try reader.next() { frames.append(String(decoding: frame, as: UTF8.self)) }
            }
            #expect(frames == ["{\"a\":1}", "{\"b\":2}", "{}"])
            #expect(!reader.isInTheMiddle)
        }
    }

    @Test func halfAFrameIsHeldAndKnownToBeHalf() throws {
        var reader = FrameReader(longest: 100)
        reader.append(Array("{\"a\"".utf8))
        #expect(try reader.next() == nil)
        #expect(reader.isInTheMiddle)
    }

    @Test func frameWithoutAnEndIsCutOffAtTheCapAndNotLater() throws {
        var reader = FrameReader(longest: 10)
        reader.append([UInt8](repeating: 0x20, count: 10))
        #expect(try reader.next() == nil)
        reader.append([0x20])
        #expect(throws: FrameReader.TooLong.self) { try reader.next() }
    }

    @Test func frameOverTheCapIsRefusedEvenWhereItsEndIsThere() {
        var reader = FrameReader(longest: 10)
        reader.append([UInt8](repeating: 0x20, count: 11) + [0])
        #expect(throws: FrameReader.TooLong.self) { try reader.next() }
    }

    /// Each piece is searched once: a million bytes one by one would otherwise take half a trillion steps.
    @Test func longFrameInManyPiecesIsSearchedOnce() throws {
        var reader = FrameReader(longest: 1 << 20)
        for _ in 0..<(1 << 20) {
            reader.append(CollectionOfOne(0x20))
            #expect(try reader.next() == nil)
        }
        reader.append([0])
        #expect(try reader.next()?.count == 1 << 20)
    }
}

@Suite struct CallTests {
    @Test(arguments: [
        "", "{", "[]", "1", "null", "{\"parameters\":{}}", "{\"method\":1}", "{\"method\":\"a.B\",\"method\":\"a.C\"}",
        "{\"method\":\"a.B\",\"parameters\":[]}", "{\"method\":\"a.B\",\"oneway\":1}", "{\"method\":\"a.B\",\"x\":1}",
        "\u{FEFF}{\"method\":\"a.B\"}",
    ])
    func bytesThatAreNoCallAreRefusedWithAReason(text: String) {
        let error = #expect(throws: MalformedFrame.self) { try Call(frame: Array(text.utf8)) }
        #expect(error?.reason.isEmpty == false)
    }

    @Test func deepNestingIsRefusedAndNotFollowed() {
        let text = "{\"method\":\"a.B\",\"parameters\":{\"x\":" + String(repeating: "[", count: 100_000)
        #expect(throws: MalformedFrame.self) { try Call(frame: Array(text.utf8)) }
    }

    @Test func callIsReadBackAsItWasWritten() throws {
        let calls = [
            Call("io.pinfold.List"), Call("a.B", ["x": 1], isOneway: true), Call("a.B", ["y": nil], wantsMore: true),
        ]
        for call in calls {
            #expect(call.frame.last == 0)
            #expect(try Call(frame: Array(call.frame.dropLast())) == call)
        }
    }

    /// A token that is not too long must not be cut off for its frame, whatever JSON makes of its characters.
    @Test(arguments: ["\u{1}", "\"", "x", "é", "\u{2028}", "\u{9F}", "\u{10FFFF}"])
    func longestTokenFitsIntoACallAndAReply(character: String) throws {
        let token = String(repeating: character, count: ResumeToken.longest / character.utf8.count)
        #expect(ResumeToken.problem(with: token) == nil)
        for request in [Request.remember(token), .setToken(session: "a", life: LifeID.largest, token: token)] {
            var reader = FrameReader(longest: Frame.longestCall)
            reader.append(request.call.frame)
            let frame = try #require(try reader.next())
            #expect(try Request(Call(frame: frame)) == request)
        }
        let grant = LeaseEvent.Grant(
            session: "a", life: 1, cgroup: "/c", policy: "p", enforcement: .kernel, socket: "/s", graceMilliseconds: 1,
            resume: token)
        #expect(LeaseEvent.granted(grant).reply.frame.count < Frame.longestReply)
    }

    @Test func replyIsReadBackAsItWasWritten() throws {
        let replies = [Reply(), Reply(["x": 1], continues: true), Reply(error: "a.B", ["why": "so"])]
        for reply in replies { #expect(try Reply(frame: Array(reply.frame.dropLast())) == reply) }
    }
}
