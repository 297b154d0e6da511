import CPinfoldLinux
import Glibc

/// Waits for any of many descriptors. See epoll(7); level-triggered.
@safe package struct Poller: ~Copyable, Sendable {
    /// What to be woken for. Hang-up and error always wake.
    package struct Interest: OptionSet, Sendable, Hashable {
        package let rawValue: UInt32

        package init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        /// EPOLLIN
        package static let readable = Interest(rawValue: EPOLLIN.rawValue)
        /// EPOLLOUT
        package static let writable = Interest(rawValue: EPOLLOUT.rawValue)
        /// EPOLLPRI: what control files of the kernel and PSI triggers report by.
        package static let priority = Interest(rawValue: EPOLLPRI.rawValue)
        /// EPOLLRDHUP: the peer will send nothing more.
        package static let peerClosed = Interest(rawValue: EPOLLRDHUP.rawValue)
        /// EPOLLHUP, reported whether asked for or not.
        package static let hangUp = Interest(rawValue: EPOLLHUP.rawValue)
        /// EPOLLERR, reported whether asked for or not.
        package static let error = Interest(rawValue: EPOLLERR.rawValue)
    }

    /// One descriptor that is ready.
    package struct Event: Sendable, Hashable {
        /// What was given at the registration.
        package var token: UInt64
        package var ready: Interest

        package init(token: UInt64, ready: Interest) {
            self.token = token
            self.ready = ready
        }
    }

    private let descriptor: OwnedDescriptor
    /// For another poller: readable while something is ready here.
    package var number: Int32 { descriptor.number }
    // Not an array of Event: the kernel's struct is packed on some machines and its union is an unsafe type.
    private var raw: [epoll_event]
    private var ready: [Event] = []

    /// - Parameter capacity: how many events one ``wait(timeout:)`` returns at most; the rest come with the next.
    package init(capacity: Int = 64) throws(Errno) {
        descriptor = OwnedDescriptor(owning: try once("epoll_create1") { epoll_create1(O_CLOEXEC) })
        unsafe raw = Array(repeating: epoll_event(), count: capacity)
        ready.reserveCapacity(capacity)
    }

    /// Watches a descriptor. Its number must be removed before the descriptor is closed where a duplicate lives on.
    ///
    /// - Throws: EPERM where the file cannot be polled (regular files: they are always ready), EEXIST.
    package borrowing func add(_ number: Int32, token: UInt64, for interest: Interest) throws(Errno) {
        try control(EPOLL_CTL_ADD, number, token, interest)
    }

    /// Changes what a watched descriptor wakes for.
    package borrowing func change(_ number: Int32, token: UInt64, for interest: Interest) throws(Errno) {
        try control(EPOLL_CTL_MOD, number, token, interest)
    }

    /// Stops watching. Not watched is not an error.
    package borrowing func remove(_ number: Int32) throws(Errno) {
        do throws(Errno) {
            try control(EPOLL_CTL_DEL, number, 0, [])
        } catch .noSuchFile {
        }
    }

    private borrowing func control(
        _ operation: Int32, _ number: Int32, _ token: UInt64, _ interest: Interest
    ) throws(Errno) {
        let poller = descriptor.number
        var event = unsafe epoll_event(events: interest.rawValue, data: epoll_data_t(u64: token))
        _ = try once("epoll_ctl") { unsafe epoll_ctl(poller, operation, number, &event) }
    }

    /// Waits until something is ready or the time is over; nil waits for ever.
    ///
    /// Empty after the time is over, and where a signal interrupted the wait (SIGCONT does so without any handler): the
    /// caller has a deadline of its own and asks again. Allocates nothing while no earlier answer is kept.
    package mutating func wait(timeout: Duration?) throws(Errno) -> [Event] {
        ready.removeAll(keepingCapacity: true)
        let milliseconds = timeout.map { Int32(clamping: $0.millisecondsUp) } ?? -1
        let number = descriptor.number
        let count: Int32
        do throws(Errno) {
            count = unsafe try raw.withUnsafeMutableBufferPointer { raw throws(Errno) in
                try once("epoll_wait") { unsafe epoll_wait(number, raw.baseAddress, Int32(raw.count), milliseconds) }
            }
        } catch .interrupted {
            return []
        }
        for index in 0..<Int(count) {
            let event = unsafe raw[index]
            unsafe ready.append(Event(token: event.data.u64, ready: Interest(rawValue: event.events)))
        }
        return ready
    }
}

/// Waits for one descriptor. Returns what is ready, empty after the time is over.
///
/// For the few places that have no loop. The corresponding C function is `poll`.
package func waitFor(
    _ number: Int32, _ interest: Poller.Interest, deadline: MonotonicClock.Instant?
) throws(Errno) -> Poller.Interest {
    while true {
        var entry = pollfd(fd: number, events: Int16(truncatingIfNeeded: interest.rawValue), revents: 0)
        let left = deadline.map { Int32(clamping: MonotonicClock.now().duration(to: $0).millisecondsUp) } ?? -1
        do throws(Errno) {
            _ = try once("poll") { unsafe poll(&entry, 1, max(left, -1)) }
            return Poller.Interest(rawValue: UInt32(UInt16(bitPattern: entry.revents)))
        } catch .interrupted {
            continue
        }
    }
}
