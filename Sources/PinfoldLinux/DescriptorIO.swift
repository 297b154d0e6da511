import CPinfoldLinux
import Glibc

/// What a read came to.
package enum ReadOutcome: Sendable, Hashable {
    /// So many bytes, at least one.
    case bytes(Int)
    /// Nothing will ever come again.
    case endOfFile
    /// Nothing now; only where the descriptor is non-blocking.
    case wouldBlock
}

/// What a write came to.
package enum WriteOutcome: Sendable, Hashable {
    /// So many bytes, perhaps fewer than were offered.
    case bytes(Int)
    /// No room now; only where the descriptor is non-blocking.
    case wouldBlock
    /// Nobody will ever read it. Expects SIGPIPE to be ignored, see ``SignalSet/ignoreBrokenPipe()``.
    case brokenPipe
}

extension OwnedDescriptor {
    /// Reads what is there, up to the room in `span`, which is not empty. The corresponding C function is `read`.
    package borrowing func read(into span: inout MutableRawSpan) throws(Errno) -> ReadOutcome {
        let number = number
        do throws(Errno) {
            let count = unsafe try span.withUnsafeMutableBytes { buffer throws(Errno) in
                try retried("read", on: number) { unsafe Glibc::read(number, buffer.baseAddress, buffer.count) }
            }
            return count == 0 ? .endOfFile : .bytes(count)
        } catch .again {
            return .wouldBlock
        }
    }

    /// Reads into an array, from its start, as far as it is long.
    package borrowing func read(into bytes: inout [UInt8]) throws(Errno) -> ReadOutcome {
        var span = bytes.mutableSpan
        var raw = unsafe span.mutableBytes
        return try read(into: &raw)
    }

    /// Reads at an offset; 0 means that the file ends there. The corresponding C function is `pread`.
    package borrowing func read(into span: inout MutableRawSpan, at offset: Int) throws(Errno) -> Int {
        let number = number
        return unsafe try span.withUnsafeMutableBytes { buffer throws(Errno) in
            try retried("pread") { unsafe pread(number, buffer.baseAddress, buffer.count, off_t(offset)) }
        }
    }

    /// All bytes up to the end of the file.
    ///
    /// - Throws: EFBIG where there are more than `limit`.
    package borrowing func readToEnd(limit: Int = 16 << 20) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case .bytes(let count) = try read(into: &chunk) {
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= limit else { throw Errno(rawValue: EFBIG) }
        }
        return bytes
    }

    /// Writes what there is room for. The corresponding C function is `write`.
    package borrowing func write(_ bytes: RawSpan) throws(Errno) -> WriteOutcome {
        let number = number
        do throws(Errno) {
            return .bytes(
                unsafe try bytes.withUnsafeBytes { buffer throws(Errno) in
                    try retried("write", on: number) { unsafe Glibc::write(number, buffer.baseAddress, buffer.count) }
                })
        } catch {
            switch error {
            case .again: return .wouldBlock
            case .brokenPipe: return .brokenPipe
            default: throw error
            }
        }
    }

    /// Writes what there is room for.
    package borrowing func write(_ bytes: [UInt8]) throws(Errno) -> WriteOutcome {
        unsafe try write(bytes.span.bytes)
    }

    /// Writes everything to a descriptor that waits for room.
    ///
    /// - Throws: EPIPE without a reader, EAGAIN where the descriptor is non-blocking and full.
    package borrowing func writeAll(_ bytes: [UInt8]) throws(Errno) {
        var done = 0
        while done < bytes.count {
            switch unsafe try write(bytes.span.bytes.extracting(droppingFirst: done)) {
            case .bytes(let count): done += count
            case .wouldBlock: throw .again
            case .brokenPipe: throw .brokenPipe
            }
        }
    }

    /// Moves up to `count` bytes into `target` without copying them through this process. One of both is a pipe.
    ///
    /// Never waits, so `wouldBlock` means either that the source is empty or that the target is full.
    /// - Throws: EINVAL where a file cannot be spliced (then read and write), EBADF where either was opened the
    ///   wrong way by the parent process. The corresponding C function is `splice`.
    package borrowing func splice(to target: borrowing OwnedDescriptor, count: Int) throws(Errno) -> SpliceOutcome {
        let (from, into) = (number, target.number)
        do throws(Errno) {
            let moved = try retried("splice", ours: false) { pinfold_splice(from, into, count) }
            return moved == 0 ? .endOfFile : .bytes(moved)
        } catch {
            switch error {
            case .again: return .wouldBlock
            case .brokenPipe: return .brokenPipe
            default: throw error
            }
        }
    }
}

/// What a splice came to.
package enum SpliceOutcome: Sendable, Hashable {
    case bytes(Int)
    case endOfFile
    case wouldBlock
    case brokenPipe
}

/// The two ends of a pipe, both close-on-exec.
@frozen @usableFromInline package struct Pipe: ~Copyable, Sendable {
    package var reading: OwnedDescriptor
    package var writing: OwnedDescriptor

    /// The corresponding C function is `pipe2`.
    package init() throws(Errno) {
        var pair: (Int32, Int32) = (-1, -1)
        _ = unsafe try withUnsafeMutablePointer(to: &pair) { pair throws(Errno) in
            unsafe try pair.withMemoryRebound(to: Int32.self, capacity: 2) { numbers throws(Errno) in
                try once("pipe2") { unsafe pinfold_pipe(numbers) }
            }
        }
        reading = OwnedDescriptor(owning: pair.0)
        writing = OwnedDescriptor(owning: pair.1)
    }
}
