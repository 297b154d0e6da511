import PinfoldCore
package import PinfoldJSON
import PinfoldLinux

/// Reading the records of a former controller.
extension RecordStore {
    /// What a record, or a note with a cgroup, may have at most. The largest honest one holds a token of 256 KiB, of
    /// which JSON may make six times as many bytes; and some hundred values. A tree of numbers takes 30 times as many
    /// bytes as its text.
    static let limits = JSONLimits(depth: 32, size: 2 << 20, values: 10_000)
    static let suffix = ".json"

    /// Every record that can be read. One that cannot be read is renamed, never overwritten, and reported.
    ///
    /// - Parameter decode: what a record is to the caller.
    package func load<Record>(
        _ decode: (JSONObject) throws(WorldError) -> Record
    ) -> (records: [Record], problems: [String]) {
        var records: [Record] = []
        var problems: [String] = []
        for name in ((try? files.names()) ?? []).sorted() {
            // Each for itself: a bad one must not take the others with it.
            if name.hasPrefix(".") {
                // Of a controller that was killed while it wrote.
                try? files.remove(name)
            } else if name.hasSuffix(Self.suffix) {
                do throws(WorldError) {
                    let object = try read(name)
                    let stem = String(name.dropLast(Self.suffix.count))
                    // Written back it would be another file, and at the next start there would be two.
                    if let session = object["session"]?.string, session != stem {
                        throw WorldError("it is of another session than the one its name says")
                    }
                    records.append(try decode(object))
                    if let session = try? SessionID(stem) { noteLasting(session) }
                } catch {
                    problems.append(setAside(name, because: error))
                }
            }
        }
        return (records, problems)
    }

    private func read(_ name: String) throws(WorldError) -> JSONObject {
        do {
            let bytes = try files.read(name, limit: Self.limits.size)
            return try JSONShape.object.decode(try JSON.parse(bytes, limits: Self.limits))
        } catch {
            throw WorldError("\(error)")
        }
    }

    private func setAside(_ name: String, because reason: WorldError) -> String {
        let aside = "\(name).unreadable-\(WallClock.now().seconds)"
        let found = "\(path)/\(name) is not a record (\(reason))"
        do throws(Errno) {
            try files.rename(name, to: aside)
            return "\(found); set aside as \(aside)"
        } catch {
            return "\(found), and cannot be set aside: \(error)"
        }
    }
}
