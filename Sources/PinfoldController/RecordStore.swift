package import PinfoldCore
package import PinfoldJSON
import PinfoldLinux

/// What is known of each session, on disk: neither a crash nor a restart of the controller loses a session, nor one of
/// the machine a session that can come back.
package final class RecordStore {
    /// The most a record may have, bytes: a token that a client chose is in it.
    private static let longest = 8 << 20
    private static let suffix = ".json"

    private let folder: RecordFolder
    private let path: String
    /// A thread for the disk alone: nothing else may wait for an `fsync`.
    private let worker: WorkerThread<[Written]>
    private let say: (String) -> Void
    /// What is to be written, the latest of each session.
    private var waiting: [SessionID: Change] = [:]
    /// Sessions whose file may have been brought to the disk's platter: what replaces it must be brought there too.
    private var lasting: Set<SessionID> = []
    /// What the worker has in hand.
    private var writing: Set<SessionID> = []
    private var isWriting: Bool { !writing.isEmpty }
    /// What is to be done once a session's record is on disk.
    private var afterwards: [SessionID: [() -> Void]] = [:]

    private struct Change: Sendable {
        /// Nil: to be removed.
        var text: [UInt8]?
        /// Whether it must outlive a crash of the machine.
        var isLasting: Bool
    }

    /// What became of one record.
    private struct Written: Sendable {
        let session: SessionID
        /// Nil where it is on disk.
        let problem: String?
    }

    /// - Throws: `WorldError` where the folder cannot be made or opened.
    package init(path: String, say: @escaping (String) -> Void) throws(WorldError) {
        do throws(Errno) {
            folder = try RecordFolder(path)
            worker = try WorkerThread()
        } catch {
            throw WorldError("cannot keep records in \(path): \(error); name another folder with --state")
        }
        self.path = path
        self.say = say
    }

    /// Writes a record, in its time.
    ///
    /// - Parameter isLasting: whether it must outlive a crash of the machine, and not only one of the controller. It
    ///   costs two calls of `fsync`, which is more than all the rest of a session's start; a session that ends with the
    ///   machine, and could not come back, is not worth it.
    package func save(_ session: SessionID, _ record: JSONObject, isLasting: Bool) {
        put(JSON.object(record).serialized(.pretty) + [UInt8(ascii: "\n")], of: session, isLasting: isLasting)
    }

    private func put(_ text: [UInt8]?, of session: SessionID, isLasting: Bool) {
        let mustLast = isLasting || lasting.contains(session)
        if isLasting { lasting.insert(session) } else { lasting.remove(session) }
        waiting[session] = Change(text: text, isLasting: mustLast || waiting[session]?.isLasting == true)
        write()
    }

    /// Does something once what was handed in of a session is on disk, or cannot be brought there.
    func afterSaving(_ session: SessionID, _ body: @escaping () -> Void) {
        if waiting[session] == nil, !writing.contains(session) {
            body()
        } else {
            afterwards[session, default: []].append(body)
        }
    }

    package func forget(_ session: SessionID) {
        put(nil, of: session, isLasting: false)
    }

    /// Hands all that waits to the worker in one job, unless it still has one: what changes meanwhile is written once,
    /// as it is then.
    private func write() {
        guard !isWriting, !waiting.isEmpty else { return }
        let (batch, folder) = (waiting, folder)
        writing = Set(batch.keys)
        waiting = [:]
        worker.submit {
            var done: [Written] = []
            for (session, change) in batch {
                done.append(Written(session: session, problem: Self.write(change, of: session, to: folder)))
            }
            if batch.values.contains(where: \.isLasting) { try? folder.sync() }
            return done
        }
    }

    private static func write(_ change: Change, of session: SessionID, to folder: RecordFolder) -> String? {
        do throws(Errno) {
            let name = session.text + suffix
            if let text = change.text {
                try folder.replace(name, with: text, isLasting: change.isLasting)
            } else {
                try folder.remove(name)
            }
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Readable while `takeWritten` has something to do.
    package var wakeDescriptor: Int32 { worker.resultsDescriptor }

    /// Hears what has come to the disk, and does what waited for it.
    package func takeWritten() {
        while let work = worker.takeResult() { finish(work) }
    }

    private func finish(_ work: [Written]) {
        writing = []
        for done in work {
            guard let problem = done.problem else { continue }
            say("cannot keep the record of '\(done.session)' in \(path): \(problem); it is in memory alone")
        }
        for done in work where waiting[done.session] == nil {
            for body in afterwards.removeValue(forKey: done.session) ?? [] { body() }
        }
        write()
    }

    /// Whether everything handed in is on disk.
    package var isSettled: Bool { !isWriting && waiting.isEmpty }

    /// Every record that can be read. One that cannot is renamed, never overwritten, and said.
    ///
    /// - Parameter decode: what a record is to the caller.
    package func load<Record>(
        _ decode: (JSONObject) throws(WorldError) -> Record
    ) -> (records: [Record], problems: [String]) {
        var records: [Record] = []
        var problems: [String] = []
        for name in ((try? folder.names()) ?? []).sorted() {
            if name.hasPrefix(".") {
                // Of a controller that was killed while it wrote.
                try? folder.remove(name)
            } else if name.hasSuffix(Self.suffix) {
                do throws(WorldError) {
                    records.append(try decode(try read(name)))
                    // It may be one that lasts; if not, it costs one call too many, once.
                    if let session = try? SessionID(String(name.dropLast(Self.suffix.count))) {
                        lasting.insert(session)
                    }
                } catch {
                    problems.append(setAside(name, because: error))
                }
            }
        }
        return (records, problems)
    }

    private func read(_ name: String) throws(WorldError) -> JSONObject {
        do {
            let bytes = try folder.read(name, limit: Self.longest)
            return try JSONShape.object.decode(try JSON.parse(bytes))
        } catch {
            throw WorldError("\(error)")
        }
    }

    private func setAside(_ name: String, because reason: WorldError) -> String {
        let aside = "\(name).unreadable-\(WallClock.now().seconds)"
        let found = "\(path)/\(name) is not a record (\(reason))"
        do throws(Errno) {
            try folder.rename(name, to: aside)
            return "\(found); set aside as \(aside)"
        } catch {
            return "\(found), and cannot be set aside: \(error)"
        }
    }
}
