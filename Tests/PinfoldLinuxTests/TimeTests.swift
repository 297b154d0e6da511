import Foundation
import PinfoldLinux
import Testing

@Suite struct TimeTests {
    @Test(arguments: [
        (WallTime(seconds: 0), "1970-01-01T00:00:00.000Z"),
        (WallTime(seconds: 951_782_400, nanoseconds: 999_999_999), "2000-02-29T00:00:00.999Z"),
        (WallTime(seconds: 4_107_542_399), "2100-02-28T23:59:59.000Z"),
        (WallTime(seconds: 4_107_542_400), "2100-03-01T00:00:00.000Z"),
        (WallTime(seconds: -1, nanoseconds: 500_000_000), "1969-12-31T23:59:59.500Z"),
        (WallTime(seconds: -62_167_219_200), "0000-01-01T00:00:00.000Z"),
        (WallTime(seconds: 253_402_300_799), "9999-12-31T23:59:59.000Z"),
    ])
    func writtenAsRFC3339(time: WallTime, text: String) {
        #expect(time.description == text)
        #expect(WallTime(rfc3339: text)?.seconds == time.seconds)
    }

    @Test(arguments: [
        ("2026-11-21T12:54:03Z", WallTime(seconds: 1_795_265_643)),
        ("2026-11-21t13:54:03.25+01:00", WallTime(seconds: 1_795_265_643, nanoseconds: 250_000_000)),
        ("2026-11-21 07:24:03.123456789123-05:30", WallTime(seconds: 1_795_265_643, nanoseconds: 123_456_789)),
        ("2016-12-31T23:59:60Z", WallTime(seconds: 1_483_228_800)),
    ])
    func everyFormIsRead(text: String, time: WallTime) {
        #expect(WallTime(rfc3339: text) == time)
    }

    @Test(arguments: [
        "", "2026", "2026-11-21", "2026-11-21T12:54:03", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-11-21T24:00:00Z",
        "2026-11-21T12:60:00Z",
        "2026-11-21T12:54:61Z", "2026-11-21T12:54:03.Z", "2026-11-21T12:54:03Zx", "2026-11-21T12:54:03+1:00",
        "2026-11-21T12:54:03+24:00", "+026-11-21T12:54:03Z", "2026-11-21T12:54:03Z\0",
    ])
    func whatIsNoTimeIsRefused(text: String) {
        #expect(WallTime(rfc3339: text) == nil)
    }

    @Test func agreesWithFoundationOnRandomTimes() {
        var random = SystemRandomNumberGenerator()
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: false)
        for _ in 0..<2000 {
            // Before 1583 Foundation reckons in the Julian calendar.
            let seconds = Int64.random(in: -12_212_553_600...250_000_000_000, using: &random)
            let ours = WallTime(seconds: seconds).description
            let theirs = Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(format)
            #expect(ours.replacing(".000Z", with: "Z") == theirs)
            #expect(WallTime(rfc3339: ours) == WallTime(seconds: seconds))
        }
    }

    @Test(
        arguments: [
            (Duration.zero, 0, 0), (.seconds(-3), 0, -3_000_000), (.nanoseconds(1), 1, 0), (.milliseconds(5), 5, 5000),
            (.microseconds(5001), 6, 5001), (.seconds(Int64.max), .max, .max), (.seconds(Int64.min), 0, .min),
        ] as [(Duration, Int64, Int64)])
    func durationsAreRoundedTheSafeWay(duration: Duration, millisecondsUp: Int64, wholeMicroseconds: Int64) {
        #expect(duration.millisecondsUp == millisecondsUp)
        #expect(duration.wholeMicroseconds == wholeMicroseconds)
    }

    @Test func instantsNeverWrap() {
        typealias Instant = MonotonicClock.Instant
        let (start, end) = (Instant(nanoseconds: 0), Instant(nanoseconds: .max))
        #expect(start.advanced(by: .seconds(-1)) == start)
        #expect(end.advanced(by: .nanoseconds(1)) == end)
        #expect(start.advanced(by: .seconds(Int64.max)) == end)
        #expect(end.advanced(by: .seconds(Int64.min)) == start)
        #expect(start.advanced(by: .milliseconds(1500)).nanoseconds == 1_500_000_000)
        #expect(Instant(nanoseconds: 5).duration(to: Instant(nanoseconds: 3)) == .nanoseconds(-2))
        #expect(start.duration(to: end) == .nanoseconds(Int64.max))
    }

    @Test func monotonicClockDoesNotGoBack() {
        let times = (0..<1000).map { _ in MonotonicClock.now() }
        #expect(times == times.sorted())
    }

    @Test func restIsNotTooShort() {
        let before = MonotonicClock.now()
        MonotonicClock.rest(.milliseconds(3))
        MonotonicClock.rest(.zero)
        #expect(before.duration(to: MonotonicClock.now()) >= .milliseconds(3))
    }

    @Test func bootHasAName() throws {
        let id = try bootID()
        #expect(UUID(uuidString: id) != nil)
        #expect(try bootID() == id)
    }
}
