import PinfoldLinux
import TestSupport
import Testing

@Suite struct InotifyTests {
    @Test func changesInAFolderAreTold() throws {
        try withFolder { folder throws in
            let inotify = try Inotify()
            let watch = try inotify.watch(folder, for: [.names, .written])
            #expect(try inotify.events() == [])
            let directory = try Directory(folder)
            try directory.open("a long enough name", [.write, .create]).writeAll([1])
            try directory.rename("a long enough name", to: "b")
            try directory.removeFile("b")
            let events = try inotify.events()
            #expect(events.allSatisfy { $0.watch == watch })
            #expect(
                events.map(\.name)
                    == ["a long enough name", "a long enough name", "a long enough name", "b", "b"])
            #expect(events[1].change == .written)
            #expect(events.filter { !$0.change.isDisjoint(with: .names) }.count == 4)
        }
    }

    @Test func endOfTheFolderIsTold() throws {
        let folder = try makeFolder()
        let inotify = try Inotify()
        _ = try inotify.watch(folder, for: .names)
        removeFolder(folder)
        let events = try inotify.events()
        #expect(events.contains { !$0.change.isDisjoint(with: .gone) })
    }

    @Test func missingFolderIsRefused() throws {
        let inotify = try Inotify()
        #expect(throws: Errno.noSuchFile) { _ = try inotify.watch("/nonexistent", for: .names) }
    }
}
