import CPinfoldLinux
import Glibc

/// Takes the status of any child that has ended; nil where there is none.
///
/// For PID 1 alone, to whom every orphan belongs. Any other process would take the status from the code that started
/// the child and waits for it. The corresponding C function is `waitpid` with -1 and `WNOHANG`.
package func reapAnyChild() -> (process: ProcessID, end: ProcessChange)? {
    var status: Int32 = 0
    let process = unsafe waitpid(-1, &status, WNOHANG)
    guard process > 0 else { return nil }
    // The macros of wait(2) are not imported: the low seven bits are the signal, the next byte the exit code.
    let signal = status & 0x7F
    guard signal == 0 else {
        return (process, .signaled(Signal(rawValue: signal), dumpedCore: status & 0x80 != 0))
    }
    return (process, .exited((status >> 8) & 0xFF))
}
