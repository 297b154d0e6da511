import Glibc
import PinfoldLinux
import Testing

@Suite struct ErrnoTests {
    @Test(arguments: [
        (Errno.noSuchFile, "ENOENT", "ENOENT: No such file or directory"),
        (.busy, "EBUSY", "EBUSY: Device or resource busy"),
        (.notSupported, "EOPNOTSUPP", "EOPNOTSUPP: Operation not supported"),
        (Errno(rawValue: 4711), "errno 4711", "errno 4711"),
    ])
    func nameAndSentence(error: Errno, name: String, description: String) {
        #expect(error.name == name)
        #expect(error.description == description)
    }

    @Test func interruptedCallIsMadeAgain() throws {
        var calls = 0
        let result = try retried("read") { () -> Int in
            calls += 1
            errno = EINTR
            return calls < 4 ? -1 : 42
        }
        #expect(result == 42)
        #expect(calls == 4)
    }

    @Test func callThatMustNotBeRepeatedIsMadeOnce() {
        var calls = 0
        #expect(throws: Errno.interrupted) {
            try once("close") { () -> Int32 in
                calls += 1
                errno = EINTR
                return -1
            }
        }
        #expect(calls == 1)
    }

    @Test func otherErrorsAreThrown() {
        #expect(throws: Errno.noSpace) {
            try retried("write") { () -> Int in
                errno = ENOSPC
                return -1
            }
        }
    }

    @Test func ownBadDescriptorEndsTheProgram() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let number = try OwnedDescriptor.open("/dev/null", .read).release()
            close(number)
            let stale = OwnedDescriptor(owning: number)
            _ = try stale.status()
        }
        let said = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
        #expect(said.contains("fstat failed with EBADF"))
    }

    @Test func badAddressEndsTheProgram() async {
        await #expect(processExitsWith: .failure) {
            _ = try once("read") { () -> Int in
                errno = EFAULT
                return -1
            }
        }
    }

    @Test func descriptorOfTheCallerThatIsClosedIsAnAnswer() async {
        await #expect(processExitsWith: .success) {
            close(0)
            #expect(throws: Errno.badDescriptor) { _ = try OwnedDescriptor.duplicating(0) }
        }
    }
}
