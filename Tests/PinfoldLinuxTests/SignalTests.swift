import Glibc
import PinfoldLinux
import TestSupport
import Testing

@Suite struct SignalTests {
    @Test(arguments: [
        (Signal.terminate, "SIGTERM"), (.kill, "SIGKILL"), (.hangUp, "SIGHUP"), (.windowSize, "SIGWINCH"),
        (Signal(rawValue: 99), "signal 99"),
    ])
    func signalHasItsName(signal: Signal, name: String) {
        #expect(signal.description == name)
    }

    @Test func setHoldsWhatWasPutIn() {
        var set: SignalSet = [.interrupt, Signal(rawValue: 64)]
        #expect(set.contains(.interrupt) && set.contains(Signal(rawValue: 64)))
        #expect(!set.contains(.terminate) && !set.contains(Signal(rawValue: 0)) && !set.contains(Signal(rawValue: 65)))
        set.insert(.hangUp)
        #expect(set.bits == 0x8000_0000_0000_0003)
    }

    @Test func arrivalReportsWhoSentIt() async {
        await #expect(processExitsWith: .success) {
            try alone {
                let intake = try SignalSource([.user1, .child])
                try check(try intake.next() == nil)
                kill(getpid(), SIGUSR1)
                kill(getpid(), SIGUSR1)
                let own = try unwrap(try intake.next())
                try check(own.signal == .user1 && own.origin == .process && own.sender == ownProcessID())
                try check(own.senderUser == getuid())
                try check(try intake.next() == nil, "equal signals that wait are one")

                let child = try Child.spawn(Command("true"))
                _ = try waitFor(intake.descriptor.number, .readable, deadline: nil)
                let end = try unwrap(try intake.next())
                try check(end.signal == .child && end.sender == child.pid && end.origin == .kernel)
            }
        }
    }

    @Test func restoreDeliversWhatWaited() async {
        await #expect(processExitsWith: .success) {
            let change = try fork {
                let before = SignalSet.blocked()
                let intake = try SignalSource([.user2])
                try check(SignalSet.blocked().contains(.user2))
                kill(getpid(), SIGUSR2)
                try check(before == [])
                intake.restore()
            }
            #expect(change == .signaled(.user2, dumpedCore: false))
        }
    }

    @Test func ignoredSignalsAreFound() async {
        await #expect(processExitsWith: .success) {
            let before = SignalSet.ignored()
            #expect(!before.contains(.hangUp))
            signal(SIGHUP, SIG_IGN)
            signal(SIGUSR1) { _ in }
            #expect(SignalSet.ignored().contains(.hangUp))
            #expect(!SignalSet.ignored().contains(.user1))
        }
    }
}
