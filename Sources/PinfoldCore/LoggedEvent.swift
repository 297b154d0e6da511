/// A line of the event log: what happened to whom, with its numbers. The loop adds the wall clock's time.
package struct LoggedEvent: Hashable, Sendable {
    package enum Name: String, CaseIterable, Sendable {
        case queued, refused, admitted, started, busy, idle, waiting
        case victimChosen = "victim_chosen"
        case nothingEvictable = "nothing_evictable"
        case stopping, stuck, suspended, ended
        /// The kernel refused to end, freeze or thaw a session; it is tried again.
        case callFailed = "call_failed"
        /// An ending was taken back because a turn began meanwhile.
        case reinstated
        case turnCancelled = "turn_cancelled"
        case leaseLost = "lease_lost"
        case leaseTaken = "lease_taken"
        case tokenRefused = "token_refused"
        case limitChanged = "limit_changed"
        case memoryEvent = "memory_event"
        case pinned, unpinned, frozen, thawed, reclaimed, adopted
        case policyReloaded = "policy_reloaded"
        case policyRejected = "policy_rejected"
        case recordSetAside = "record_set_aside"
        case recordFailed = "record_failed"
        case recordsKept = "records_kept"
    }

    package enum Detail: Hashable, Sendable {
        case number(Int64)
        case text(String)
        case flag(Bool)
    }

    package let name: Name
    package let session: SessionID?
    package let life: UInt64?
    package let details: [(name: String, value: Detail)]

    package init(
        _ name: Name, _ session: SessionID? = nil, life: UInt64? = nil, _ details: [(name: String, value: Detail)] = []
    ) {
        self.name = name
        self.session = session
        self.life = life
        self.details = details
    }

    package init(_ name: Name, _ life: LifeID, _ details: [(name: String, value: Detail)] = []) {
        self.init(name, life.session, life: life.number, details)
    }

    package static func == (left: LoggedEvent, right: LoggedEvent) -> Bool {
        left.name == right.name && left.session == right.session && left.life == right.life
            && left.details.elementsEqual(right.details, by: ==)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(session)
        hasher.combine(life)
    }
}

extension LoggedEvent {
    /// A cause as details: its kind and sentence, then its numbers under their own names.
    package static func details(of cause: Cause) -> [(name: String, value: Detail)] {
        [("cause", .text(cause.kind.rawValue)), ("message", .text(cause.message))]
            + cause.numbers.map { ($0.name, .number($0.value)) }
    }
}
