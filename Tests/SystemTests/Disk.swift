import Foundation
import PinfoldLinux
import TestSupport

/// Lends a file system of its own behind a block device, with four files of 256 MiB (`1` to `4`) whose reading fills
/// page cache.
///
/// Files of a tmpfs will not do: their pages are shared memory, which cannot be dropped. The files are holes, and cost no
/// more than what is read of them. Cache is charged to whoever reads it first, so each file is good for one reader.
func withDisk(_ body: (String) throws -> Void) throws {
    try withFolder(["mount": [:]]) { folder in
        func sh(_ script: String) throws {
            _ = try output(of: Command("sh", ["-ec", ByteString("exec 2>&1; PATH=$PATH:/usr/sbin:/sbin; " + script)]))
        }
        try sh(
            """
            cd \(folder); modprobe loop || true
            truncate -s 8M disk; mkfs.ext4 -q -O ^has_journal disk; mount -o loop disk mount
            for file in 1 2 3 4; do truncate -s 256M mount/$file; done
            """)
        defer { try? sh("umount -l \(folder)/mount") }
        try body(folder + "/mount")
    }
}
