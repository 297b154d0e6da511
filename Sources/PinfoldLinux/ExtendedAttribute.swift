import CPinfoldLinux
import Glibc

/// The text of an extended attribute of a file; nil where there is none, or it may not be read.
///
/// The corresponding C function is `getxattr`.
package func extendedAttribute(_ name: String, of path: String) -> String? {
    var value = [UInt8](repeating: 0, count: 256)
    let size = value.count
    let length = unsafe value.withUnsafeMutableBytes { buffer -> Int in
        guard let start = buffer.baseAddress else { return -1 }
        return unsafe pinfold_getxattr(path, name, start, size)
    }
    return length >= 0 ? String(decoding: value[..<length], as: UTF8.self) : nil
}
