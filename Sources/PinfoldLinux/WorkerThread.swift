import CPinfoldLinux
import Glibc

/// One thread for calls that may block, so that the loop does not.
///
/// A job and its result travel as pointers through two pipes. No lock is needed: the kernel hands a pipe's bytes over
/// under a lock of its own, so everything written before a write(2) is visible after the read(2) that returns its
/// bytes, and a box never changes after it was made. A pointer is shorter than PIPE_BUF: it arrives whole.
/// Not `Sendable`: it belongs to the thread that made it.
package final class WorkerThread<Result: Sendable> {
    private var jobs: OwnedDescriptor?
    private let results: ResultPipe<Result>
    private let thread: pthread_t
    /// Jobs for which the pipe had no room. To wait for room here could be to wait for ever: the worker may be waiting
    /// for us to take results.
    private var backlog: [Boxed<@Sendable () -> Result>] = []
    /// How many results are still to come.
    package private(set) var pending = 0

    package init() throws(Errno) {
        let toWorker = try Pipe()
        try toWorker.writing.setNonBlocking(true)
        let results = ResultPipe<Result>(try Pipe())
        let jobsEnd = toWorker.reading.release()
        let body = Boxed<() -> Void> {
            let jobs = OwnedDescriptor(owning: jobsEnd)
            while let job = Boxed<@Sendable () -> Result>.receive(from: jobs) {
                Boxed(job.content()).send(to: results.writing)
            }
        }
        do throws(Errno) {
            thread = try start(body)
        } catch {
            _ = OwnedDescriptor(owning: jobsEnd)
            throw error
        }
        jobs = consume toWorker.writing
        self.results = results
    }

    deinit {
        finish()
    }

    /// To be polled for reading; then call ``takeResult()``.
    package var resultsDescriptor: Int32 { results.reading.number }

    /// Gives the worker a job. Jobs are done in this order, one at a time; each gives one result.
    package func submit(_ job: @escaping @Sendable () -> Result) {
        backlog.append(Boxed(job))
        pending += 1
        flush()
    }

    /// The next result, nil where none is there yet.
    package func takeResult() -> Result? {
        pending > 0 && results.isReadable ? receiveResult() : nil
    }

    /// Waits until every job is done and the thread has ended, and returns the results not taken yet.
    @discardableResult
    package func finish() -> [Result] {
        var left: [Result] = []
        while pending > 0, let result = receiveResult() { left.append(result) }
        guard jobs != nil else { return left }
        jobs = nil
        pthread_join(thread, nil)
        return left
    }

    /// Gives the thread up without waiting for it: a job that a disk holds may never return. Nothing more is taken of
    /// what it does. The corresponding C function is `pthread_detach`.
    package func abandon() {
        guard jobs != nil else { return }
        backlog = []
        pending = 0
        jobs = nil
        results.discard()
        pthread_detach(thread)
    }

    private func receiveResult() -> Result? {
        guard let result = Boxed<Result>.receive(from: results.reading) else { return nil }
        pending -= 1
        flush()
        return result.content
    }

    private func flush() {
        let sent = backlog.prefix { job in
            switch jobs {
            case .some(let jobs): job.send(to: jobs)
            case .none: false
            }
        }
        backlog.removeFirst(sent.count)
    }
}

/// The way back. Both threads hold both ends: what is in the pipe is only an address, so the last one to let go
/// releases results that were not taken. A reading end of the owner alone would be closed while an abandoned thread
/// sends.
private final class ResultPipe<Result: Sendable>: Sendable {
    let reading: OwnedDescriptor
    let writing: OwnedDescriptor

    init(_ pipe: consuming Pipe) {
        reading = consume pipe.reading
        writing = consume pipe.writing
    }

    deinit {
        drain()
    }

    var isReadable: Bool {
        (try? waitFor(reading.number, .readable, deadline: .init(nanoseconds: 0))) == .readable
    }

    /// Nobody takes results any more: the thread must not wait for room, nor go on waiting.
    func discard() {
        try? writing.setNonBlocking(true)
        drain()
    }

    private func drain() {
        while isReadable, Boxed<Result>.receive(from: reading) != nil {}
    }
}

/// A value on its way from one thread to another.
private final class Boxed<Content> {
    let content: Content

    init(_ content: Content) {
        self.content = content
    }

    /// Gives the value away. False where there is no room; then it still is the caller's.
    @discardableResult
    func send(to pipe: borrowing OwnedDescriptor) -> Bool {
        let address = unsafe Unmanaged.passRetained(self)
        var bits = unsafe UInt(bitPattern: address.toOpaque())
        let outcome = unsafe try? withUnsafeBytes(of: &bits) { unsafe try pipe.write($0.bytes) }
        if outcome == .bytes(MemoryLayout<UInt>.size) { return true }
        unsafe address.release()
        return false
    }

    /// Takes over the next value; nil at the end of the pipe.
    static func receive(from pipe: borrowing OwnedDescriptor) -> Boxed? {
        var bits: UInt = 0
        let outcome = unsafe try? withUnsafeMutableBytes(of: &bits) { buffer in
            var span = unsafe buffer.mutableBytes
            return try pipe.read(into: &span)
        }
        guard outcome == .bytes(MemoryLayout<UInt>.size), let address = unsafe UnsafeRawPointer(bitPattern: bits) else {
            return nil
        }
        return unsafe Unmanaged<Boxed>.fromOpaque(address).takeRetainedValue()
    }
}

/// Starts a thread. It takes no signals: those are for the thread that has asked for them.
private func start(_ body: Boxed<() -> Void>) throws(Errno) -> pthread_t {
    let mask = SignalSet.all.block()
    defer { mask.block() }
    var thread = pthread_t()
    let context = unsafe Unmanaged.passRetained(body)
    let error = unsafe pthread_create(
        &thread, nil,
        { context in
            _ = unsafe pinfold_set_thread_name("pinfold-worker")
            if let context = unsafe context {
                unsafe Unmanaged<Boxed<() -> Void>>.fromOpaque(context).takeRetainedValue().content()
            }
            return nil
        }, context.toOpaque())
    guard error == 0 else {
        unsafe context.release()
        throw Errno(rawValue: error)
    }
    return thread
}
