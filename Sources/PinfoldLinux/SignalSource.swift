import CPinfoldLinux
import Glibc

/// Takes signals as a readable descriptor instead of by handlers. See signalfd(2).
///
/// To be made on the main thread before any other thread exists: a signal for the process is delivered to any thread
/// that does not block it, and a thread started earlier would not.
package struct SignalSource: ~Copyable, Sendable {
    /// A signal that arrived.
    package struct Arrival: Sendable, Hashable {
        /// How it came, as `si_code`.
        package enum Origin: Sendable, Hashable {
            /// From the kernel: a key on the terminal, a child's change, a hang-up. `SI_KERNEL` or one of `CLD_`.
            case kernel
            /// From a process, by kill(2) or its like.
            case process
        }

        package var signal: Signal
        package var code: Int32
        /// 0 where the kernel sent it.
        package var sender: ProcessID
        package var senderUser: UInt32

        package init(signal: Signal, code: Int32, sender: ProcessID = 0, senderUser: UInt32 = 0) {
            self.signal = signal
            self.code = code
            self.sender = sender
            self.senderUser = senderUser
        }

        package var origin: Origin { code > 0 ? .kernel : .process }
    }

    /// To be polled for reading.
    package let descriptor: OwnedDescriptor
    private let before: SignalSet

    /// Blocks these signals in the calling thread and collects them from now on.
    package init(_ signals: SignalSet) throws(Errno) {
        let before = SignalSet.blocked()
        SignalSet(bits: before.bits | signals.bits).block()
        var set = signals.cSet
        do throws(Errno) {
            descriptor = OwnedDescriptor(
                owning: try once("signalfd") { unsafe signalfd(-1, &set, O_NONBLOCK | O_CLOEXEC) })
        } catch {
            before.block()
            throw error
        }
        self.before = before
    }

    /// The next signal, nil where there is none. Equal signals that wait are one.
    package borrowing func next() throws(Errno) -> Arrival? {
        let number = descriptor.number
        var info = signalfd_siginfo()
        do throws(Errno) {
            try retried("read") { unsafe read(number, &info, MemoryLayout<signalfd_siginfo>.size) }
        } catch .again {
            return nil
        }
        return Arrival(
            signal: Signal(rawValue: Int32(info.ssi_signo)), code: info.ssi_code, sender: ProcessID(info.ssi_pid),
            senderUser: info.ssi_uid)
    }

    /// Ends the intake on the thread that began it: the mask is as before, and what still waits is delivered.
    package consuming func restore() {
        before.block()
    }
}
