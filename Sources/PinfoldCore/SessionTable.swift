/// All sessions, in the order in which they became known, found by name.
///
/// A plain dictionary would do but for its order, which differs from run to run: equal inputs must give equal decisions.
package struct SessionTable: Sendable {
    private var slots: [Session] = []
    private var places: [SessionID: Int] = [:]

    package init() {}

    package var indices: Range<Int> { slots.indices }
    package var count: Int { slots.count }
    package var all: [Session] { slots }

    package subscript(index: Int) -> Session {
        get { slots[index] }
        _modify { yield &slots[index] }
    }

    package func index(of id: SessionID) -> Int? {
        places[id]
    }

    /// The place of a session whose current life is this one; nil where that life is over.
    package func index(of life: LifeID) -> Int? {
        guard let index = places[life.session], slots[index].life?.number == life.number else { return nil }
        return index
    }

    package subscript(id: SessionID) -> Session? {
        places[id].map { slots[$0] }
    }

    /// Adds a session whose name is not yet known, at the end.
    package mutating func append(_ session: Session) -> Int {
        slots.append(session)
        places[session.id] = slots.count - 1
        return slots.count - 1
    }

    package mutating func remove(_ id: SessionID) {
        guard let index = places.removeValue(forKey: id) else { return }
        slots.remove(at: index)
        for later in index..<slots.count { places[slots[later].id] = later }
    }
}
