package import PinfoldCore
package import PinfoldJSON
import PinfoldLinux

/// What is known of each session, on disk: neither a crash nor a restart of the controller loses a session, nor one of
/// the machine a session that can come back.
///
/// What cannot be written stays in memory and is written again, first after `firstPause`, then after twice as long each
/// time up to `longestPause`, until it is on disk or something newer takes its place.
package final class RecordStore {
    static let firstPause = Duration.milliseconds(500)
    static let longestPause = Duration.seconds(10)
    /// A disk that takes longer than this for one batch counts as failing. Nobody is kept waiting for longer.
    static let patience = Duration.seconds(10)

    let files: any RecordFiles
    let path: String
    private let clock: () -> Instant
    private var state: StateFolder?
    /// A thread for the disk alone: nothing else may wait for an `fsync`.
    private let worker: WorkerThread<[WriteResult]>
    /// What is to be written, the latest of each session.
    private var waiting: [SessionID: Change] = [:]
    /// Sessions whose file may have been brought to the disk's platter: what replaces it must be brought there too.
    private var lasting: Set<SessionID> = []
    /// What the worker has in hand.
    private var writing: [SessionID: Change] = [:]
    private var writingSince = Instant(nanoseconds: 0)
    /// Whether the batch that the worker has in hand takes longer than `patience`.
    private var isHanging = false
    /// What could not be written, and why.
    private var failed: [SessionID: Failure] = [:]
    private var pause = RecordStore.firstPause
    private var retryAt: Instant?
    /// Sessions reported to the rules as not on disk.
    private var reported: Set<SessionID> = []
    /// What is to be done once a session's record is on disk, or could not be written.
    private var afterwards: [SessionID: [(String?) -> Void]] = [:]

    private struct Change: Sendable {
        /// Nil: to be removed.
        var text: [UInt8]?
        /// Whether it must outlive a crash of the machine.
        var isLasting: Bool
    }

    private struct Failure {
        var change: Change
        var reason: String
    }

    /// What became of one record.
    private struct WriteResult: Sendable {
        let session: SessionID
        /// Nil where it is on disk.
        var problem: String?
    }

    /// - Throws: `WorldError` where the folder cannot be made or opened.
    package convenience init(
        path: String,
        clock: @escaping () -> Instant = { Instant(nanoseconds: MonotonicClock.now().nanoseconds) }
    ) throws(WorldError) {
        let folder = try RecordFolder(path)
        do throws(Errno) {
            try self.init(folder, path: path, clock: clock)
        } catch {
            throw WorldError("cannot start a thread for the records: \(error)")
        }
    }

    /// Keeps the records in a folder that stays locked for as long as the store lives.
    convenience init(in state: StateFolder, clock: @escaping () -> Instant) throws(WorldError) {
        try self.init(path: state.path + "/sessions", clock: clock)
        self.state = state
    }

    init(_ files: any RecordFiles, path: String, clock: @escaping () -> Instant) throws(Errno) {
        worker = try WorkerThread()
        self.files = files
        self.path = path
        self.clock = clock
    }

    /// Writes a record, in its time.
    ///
    /// - Parameter isLasting: whether it must outlive a crash of the machine, and not only one of the controller. It
    ///   costs two calls of `fsync`, which is more than all the rest of a session's start; a session that ends with the
    ///   machine, and could not come back, is not worth it.
    package func save(_ session: SessionID, _ record: JSONObject, isLasting: Bool) {
        put(JSON.object(record).serialized(.pretty) + [UInt8(ascii: "\n")], of: session, isLasting: isLasting)
    }

    package func forget(_ session: SessionID) {
        put(nil, of: session, isLasting: false)
    }

    private func put(_ text: [UInt8]?, of session: SessionID, isLasting: Bool) {
        let former = failed.removeValue(forKey: session)?.change ?? writing[session]
        let mustLast =
            isLasting || lasting.contains(session) || former?.isLasting == true || waiting[session]?.isLasting == true
        if isLasting { lasting.insert(session) } else { lasting.remove(session) }
        waiting[session] = Change(text: text, isLasting: mustLast)
        write()
    }

    /// A file that was read at the start may be one that lasts; if not, it costs one call too many, once.
    func noteLasting(_ session: SessionID) {
        lasting.insert(session)
    }

    /// Does something once what was handed in of a session is on disk, or could not be brought there.
    ///
    /// - Parameter body: gets nil where it is on disk, and otherwise why it is not. Then the store goes on trying.
    func afterSaving(_ session: SessionID, _ body: @escaping (_ problem: String?) -> Void) {
        let isUnderWay = waiting[session] != nil || writing[session] != nil
        if isUnderWay, isHanging {
            body(hangReason)
        } else if isUnderWay {
            afterwards[session, default: []].append(body)
        } else {
            body(failed[session]?.reason)
        }
    }

    /// Hands all that waits to the worker in one job, unless it still has one: what changes meanwhile is written once,
    /// as it is then.
    private func write() {
        guard writing.isEmpty, !waiting.isEmpty else { return }
        let (batch, files, path) = (waiting, files, path)
        writing = batch
        writingSince = clock()
        waiting = [:]
        worker.submit { Self.write(batch, to: files, path) }
    }

    private static func write(
        _ batch: [SessionID: Change], to files: any RecordFiles, _ path: String
    ) -> [WriteResult] {
        var done = batch.map { session, change in
            do throws(Errno) {
                let name = session.text + suffix
                if let text = change.text {
                    try files.replace(name, with: text, isLasting: change.isLasting)
                } else {
                    try files.remove(name)
                }
                return WriteResult(session: session, problem: nil)
            } catch {
                return WriteResult(session: session, problem: "cannot write to \(path): \(error)")
            }
        }
        guard batch.values.contains(where: \.isLasting) else { return done }
        do throws(Errno) {
            try files.sync()
        } catch {
            // The new names may not be on the platter: those that must be are not kept.
            for index in done.indices where batch[done[index].session]?.isLasting == true {
                done[index].problem = done[index].problem ?? "cannot synchronize \(path): \(error)"
            }
        }
        return done
    }

    /// Readable while `takeWritten` has something to do.
    package var wakeDescriptor: Int32 { worker.resultsDescriptor }

    /// When `takeWritten` has something to do without being woken.
    package var nextDeadline: Instant? {
        if !writing.isEmpty { return isHanging ? nil : writingSince + Self.patience }
        return retryAt
    }

    /// Takes in what has become of the records, does what waited for it, and tries again what is due.
    ///
    /// - Returns: what the rules must know of it.
    package func takeWritten() -> [Event] {
        var events: [Event] = []
        while let work = worker.takeResult() { finish(work, &events) }
        let now = clock()
        if !writing.isEmpty, !isHanging, now >= writingSince + Self.patience { noteHang(&events) }
        if writing.isEmpty, let due = retryAt, now >= due { retry() }
        return events
    }

    private func finish(_ work: [WriteResult], _ events: inout [Event]) {
        let batch = writing
        writing = [:]
        isHanging = false
        var kept: [SessionID] = []
        for done in work {
            if let problem = done.problem {
                if waiting[done.session] == nil, let change = batch[done.session] {
                    failed[done.session] = Failure(change: change, reason: problem)
                }
                reported.insert(done.session)
                events.append(.recordFailed(done.session, reason: problem))
            } else {
                kept.append(done.session)
            }
        }
        // After the failures: one that was written shows that the disk takes records.
        if !reported.isEmpty {
            events += kept.map { .recordKept($0) }
            reported.subtract(kept)
        }
        scheduleRetry()
        for done in work where waiting[done.session] == nil {
            for body in afterwards.removeValue(forKey: done.session) ?? [] { body(done.problem) }
        }
        write()
    }

    private func scheduleRetry() {
        if failed.isEmpty {
            retryAt = nil
            pause = Self.firstPause
        } else if retryAt == nil {
            retryAt = clock() + pause
        }
    }

    private func retry() {
        retryAt = nil
        pause = min(pause * 2, Self.longestPause)
        waiting.merge(failed.mapValues(\.change)) { newer, _ in newer }
        failed = [:]
        write()
    }

    private func noteHang(_ events: inout [Event]) {
        isHanging = true
        reported.formUnion(writing.keys)
        events += writing.keys.map { .recordFailed($0, reason: hangReason) }
        let bodies = afterwards.values.joined()
        afterwards = [:]
        for body in bodies { body(hangReason) }
    }

    private var hangReason: String {
        "\(path) does not answer: a write takes longer than \(Self.patience.components.seconds) s"
    }

    /// Tries again at once what failed; the next pause is the shortest.
    package func hurry() {
        pause = Self.firstPause
        if retryAt != nil { retryAt = clock() }
    }

    /// Whether the worker has a batch in hand.
    var isWriting: Bool { !writing.isEmpty }

    /// Whether everything handed in is on disk.
    package var isSettled: Bool { writing.isEmpty && waiting.isEmpty && failed.isEmpty }

    /// Whose record is not on disk as it should be, and one reason.
    package var unsaved: (sessions: [SessionID], reason: String)? {
        guard !isSettled else { return nil }
        let sessions = Set(writing.keys).union(waiting.keys).union(failed.keys).sorted()
        return (sessions, failed.values.first?.reason ?? hangReason)
    }

    /// Leaves the worker to itself: to wait for a thread that a disk holds could be to wait for ever.
    package func abandon() {
        worker.abandon()
    }
}
