import CPinfoldLinux
import Glibc

extension OwnedDescriptor {
    /// The longest value of an attribute that is read, bytes: `XATTR_SIZE_MAX`.
    private static let longestAttribute = 65_536

    /// An extended attribute of the open file; nil where it has none of this name.
    ///
    /// The corresponding C function is `fgetxattr`.
    package borrowing func attribute(_ name: String) throws(Errno) -> [UInt8]? {
        var value = [UInt8](repeating: 0, count: Self.longestAttribute)
        do throws(Errno) {
            let length = try retried("fgetxattr") {
                unsafe value.withUnsafeMutableBytes { buffer -> Int in
                    guard let start = buffer.baseAddress else { return -1 }
                    return unsafe pinfold_fgetxattr(number, name, start, buffer.count)
                }
            }
            return Array(value[..<length])
        } catch .noData {
            return nil
        }
    }

    /// Gives the open file an extended attribute, or another value of it.
    ///
    /// - Throws: EOPNOTSUPP, E2BIG or ENOSPC where its file system keeps none, or none so long.
    ///
    /// The corresponding C function is `fsetxattr`.
    package borrowing func setAttribute(_ name: String, to value: [UInt8]) throws(Errno) {
        _ = try retried("fsetxattr") {
            unsafe value.withUnsafeBytes { buffer -> Int32 in
                guard let start = buffer.baseAddress else { return -1 }
                return unsafe pinfold_fsetxattr(number, name, start, buffer.count)
            }
        }
    }
}
