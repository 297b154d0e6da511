import PinfoldLinux

/// The file calls behind a ``RecordStore``; tests put others in their place, which fail or never return.
protocol RecordFiles: Sendable {
    func names() throws(Errno) -> [String]
    func read(_ name: String, limit: Int) throws(WorldError) -> [UInt8]
    func replace(_ name: String, with text: [UInt8], isLasting: Bool) throws(Errno)
    func rename(_ name: String, to new: String) throws(Errno)
    func remove(_ name: String) throws(Errno)
    func sync() throws(Errno)
}

/// A folder of small files, each replaced as a whole or not at all.
///
/// Written aside, synced, renamed, and the folder synced: a reader finds the old text or the new one, whenever the
/// machine stops (`fsync(2)`, `rename(2)`). Without the syncing it is so whenever the writer is killed. A class
/// because the loop and the worker both use it; nothing in it changes.
final class RecordFolder: RecordFiles {
    private let directory: Directory

    /// Makes the folder where it is missing.
    ///
    /// - Throws: `WorldError` where that fails, or where others could have put records there.
    init(_ path: String) throws(WorldError) {
        let status: FileStatus
        do throws(Errno) {
            try Directory.makeAll(path, permissions: 0o700)
            directory = try Directory(path)
            status = try directory.descriptor.status()
        } catch {
            throw WorldError("cannot keep records in \(path): \(error); name another folder with --state")
        }
        try FolderOwnership.check(status, path)
    }

    /// Names of the files in it.
    func names() throws(Errno) -> [String] {
        try directory.entries().filter { !$0.isDirectory }.map { $0.name.description }
    }

    /// - Throws: `WorldError` also for what is no regular file: to open a pipe would be to wait for its writer.
    func read(_ name: String, limit: Int) throws(WorldError) -> [UInt8] {
        let found: (kind: FileStatus.Kind, text: [UInt8])
        do throws(Errno) {
            let file = try directory.open(name, [.read, .noFollow, .nonBlocking])
            let kind = try file.status().kind
            found = (kind, kind == .regular ? try file.readToEnd(limit: limit) : [])
        } catch {
            throw WorldError("\(error)")
        }
        guard found.kind == .regular else { throw WorldError("it is a \(found.kind), not a regular file") }
        return found.text
    }

    /// Not yet on the disk's platter: `sync` sees to that for many at once.
    ///
    /// - Parameter isLasting: whether the text is, which is what must be there before the name may be.
    func replace(_ name: String, with text: [UInt8], isLasting: Bool) throws(Errno) {
        let aside = ".\(name).new"
        do throws(Errno) {
            let file = try directory.open(aside, [.write, .create, .truncate, .noFollow], mode: 0o600)
            try file.writeAll(text)
            if isLasting { try file.synchronize() }
            try directory.rename(aside, to: name)
        } catch {
            // Half a file is useless, and the disk may be full.
            try? directory.removeFile(aside)
            throw error
        }
    }

    func rename(_ name: String, to new: String) throws(Errno) {
        try directory.rename(name, to: new)
    }

    func remove(_ name: String) throws(Errno) {
        do throws(Errno) {
            try directory.removeFile(name)
        } catch .noSuchFile {
            // It was never written.
        }
    }

    /// Makes the renames last.
    func sync() throws(Errno) {
        try directory.descriptor.synchronize()
    }
}
