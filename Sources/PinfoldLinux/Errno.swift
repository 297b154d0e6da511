import CPinfoldLinux
import Glibc

/// The error number of a failed system call.
///
/// A struct rather than an enum: a number this library has no constant for stays what it is.
/// See errno(3).
public struct Errno: Error, RawRepresentable, Sendable, Hashable {
    /// The number, as in `<errno.h>`.
    public let rawValue: Int32

    /// The error with this number.
    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// The symbol of `<errno.h>`: `ENOENT`. For a number without one, `errno 4711`.
    public var name: String {
        guard let symbol = unsafe pinfold_error_name(rawValue) else { return "errno \(rawValue)" }
        return unsafe String(cString: symbol)
    }
}

extension Errno: CustomStringConvertible {
    /// Symbol and sentence: `ENOENT: No such file or directory`. Never in the language of the user's locale.
    public var description: String {
        guard let text = unsafe pinfold_error_text(rawValue) else { return name }
        return unsafe "\(name): \(String(cString: text))"
    }
}

extension Errno {
    /// EPERM
    public static let notPermitted = Errno(rawValue: EPERM)
    /// ENOENT
    public static let noSuchFile = Errno(rawValue: ENOENT)
    /// ESRCH
    public static let noSuchProcess = Errno(rawValue: ESRCH)
    /// ENOPROTOOPT
    public static let noProtocolOption = Errno(rawValue: ENOPROTOOPT)
    /// EINTR
    public static let interrupted = Errno(rawValue: EINTR)
    /// EIO
    public static let inputOutput = Errno(rawValue: EIO)
    /// EBADF
    public static let badDescriptor = Errno(rawValue: EBADF)
    /// ECHILD
    public static let noChild = Errno(rawValue: ECHILD)
    /// EAGAIN
    public static let again = Errno(rawValue: EAGAIN)
    /// ENOMEM
    public static let noMemory = Errno(rawValue: ENOMEM)
    /// EACCES
    public static let accessDenied = Errno(rawValue: EACCES)
    /// EFAULT
    public static let badAddress = Errno(rawValue: EFAULT)
    /// EBUSY
    public static let busy = Errno(rawValue: EBUSY)
    /// EEXIST
    public static let fileExists = Errno(rawValue: EEXIST)
    /// ENODEV
    public static let noSuchDevice = Errno(rawValue: ENODEV)
    /// ENOTDIR
    public static let notDirectory = Errno(rawValue: ENOTDIR)
    /// EISDIR
    public static let isDirectory = Errno(rawValue: EISDIR)
    /// EINVAL
    public static let invalidArgument = Errno(rawValue: EINVAL)
    /// EMFILE
    public static let tooManyOpenFiles = Errno(rawValue: EMFILE)
    /// ENFILE
    public static let tooManyOpenFilesInSystem = Errno(rawValue: ENFILE)
    /// ENOTTY
    public static let notTerminal = Errno(rawValue: ENOTTY)
    /// ENOSPC
    public static let noSpace = Errno(rawValue: ENOSPC)
    /// EROFS
    public static let readOnlyFileSystem = Errno(rawValue: EROFS)
    /// EPIPE
    public static let brokenPipe = Errno(rawValue: EPIPE)
    /// ERANGE
    public static let outOfRange = Errno(rawValue: ERANGE)
    /// ENAMETOOLONG
    public static let nameTooLong = Errno(rawValue: ENAMETOOLONG)
    /// ENOSYS
    public static let noSuchCall = Errno(rawValue: ENOSYS)
    /// ENOTEMPTY
    public static let notEmpty = Errno(rawValue: ENOTEMPTY)
    /// ELOOP
    public static let tooManyLinks = Errno(rawValue: ELOOP)
    /// EXDEV
    public static let crossesBoundary = Errno(rawValue: EXDEV)
    /// ENODATA
    public static let noData = Errno(rawValue: ENODATA)
    /// EOPNOTSUPP
    public static let notSupported = Errno(rawValue: EOPNOTSUPP)
    /// ECONNRESET
    public static let connectionReset = Errno(rawValue: ECONNRESET)
    /// ETIMEDOUT
    public static let timedOut = Errno(rawValue: ETIMEDOUT)
    /// ECONNREFUSED
    public static let connectionRefused = Errno(rawValue: ECONNREFUSED)
}
