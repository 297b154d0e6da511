/// All sessions, in the order in which they became known, found by name.
///
/// A plain dictionary would do but for its order, which differs from run to run: equal inputs must give equal
/// decisions.
package struct SessionTable: Sendable {
    /// Read through this where only a part is wanted: an array lends it, the subscript below copies all of a session.
    package private(set) var all: [Session] = []
    private var places: [SessionID: Int] = [:]
    /// Where those with a life are, in order: there may be a thousand others, which no event need look at.
    package private(set) var residents: [Int] = []

    package init() {}

    package var indices: Range<Int> { all.indices }
    package var count: Int { all.count }

    package subscript(index: Int) -> Session {
        // Not _read: Swift 6.3 then copies a part out of what it yields after it is freed.
        get { all[index] }
        _modify {
            let before = all[index].life != nil
            yield &all[index]
            recordResidence(of: index, since: before)
        }
    }

    package func index(of id: SessionID) -> Int? {
        places[id]
    }

    /// The place of a session whose current life is this one; nil where that life is over.
    package func index(of life: LifeID) -> Int? {
        guard let index = places[life.session], all[index].life?.number == life.number else { return nil }
        return index
    }

    package subscript(id: SessionID) -> Session? {
        places[id].map { all[$0] }
    }

    /// Adds a session whose name is not yet known, at the end.
    package mutating func append(_ session: Session) -> Int {
        all.append(session)
        places[session.id] = all.count - 1
        recordResidence(of: all.count - 1, since: false)
        return all.count - 1
    }

    package mutating func remove(_ id: SessionID) {
        guard let index = places.removeValue(forKey: id) else { return }
        all.remove(at: index)
        for later in index..<all.count { places[all[later].id] = later }
        residents.removeAll { $0 == index }
        for place in residents.indices where residents[place] > index { residents[place] -= 1 }
    }

    private mutating func recordResidence(of index: Int, since before: Bool) {
        let isThere = all[index].life != nil
        guard isThere != before else { return }
        let place = residents.firstIndex { $0 >= index } ?? residents.count
        if isThere { residents.insert(index, at: place) } else { residents.remove(at: place) }
    }
}
