import Foundation
import Glibc
import PinfoldCore
import PinfoldLinux
import TestSupport
import Testing

@testable import PinfoldController

/// Whose the state folder is, and that nobody else keeps a controller from it or puts records there.
@Suite struct StateFolderTests {
    @Test func secondControllerIsRefusedWithTheProcessThatHoldsTheFolder() throws {
        try withFolder { folder in
            let path = folder + "/state"
            let first = try StateFolder(path)
            let error = #expect(throws: WorldError.self) { try StateFolder(path) }
            #expect(error?.description.contains("process \(getpid())") == true)
            #expect(try FileStatus.of(path: path + "/lock").permissions == 0o600)
            withExtendedLifetime(first) {}
        }
    }

    @Test func folderIsFreeOnceItsHolderIsGone() throws {
        try withFolder { folder in
            _ = try StateFolder(folder + "/state")
            _ = try StateFolder(folder + "/state")
        }
    }

    @Test(arguments: [0o770, 0o707, 0o777])
    func folderThatOthersMayWriteIsRefusedWithTheRemedy(mode: UInt32) throws {
        try withFolder(["state": .folder([:])]) { folder in
            let path = folder + "/state"
            chmod(path, mode)
            let refused = #expect(throws: WorldError.self) { try StateFolder(path) }
            #expect(refused?.description.contains("chmod go-w \(path)") == true)
            #expect(throws: WorldError.self) { try RecordFolder(path) }
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can give a folder away"))
    func folderOfAnotherUserIsRefusedWithTheRemedy() throws {
        try withFolder(["state": .folder([:])]) { folder in
            let path = folder + "/state"
            chmod(path, 0o755)
            chown(path, 12_345, 12_345)
            let error = #expect(throws: WorldError.self) { try StateFolder(path) }
            #expect(error?.description.contains("belongs to uid 12345") == true)
            #expect(error?.description.contains("chown 0 \(path)") == true)
        }
    }

    /// Opened as a file is, it would be waited for until somebody writes to it.
    @Test func pipeInPlaceOfARecordIsSetAsideWithoutBlocking() throws {
        try withFolder { folder in
            mkfifo(folder + "/x.json", 0o600)
            let store = try RecordStore(path: folder)
            let loaded = store.load { (_) throws(WorldError) in true }
            #expect(loaded.records == [])
            #expect(loaded.problems.count == 1)
            #expect(loaded.problems.first?.contains("it is a pipe, not a regular file") == true)
        }
    }
}
