import PinfoldCgroups
import PinfoldCore
import PinfoldJSON
import PinfoldLinux

/// Taking over what a former controller left behind: records on one side, cgroups on the other.
struct SessionAdoption {
    let world: SliceWorld
    let boot: String
    /// Reads a record.
    let decode: (JSONObject) throws(WorldError) -> SessionRecord
    let notice: (String) -> Void

    /// Matches records with cgroups by name and inode. A cgroup that neither a record nor the note in it knows, or of
    /// another life, belongs to no session: it is killed and removed.
    ///
    /// - Throws: where descriptors or memory do not suffice to take all of them over. Those that live go on, for a
    ///   later controller: to pass one over would be to kill it as a stray.
    func adopt(_ records: [SessionRecord]) throws(WorldError) -> [Adoption] {
        var claimed: Set<String> = []
        var adoptions: [Adoption] = []
        for record in try completed(records) {
            guard let life = record.life, record.boot == boot else {
                let isOfFormerBoot = record.life != nil
                adoptions.append(
                    Adoption(session: record.session, adoptedLife: nil, wasRunningAtReboot: isOfFormerBoot))
                continue
            }
            let id = LifeID(session: record.session.id, number: record.session.lives)
            let facts = try facts(of: id, life, record.session.policy)
            if facts != nil { claimed.insert(id.directoryName) }
            // Also where nothing is left: the launcher may reconnect and report how the command ended.
            let adoptedLife = Adoption.AdoptedLife(
                facts: facts ?? CreationFacts(enforcement: .none, unenforced: []), processID: life.processID,
                placement: life.placement, keepsTree: life.keepsTree, parent: life.parent)
            adoptions.append(Adoption(session: record.session, adoptedLife: adoptedLife))
        }
        world.clear(except: claimed)
        return adoptions
    }

    /// The records, and those that did not reach the disk before the former controller was killed.
    private func completed(_ records: [SessionRecord]) throws(WorldError) -> [SessionRecord] {
        var known = Dictionary(records.map { ($0.session.id, $0) }) { first, _ in first }
        let recorded = records.filter { $0.life != nil }.map { record in
            LifeID(session: record.session.id, number: record.session.lives).directoryName
        }
        let notes: [(cgroup: String, text: [UInt8])]
        do throws(CgroupError) {
            notes = try world.notes(besides: Set(recorded))
        } catch {
            throw WorldError("cannot read what a former controller left with its sessions: \(error)")
        }
        for note in notes {
            guard var record = record(note.text, of: note.cgroup) else { continue }
            let written = known[record.session.id]?.session
            guard record.session.lives > written?.lives ?? 0 else { continue }
            record.session.token = written?.token
            known[record.session.id] = record
        }
        return known.values.sorted { $0.session.id < $1.session.id }
    }

    /// The record in a note; nil, and logged, if it is no record, or one of another cgroup. Such a note was copied, or
    /// written by another process, and would claim a foreign cgroup.
    private func record(_ note: [UInt8], of cgroup: String) -> SessionRecord? {
        do {
            let record = try decode(try JSONShape.object.decode(try JSON.parse(note, limits: RecordStore.limits)))
            let own = LifeID(session: record.session.id, number: record.session.lives).directoryName
            guard own == cgroup else { throw WorldError("it is of \(own)") }
            guard record.life != nil else { throw WorldError("it has no life") }
            guard record.boot == boot else { throw WorldError("it is of another boot of the machine") }
            return record
        } catch {
            notice("the note with the cgroup \(cgroup) is not a record of it (\(error)), so nobody knows the cgroup")
            return nil
        }
    }

    private func facts(
        of id: LifeID, _ life: SessionRecord.LifeRecord, _ policy: SessionPolicy
    ) throws(WorldError) -> CreationFacts? {
        do {
            return try world.adopt(id, inode: life.inode, policy)
        } catch let error as CgroupError where error.isShortage {
            throw WorldError("cannot take over \(id): \(error); its processes go on; raise LimitNOFILE= or ulimit -n")
        } catch {
            notice("cannot take over \(id): \(error)")
            return nil
        }
    }
}

extension Controller {
    /// Tells the rules what was found, and at once which of it is empty.
    func adopt(_ adoptions: [Adoption]) {
        dispatch(.adopted(adoptions))
        for adoption in adoptions where adoption.adoptedLife != nil {
            let life = LifeID(session: adoption.session.id, number: adoption.session.lives)
            if world.isEmpty(life) { dispatch(.emptied(life)) }
        }
    }
}

extension SliceWorld {
    /// Takes a cgroup over, thawed and with its limits written anew; nil where it is gone or another one by now.
    func adopt(_ life: LifeID, inode: UInt64, _ policy: SessionPolicy) throws -> CreationFacts? {
        guard let cgroup = try held.slice.sessions.child(life.directoryName), cgroup.inode == inode else { return nil }
        // A controller that died between freezing and thawing would leave it standing for ever.
        _ = try cgroup.thaw()
        let limits = SessionLimits(policy, within: budget)
        let facts = Self.write(limits, to: cgroup, isNew: false, hasSwap: meters.hasSwap)
        try hold(life, cgroup)
        return facts
    }

    /// What was left with the cgroups that are there, but for these.
    func notes(besides recorded: Set<String>) throws(CgroupError) -> [(cgroup: String, text: [UInt8])] {
        var notes: [(cgroup: String, text: [UInt8])] = []
        for name in try held.slice.sessions.children() where !recorded.contains(name) {
            do throws(CgroupError) {
                guard let note = try held.slice.sessions.child(name)?.note() else { continue }
                notes.append((name, note))
            } catch {
                guard error.isShortage else { continue }
                throw error
            }
        }
        return notes
    }

    /// Kills and removes every cgroup that no session has a claim to.
    func clear(except claimed: Set<String>) {
        for name in (try? held.slice.sessions.children()) ?? [] where !claimed.contains(name) {
            do {
                guard let stray = try held.slice.sessions.child(name) else { continue }
                if try stray.state()?.isPopulated == true {
                    notice("\(stray.path) belongs to no session: killed")
                    _ = try stray.kill()
                }
                sweep(name)
            } catch {
                notice("cannot clear away \(name): \(error)")
            }
        }
    }

    private func sweep(_ name: String) {
        let held = held
        worker.submit {
            let stray = try? held.slice.sessions.child(name)
            if let cgroup = stray ?? nil {
                _ = try? cgroup.waitUntilEmpty(timeout: .seconds(5))
                _ = try? cgroup.remove()
            }
            return .swept
        }
    }
}
