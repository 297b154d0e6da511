import PinfoldLinux

extension Cgroup {
    /// Writes each limit and reads it back: what was not read back is not a limit.
    ///
    /// May block: to lower `memory.max` of a cgroup that uses more takes the memory back in the caller's time.
    public borrowing func apply(_ limits: Limits) -> [LimitResult] {
        limits.writes.map { LimitResult(write: $0, outcome: apply($0)) }
    }

    private borrowing func apply(_ write: LimitWrite) -> LimitResult.Outcome {
        do throws(CgroupError) {
            switch try self.write(write.file, write.value) {
            case .noFile: return .unavailable(reason: try reason(whyMissing: write.file))
            case .gone: return .gone
            case .done: break
            }
            switch try read(write.file) {
            case .value(let found): return write.isSame(as: found) ? .held(found) : .notEnforced(found: found)
            case .noFile: return .unavailable(reason: try reason(whyMissing: write.file))
            case .gone: return .gone
            }
        } catch {
            return .failed(error.errno ?? .inputOutput)
        }
    }

    private borrowing func reason(whyMissing file: String) throws(CgroupError) -> String {
        let controller = String(file.prefix { $0 != "." })
        let enabled = try controllers()
        guard controller == "cgroup" || enabled.contains(controller) else {
            return "the \(controller) controller is not enabled here"
        }
        return file.hasPrefix("memory.swap.")
            ? "this kernel does not account swap" : "this kernel does not know \(file)"
    }
}

extension LimitWrite {
    /// Whether a file that reads so holds this value.
    package func isSame(as found: String) -> Bool {
        if value == found { return true }
        // Memory is counted in pages and rounded down.
        if file.hasPrefix("memory."), let wanted = Amount(value)?.number, let held = Amount(found)?.number {
            return held <= wanted && wanted - held < pageSize
        }
        // "default 200" reads so, and lines for single devices follow.
        if file == "io.weight" { return found.split(separator: "\n").contains { $0 == value } }
        // The kernel writes lists of processors in its own way: 0,1,2 becomes 0-2.
        if file == "cpuset.cpus" { return processors(value) == processors(found) }
        return false
    }
}

/// The numbers in a list such as `0-3,8`; nil where it is none.
package func processors(_ list: String) -> Set<Int>? {
    var found: Set<Int> = []
    for part in list.split(separator: ",") {
        let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last, last < 1 << 16
        else { return nil }
        found.formUnion(first...last)
    }
    return found
}
