import PinfoldLinux

/// Closes what came from clients on a thread of its own: the sender of a lingering socket, or of a file of FUSE,
/// decides how long its close(2) takes. To drop the message unread does not help: the kernel then closes it in the
/// receive.
final class ClosingThread {
    private let worker: WorkerThread<UInt32>
    private var pending: [UInt32: Int] = [:]
    private(set) var total = 0

    init() throws(Errno) {
        worker = try WorkerThread()
    }

    deinit {
        // A job may hang for as long as a client wants.
        worker.abandon()
    }

    /// To be polled for reading; then call ``collect()``.
    var wakeDescriptor: Int32 { worker.resultsDescriptor }

    /// How many of a user's are not closed yet.
    func pending(of user: UInt32) -> Int { pending[user] ?? 0 }

    func close(_ descriptor: consuming OwnedDescriptor, of user: UInt32) {
        let number = descriptor.release()
        pending[user, default: 0] += 1
        total += 1
        worker.submit {
            _ = OwnedDescriptor(owning: number)
            return user
        }
    }

    func close(_ descriptors: consuming DescriptorList, of user: UInt32) {
        while let next = descriptors.takeFirst() { close(next, of: user) }
    }

    /// Notes what was closed meanwhile.
    func collect() {
        while let user = worker.takeResult() {
            total -= 1
            let left = pending(of: user) - 1
            pending[user] = left == 0 ? nil : left
        }
    }
}
