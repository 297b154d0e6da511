import PinfoldLinux
package import PinfoldPolicy

/// Reads the files of a policy folder; `PinfoldPolicy` parses them.
///
/// By path and through links, unlike everything else here: configuration is put in place by links on many systems, and
/// a user who may write this folder may change the policies anyway.
package enum PolicyFolder {
    /// The most that is read of a file, bytes: enough to report that it is too long.
    private static let longest = 1 << 20

    /// Everything in the folder that a policy set is made of; nothing where there is no folder.
    package static func sources(in path: String) throws(WorldError) -> [PolicySource] {
        guard exists(path) else { return [] }
        do throws(Errno) {
            var sources: [PolicySource] = []
            for name in try names(in: path, endingWith: [".policy", ".policy.d"]) {
                guard name.hasSuffix(".d") else {
                    sources.append(source(named: name, in: path))
                    continue
                }
                for dropIn in try names(in: "\(path)/\(name)", endingWith: [".conf"]) {
                    sources.append(source(named: "\(name)/\(dropIn)", in: path))
                }
            }
            return sources
        } catch {
            throw WorldError("cannot read the policies in \(path): \(error)")
        }
    }

    /// Whether there is something at the path, a link to nothing left out.
    static func exists(_ path: String) -> Bool {
        do throws(Errno) {
            _ = try Directory(path)
            return true
        } catch {
            return error != .noSuchFile
        }
    }

    private static func names(in path: String, endingWith suffixes: [String]) throws(Errno) -> [String] {
        try Directory(path).entries().map(\.name.description).filter { name in suffixes.contains { name.hasSuffix($0) }
        }
    }

    private static func source(named name: String, in folder: String) -> PolicySource {
        let path = "\(folder)/\(name)"
        let content: Result<[UInt8], PolicySource.Unreadable>
        do throws(Errno) {
            // Not to wait for a writer, should it be a pipe.
            content = .success(try OwnedDescriptor.open(path, [.read, .nonBlocking]).readToEnd(limit: longest))
        } catch .isDirectory {
            content = .failure(.init(reason: "is a directory, not a file"))
        } catch {
            content = .failure(.init(reason: "cannot be read: \(error)"))
        }
        return PolicySource(name: name, path: path, content: content)
    }
}
