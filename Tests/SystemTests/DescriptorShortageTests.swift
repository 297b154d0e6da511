import Foundation
import PinfoldLinux
import TestSupport
import Testing

/// A controller that has no descriptors left: others have used them up, or its limit is low.
@Suite(.enabled(if: Machine.canMakeCgroups, "cgroups cannot be made on this machine"))
struct DescriptorShortageTests {
    /// Leaves a process this many descriptors to open; nil for as many as it may have.
    private func leave(_ free: Int?, to process: ProcessID, _ rig: Rig) throws {
        var limit = "1024"
        if let free {
            let used = try Set(
                FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").compactMap { Int($0) })
            var (number, left) = (0, free)
            while left > 0 {
                if !used.contains(number) { left -= 1 }
                number += 1
            }
            limit = "\(number)"
        }
        let program = try Program("prlimit", ["--pid", "\(process)", "--nofile=\(limit):"], rig: rig)
        guard try program.wait() == 0 else { throw Missing("another limit of open files: \(program.errors())") }
    }

    @Test func killWorksWithTheLastDescriptorAndAFailedStartLeavesNothing() throws {
        try Rig.with { rig in
            let program = try rig.start("a")
            let other = try rig.start("b")
            let controller = try #require(rig.controller).processID
            // One for the caller's connection; the kill has its own.
            try leave(1, to: controller, rig)
            let killed = try rig.pinfold("kill", "a")
            #expect(try program.wait() == 137)
            // To write the record takes another one, which may have become free meanwhile.
            #expect(
                killed.status == 0 || killed.errors.contains("it is done for 'a', but not on disk"),
                "\(killed.errors)")

            // As many as it needs differ from kernel to kernel, and are less than this.
            for free in 1...8 {
                try leave(free, to: controller, rig)
                let done = try rig.pinfold("run", "-s", "new", "--", "true")
                #expect(
                    done.status == 0 || done.status == 73 && done.errors.contains("Too many open files"),
                    "with \(free) left: \(done.status), \(done.errors)")
                if done.status != 0 { #expect(try !rig.cgroups().contains { $0.hasPrefix("new.") }) }
            }

            try leave(nil, to: controller, rig)
            #expect(try rig.pinfold("run", "-s", "new", "--", "true").status == 0)
            #expect(try rig.pinfold("end", "b").status == 0)
            _ = try other.wait()
            try rig.until("every cgroup to be gone") { try rig.cgroups() == [] }
        }
    }
}
