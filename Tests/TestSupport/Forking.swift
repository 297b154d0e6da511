import CTestSupport
import Glibc
package import PinfoldLinux

/// Runs this in a copy of the process that has one thread, and tells how the copy ended. Only in an exit test.
///
/// Signals to a process go to any of its threads that takes them, and the test runner's main thread takes all: what is
/// said of a program with one thread can be tried only so.
///
/// - Parameter watching: what the one who waits does meanwhile.
package func fork(
    watching: (borrowing Pidfd) throws -> Void = { _ in }, _ body: () throws -> Void
) throws -> ProcessChange {
    let process = test_fork()
    if process == 0 {
        do {
            // The runner's threads may have left something blocked in ours.
            SignalSet().block()
            try body()
            _exit(0)
        } catch {
            let text = Array("in the forked process: \(error)\n".utf8)
            _ = try? OwnedDescriptor.duplicating(2).write(text)
            _exit(1)
        }
    }
    let held = try Pidfd(process)
    try watching(held)
    guard let change = try held.wait(blocking: true) else { throw Missing("the end of the forked process") }
    return change
}

/// Runs this in a process with one thread, which is expected to come to its end without an error.
package func alone(_ body: () throws -> Void) throws {
    let change = try fork(body)
    guard change == .exited(0) else { throw Missing("success of the forked process, not \(change)") }
}

/// An expectation in a forked process, from which `#expect` cannot report.
package func check(
    _ condition: Bool, _ what: String = "what was expected", file: StaticString = #fileID, line: UInt = #line
) throws {
    guard condition else { throw Missing("\(file):\(line): \(what) is not so") }
}
