/// Which records are not on disk, as far as the rules care.
struct RecordFailures: Sendable {
    /// Sessions whose record is in memory alone; also of forgotten ones whose file is still there.
    var unsaved: Set<SessionID> = []
    /// Why the last record could not be written; nil once one was written after it.
    var reason: String?
    /// How many writes failed since the first of them was announced.
    var count = 0
    /// Reasons that were announced: each is named once until all records are on disk again.
    var logged: Set<String> = []
}

extension SessionPool {
    /// More different reasons than this are counted, not announced.
    private static let mostReasons = 16

    mutating func handleRecordFailure(_ session: SessionID, _ reason: String, _ actions: inout [Action]) {
        records.unsaved.insert(session)
        records.reason = reason
        records.count += 1
        guard records.logged.count < Self.mostReasons, records.logged.insert(reason).inserted else { return }
        let message = "\(reason); it is kept in memory and written again until it is on disk"
        actions.append(.log(LoggedEvent(.recordFailed, session, [("message", .text(message))])))
    }

    mutating func handleRecordKept(_ session: SessionID, _ actions: inout [Action]) {
        // That a file can be removed does not show that one can be written.
        if sessions.index(of: session) != nil { records.reason = nil }
        records.unsaved.remove(session)
        guard records.unsaved.isEmpty, records.count > 0 else { return }
        actions.append(.log(LoggedEvent(.recordsKept, nil, [("failures", .number(Int64(records.count)))])))
        records = RecordFailures()
    }

    /// Why a session must not be stopped for a return that may not come; nil where its record can be kept.
    func recordProblem(of session: SessionID) -> String? {
        guard let reason = records.reason else {
            return records.unsaved.contains(session) ? "its record is not on disk" : nil
        }
        return reason
    }
}
