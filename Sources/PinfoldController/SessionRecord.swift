package import PinfoldCore
package import PinfoldJSON
import PinfoldProtocol

/// What is kept of a session on disk.
package struct SessionRecord: Sendable {
    static let version: Int64 = 1

    package var session: Session
    /// The boot in which `lastActivity` was taken; in another one it means nothing.
    package var boot: String
    /// Of the life there was when it was written.
    package var life: LifeRecord?

    package struct LifeRecord: Sendable {
        /// The inode of its cgroup's directory: a path may be another cgroup's by now.
        package var inode: UInt64
        package var processID: Int32?
        package var placement: Placement?
        package var keepsTree: Bool
        /// The life that it was opened from within.
        package var parent: LifeID?
    }

    package init(session: Session, boot: String, life: LifeRecord?) {
        self.session = session
        self.boot = boot
        self.life = life
    }

    /// Whether it is still true after a crash of the machine: a running session ends with it.
    var isLasting: Bool { session.isSuspended || session.token != nil || session.isPinned }

    package var json: JSONObject {
        [
            "version": JSON(Self.version), "session": .string(session.id.text), "owner": JSON(session.owner.number),
            "policy": .string(session.policyName), "settings": .array(session.settings.map { .string($0) }),
            "pinned": .bool(session.isPinned), "token": JSON(session.token), "lives": JSON(session.lives),
            "suspended": .bool(session.isSuspended), "cause": session.cause?.json ?? .null,
            "lastMemory": JSON(session.lastMemory), "lastPeak": JSON(session.lastPeak), "boot": .string(boot),
            "lastActivity": JSON(session.lastActivity.nanoseconds), "endedAt": JSON(session.endedAt?.nanoseconds),
            "life": life?.json ?? .null,
        ]
    }

    /// Reads a record back.
    ///
    /// - Parameters:
    ///   - boot: the boot that runs now; moments of another one become `now`.
    ///   - policy: finds the policy of a name with settings laid over it, and which of those are right today.
    package init(
        json object: JSONObject, boot currentBoot: String, now: Instant,
        policy: (_ name: String, _ settings: [String]) -> (SessionPolicy, settings: [String])
    ) throws(WorldError) {
        do {
            let version = try object.required("version", as: .int64)
            guard version == Self.version else { throw WorldError("its version is \(version), not \(Self.version)") }
            let name = try object.required("policy", as: .string)
            let (policy, settings) = policy(name, try object.required("settings", as: .array(of: .string)))
            boot = try object.required("boot", as: .string)
            let isThisBoot = boot == currentBoot
            let lastActivity = Instant(nanoseconds: try object.required("lastActivity", as: .uint64))
            var session = Session(
                id: try SessionID(try object.required("session", as: .string)),
                owner: UserID(try object.required("owner", as: .user)), policyName: name,
                policy: policy, settings: settings,
                lastActivity: isThisBoot ? min(lastActivity, now) : now)
            session.isPinned = try object.required("pinned", as: .bool)
            session.token = try object.optional("token", as: .string)
            if let problem = ResumeToken.problem(with: session.token) { throw WorldError(problem) }
            session.lives = try object.required("lives", as: .lifeNumber)
            session.isSuspended = try object.required("suspended", as: .bool)
            session.cause = try object.optional("cause", as: .cause)
            session.lastMemory = try object.optional("lastMemory", as: .bytes)
            session.lastPeak = try object.optional("lastPeak", as: .bytes)
            session.endedAt = try object.optional("endedAt", as: .uint64).map {
                isThisBoot ? min(Instant(nanoseconds: $0), now) : Instant(nanoseconds: 0)
            }
            self.session = session
            life = try object.optional("life", as: .object).map { (life) throws(JSONDecodingError) in
                try LifeRecord(json: life)
            }
            guard life == nil || session.lives > 0 else { throw WorldError("it has a life, but lives is 0") }
        } catch let error as WorldError {
            throw error
        } catch {
            throw WorldError("\(error)")
        }
    }
}

extension SessionRecord.LifeRecord {
    fileprivate var json: JSON {
        [
            "inode": JSON(inode), "pid": JSON(processID), "placement": JSON(placement?.rawValue),
            "keepTree": .bool(keepsTree), "parent": JSON(parent?.directoryName),
        ]
    }

    fileprivate init(json object: JSONObject) throws(JSONDecodingError) {
        inode = try object.required("inode", as: .uint64)
        processID = try object.optional("pid", as: .processID)
        placement = try object.optional("placement", as: .oneOf(Placement.self))
        keepsTree = try object.required("keepTree", as: .bool)
        // Not there in a record of an earlier version, or where it is in none.
        parent = try object.optional("parent", as: .string).flatMap { LifeID(directoryName: $0) }
    }
}
