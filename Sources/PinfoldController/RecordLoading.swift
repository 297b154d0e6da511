import PinfoldCore
package import PinfoldJSON
import PinfoldLinux

/// Reading the records of a former controller.
extension RecordStore {
    /// The most a record may have, bytes: a token that a client chose is in it.
    private static let longest = 8 << 20
    static let suffix = ".json"

    /// Every record that can be read. One that cannot is renamed, never overwritten, and said.
    ///
    /// - Parameter decode: what a record is to the caller.
    package func load<Record>(
        _ decode: (JSONObject) throws(WorldError) -> Record
    ) -> (records: [Record], problems: [String]) {
        var records: [Record] = []
        var problems: [String] = []
        for name in ((try? files.names()) ?? []).sorted() {
            if name.hasPrefix(".") {
                // Of a controller that was killed while it wrote.
                try? files.remove(name)
            } else if name.hasSuffix(Self.suffix) {
                do throws(WorldError) {
                    records.append(try decode(try read(name)))
                    if let session = try? SessionID(String(name.dropLast(Self.suffix.count))) { noteLasting(session) }
                } catch {
                    problems.append(setAside(name, because: error))
                }
            }
        }
        return (records, problems)
    }

    private func read(_ name: String) throws(WorldError) -> JSONObject {
        do {
            let bytes = try files.read(name, limit: Self.longest)
            return try JSONShape.object.decode(try JSON.parse(bytes))
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
