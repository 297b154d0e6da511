import Foundation
import Glibc
import PinfoldCgroups
import PinfoldJSON
import PinfoldLinux
import TestSupport
import Testing

/// Standard output and standard error that do not take what is written.
@Suite(.needsCgroups)
struct StandardStreamTests {
    @Test func unreadStandardErrorBlocksNoSessionAndWhatWasDroppedIsCounted() throws {
        try Rig.with(starts: false) { rig in
            let pipe = try PinfoldLinux.Pipe()
            try fill(pipe.writing)
            try rig.serve(errors: pipe.writing.number)
            for number in 1...200 { #expect(try rig.pinfold("run", "-s", "n\(number)", "--", "true").status == 0) }
            #expect(try rig.pinfold("list").status == 0)
            // Somebody reads again: it says how much is missing.
            var text = ""
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            let deadline = MonotonicClock.now().advanced(by: Rig.patience)
            while !text.contains("lines of this log were dropped: nobody read it") {
                guard try !waitFor(pipe.reading.number, .readable, deadline: deadline).isEmpty,
                    case .bytes(let count) = try pipe.reading.read(into: &buffer)
                else { throw Missing("the count of dropped lines") }
                text += String(decoding: buffer[..<count], as: UTF8.self).replacing("..", with: "")
            }
            #expect(text.contains("started n1.1"))
        }
    }

    /// Full, and blocking for whoever writes next.
    private func fill(_ pipe: borrowing OwnedDescriptor) throws {
        try pipe.setNonBlocking(true)
        let bytes = [UInt8](repeating: UInt8(ascii: "."), count: 4096)
        while case .bytes = try pipe.write(bytes) {}
        try pipe.setNonBlocking(false)
    }

    @Test(arguments: [["list"], ["list", "--json"], ["explain"], ["doctor"], ["--help"], ["--version"]])
    func outputThatCannotBeWrittenIsAFailure(words: [String]) throws {
        try Rig.with { rig in
            for (path, flags, error) in [("/dev/full", OpenFlags.write, "ENOSPC"), ("/dev/null", .read, "EBADF")] {
                let output = try OwnedDescriptor.open(path, flags)
                let program = try Program(Program.pinfold, words, rig: rig, standardOutput: output.number)
                #expect(try program.wait() == 1)
                #expect(program.errors().contains("cannot write to standard output: \(error)"))
            }
        }
    }

    @Test func standardErrorThatIsOpenForReadingOnlyIsNoDefect() throws {
        try Rig.with(starts: false) { rig in
            let null = try OwnedDescriptor.open("/dev/null", .read)
            try rig.serve(errors: null.number)
            let wrong = try Program(Program.pinfold, ["nonsense"], rig: rig, standardError: null.number)
            #expect(try wrong.wait() == 64)
            let run = try Program(
                Program.pinfold, ["run", "--", "true"], rig: rig, standardOutput: null.number,
                standardError: null.number)
            #expect(try run.wait() == 0)
            let agent = try Program(
                Program.pinfold, ["acp", "--", "sh", "-c", "echo '{}'"], rig: rig, standardOutput: null.number,
                standardError: null.number)
            #expect(try agent.wait() < 128)
        }
    }

    /// 64 open files: the controller's own, and what is left for clients and sessions.
    @Test func fewOpenFilesServeManySessionsOneAfterTheOther() throws {
        try Rig.with(starts: false) { rig in
            try rig.serve(wrapped: ["sh", "-c", "ulimit -n 64; exec \"$@\"", "sh"])
            let lasting = try rig.start("lasting")
            #expect(try rig.pinfold("pin", "lasting").status == 0)
            for number in 1...200 { #expect(try rig.pinfold("run", "-s", "n\(number)", "--", "true").status == 0) }
            // More at once than there is room for: each runs, or is told why not.
            let many = try (0..<60).map { number in
                try rig.launch(["run", "-s", "m\(number)", "--", "true"])
            }
            for program in many {
                let done = try program.finish()
                #expect(done.status == 0 || !done.errors.isEmpty, "\(done.status)")
            }
            #expect(try rig.pinfold("list").status == 0)
            let said = rig.controller?.errors().split(separator: "\n") ?? []
            #expect(said.count { $0.contains("cannot take a client") } <= 2)
            #expect(try rig.lives("lasting"))
            #expect(try rig.pinfold("suspend", "lasting").status == 0)
            _ = try lasting.wait()
            try rig.killController()
            try rig.serve()
            #expect(try rig.state("lasting") == "suspended")
            #expect(try rig.session("lasting")["pinned"]?.bool == true)
        }
    }
}
