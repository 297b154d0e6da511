import Glibc

/// The only function that reads `errno`.
///
/// EBADF and EFAULT cannot come from the world, only from us: a descriptor that was closed too early may by now be
/// another file's, and to go on would write into the wrong file. Calls on a descriptor that the program was started
/// with pass `ours: false`, for the caller may have closed it or opened it the wrong way.
private func lastError(of call: StaticString, ours: Bool) -> Errno {
    let error = Errno(rawValue: errno)
    if error == .badAddress || (ours && error == .badDescriptor) {
        fatalError("\(call) failed with \(error): a descriptor or address was used after its end")
    }
    return error
}

/// Makes a system call that must not be repeated, and turns −1 into an error.
@inline(__always)
package func once<Number: FixedWidthInteger & SignedInteger>(
    _ name: StaticString, ours: Bool = true, _ call: () -> Number
) throws(Errno) -> Number {
    let result = call()
    guard result == -1 else { return result }
    throw lastError(of: name, ours: ours)
}

/// Makes a system call, again where a signal interrupted it, and turns −1 into an error.
@inline(__always) @discardableResult
package func retried<Number: FixedWidthInteger & SignedInteger>(
    _ name: StaticString, ours: Bool = true, _ call: () -> Number
) throws(Errno) -> Number {
    while true {
        do throws(Errno) {
            return try once(name, ours: ours, call)
        } catch .interrupted {
            continue
        }
    }
}

/// The same for a read or a write. EBADF there also means that a descriptor was opened for the other direction, by
/// the process that started us; that is an error like any other, and not our end.
@inline(__always) @discardableResult
func retried<Number: FixedWidthInteger & SignedInteger>(
    _ name: StaticString, on number: Int32, _ call: () -> Number
) throws(Errno) -> Number {
    do throws(Errno) {
        return try retried(name, ours: false, call)
    } catch .badDescriptor {
        _ = try once(name) { fcntl(number, F_GETFD) }
        throw .badDescriptor
    }
}

/// Something C can be given as a path.
package protocol FileName {
    /// Lends the name to C, ended by NUL. A NUL inside would end it early and name another file: EINVAL.
    func withName<Result>(_ body: (UnsafePointer<CChar>) throws(Errno) -> Result) throws(Errno) -> Result
}

extension String: FileName {
    package func withName<Result>(
        _ body: (UnsafePointer<CChar>) throws(Errno) -> Result
    ) throws(Errno) -> Result {
        guard !utf8.contains(0) else { throw .invalidArgument }
        return unsafe try utf8CString.withUnsafeBufferPointer { characters throws(Errno) in
            guard let start = characters.baseAddress else { throw .invalidArgument }
            return unsafe try body(start)
        }
    }
}
