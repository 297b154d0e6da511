import Glibc
import PinfoldController
import PinfoldLinux
import TestSupport
import Testing

@Suite struct LogThreadTests {
    @Test func linesThatAreNotReadAreDroppedAndCountedWhenReadingResumes() throws {
        let pipe = try Pipe()
        let number = pipe.writing.number
        try pipe.writing.setNonBlocking(true)
        let filling = [UInt8](repeating: UInt8(ascii: "."), count: 4096)
        while case .bytes = try pipe.writing.write(filling) {}
        try pipe.writing.setNonBlocking(false)
        let log = try LogThread { line in
            _ = try? OwnedDescriptor.duplicating(number).writeAll(Array("\(line)\n".utf8))
        }
        for index in 0..<2_000 { log.notice("line \(index) of those that are written while nobody reads") }
        #expect(log.hasDropped)

        var text = ""
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while !text.contains("dropped") {
            guard case .bytes(let count) = try pipe.reading.read(into: &buffer) else { throw Missing("lines") }
            text += String(decoding: buffer[..<count], as: UTF8.self).filter { $0 != "." }
            log.collect()
        }
        log.notice("after")
        log.finish(within: .seconds(10))
        let lines = text.split(separator: "\n")
        let kept = lines.count { $0.hasPrefix("line ") }
        #expect(lines.last == "\(2_000 - kept) lines of this log were dropped: nobody read it")
        #expect(!log.hasDropped)
    }

    /// As at a start that has a thousand records to name.
    @Test func noLineIsDroppedWhileItMayWaitForRoom() throws {
        let log = try LogThread { line in
            if line.text.hasPrefix("first") { poll(nil, 0, 50) }
        }
        log.patience = .seconds(60)
        log.notice("first")
        for index in 0..<2_000 { log.notice("line \(index), of which more come at once than are kept waiting") }
        #expect(!log.hasDropped)
        log.finish(within: .seconds(60))
    }

    @Test func lineOfTheLogIsOneLine() throws {
        let pipe = try Pipe()
        let number = pipe.writing.number
        let log = try LogThread { line in
            _ = try? OwnedDescriptor.duplicating(number).writeAll(Array("\(line)\n".utf8))
        }
        log.notice("one\ntwo\u{1B}[2J")
        log.finish(within: .seconds(10))
        var buffer = [UInt8](repeating: 0, count: 100)
        guard case .bytes(let count) = try pipe.reading.read(into: &buffer) else { throw Missing("a line") }
        #expect(String(decoding: buffer[..<count], as: UTF8.self) == "one\\ntwo\\x1b[2J\n")
    }
}
