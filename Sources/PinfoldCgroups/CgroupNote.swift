import PinfoldLinux

/// A note that stays with a cgroup for as long as it is there, and costs no disk.
///
/// It is an extended attribute of the directory, which any cgroup2 of 5.7 or later keeps, up to 64 KiB. Whoever owns
/// the directory may read and change it, but not those who merely live in the cgroup.
extension Cgroup {
    private static let noteName = "user.pinfold.session"

    /// Leaves a note, or another one instead.
    ///
    /// - Throws: EOPNOTSUPP, E2BIG or ENOSPC where the kernel keeps none, or none so long.
    public borrowing func leave(note: [UInt8]) throws(CgroupError) {
        do throws(Errno) {
            try directory.descriptor.setAttribute(Self.noteName, to: note)
        } catch {
            throw .failed("leave a note with", path, error)
        }
    }

    /// The note that was left; nil where there is none.
    public borrowing func note() throws(CgroupError) -> [UInt8]? {
        do throws(Errno) {
            return try directory.descriptor.attribute(Self.noteName)
        } catch {
            throw .failed("read the note of", path, error)
        }
    }
}
