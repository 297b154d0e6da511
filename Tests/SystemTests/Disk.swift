import Foundation
import PinfoldLinux
import Synchronization
import TestSupport

/// Two mounts that look for a free loop device at the same time may find the same one, and one of them fails.
private let loopDevices = Mutex(())

/// Lends a file system of its own behind a block device, with four files of 256 MiB (`1` to `4`) whose reading fills
/// page cache.
///
/// Files of a tmpfs will not do: their pages are shared memory, which cannot be dropped. The files are holes, and cost no
/// more than what is read of them. Cache is charged to whoever reads it first, so each file is good for one reader.
func withDisk(_ body: (String) throws -> Void) throws {
    try withFolder(["mount": [:]]) { folder in
        func sh(_ script: String) throws {
            let words = ByteString("exec 2>&1; PATH=$PATH:/usr/sbin:/sbin; set -e; " + script)
            var child = try PipedChild(Command("sh", ["-c", words]), in: nil)
            let (change, text) = try child.finish()
            guard change == .exited(0) else { throw Missing("a disk: \(change) \(text)") }
        }
        // A device that was given up is free only once the kernel has closed it, which an unmount does not wait for.
        try loopDevices.withLock { _ in
            try sh(
                """
                cd \(folder); modprobe loop || true
                truncate -s 8M disk; mkfs.ext4 -q -O ^has_journal disk
                for attempt in 1 2 3 4 5; do device=$(losetup --find --show disk) && break; done
                mount "$device" mount; losetup --detach "$device"
                for file in 1 2 3 4; do truncate -s 256M mount/$file; done
                """)
        }
        defer { try? sh("umount -l \(folder)/mount") }
        try body(folder + "/mount")
    }
}
