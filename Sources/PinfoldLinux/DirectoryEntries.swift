import Glibc

extension Directory {
    /// A name in a directory.
    package struct Entry: FileName, Sendable, Hashable {
        package var name: ByteString
        package var isDirectory: Bool

        package func withName<Result>(
            _ body: (UnsafePointer<CChar>) throws(Errno) -> Result
        ) throws(Errno) -> Result {
            unsafe try name.withName(body)
        }
    }

    /// The names in it, without `.` and `..`, in the order in which the file system gives them.
    ///
    /// The corresponding C functions are `fdopendir` and `readdir`.
    package borrowing func entries() throws(Errno) -> [Entry] {
        // fdopendir takes the descriptor over, and a duplicate would share the offset.
        let fresh = try reopened()
        let number = fresh.descriptor.release()
        guard let stream = unsafe fdopendir(number) else {
            _ = OwnedDescriptor(owning: number)
            throw .noMemory
        }
        defer { unsafe closedir(stream) }
        var found: [Entry] = []
        // A null pointer is the end or an error, and only errno distinguishes them. On an open directory of cgroup2 or
        // proc the one error is that it was removed meanwhile: then there is nothing in it.
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { name in
                unsafe ByteString(bytes: name.prefix { $0 != 0 })
            }
            if name == "." || name == ".." { continue }
            var isDirectory = unsafe entry.pointee.d_type == UInt8(DT_DIR)
            if unsafe entry.pointee.d_type == UInt8(DT_UNKNOWN) {
                isDirectory = (try? status(of: name).kind) == .directory
            }
            found.append(Entry(name: name, isDirectory: isDirectory))
        }
        return found
    }
}
