import Glibc
import PinfoldLinux
import TestSupport
import Testing

@Suite struct DescriptorTests {
    @Test func endOfLifeClosesOnce() async {
        await #expect(processExitsWith: .success) {
            func isOpen(_ number: Int32) -> Bool { fcntl(number, F_GETFD) >= 0 }
            // Numbers so high that no other thread is given them when they are free again.
            func opened(_ number: Int32) throws -> OwnedDescriptor {
                OwnedDescriptor(owning: try retried("dup2") { dup2(2, number) })
            }
            do {
                let owned = try opened(500)
                #expect(isOpen(owned.number))
            }
            #expect(!isOpen(500))

            let released = try opened(501).release()
            #expect(isOpen(released))

            var optional: OwnedDescriptor? = OwnedDescriptor(owning: released)
            optional = nil
            #expect(!isOpen(released))
            _ = optional

            try opened(502).close()
            #expect(!isOpen(502))
        }
    }

    @Test func everyDescriptorIsBornCloseOnExec() throws {
        func isCloseOnExec(_ number: Int32) -> Bool { fcntl(number, F_GETFD) & FD_CLOEXEC != 0 }
        let file = try OwnedDescriptor.open("/dev/null", .read)
        #expect(isCloseOnExec(file.number))
        let copy = try file.duplicate()
        #expect(isCloseOnExec(copy.number))
        let pipe = try Pipe()
        #expect(isCloseOnExec(pipe.reading.number) && isCloseOnExec(pipe.writing.number))
        let pair = try LocalStreamPair()
        #expect(isCloseOnExec(pair.first.descriptor.number) && isCloseOnExec(pair.second.descriptor.number))
        let pidfd = try Pidfd(ownProcessID())
        #expect(isCloseOnExec(pidfd.descriptor.number))
        let folder = try Directory("/")
        #expect(isCloseOnExec(folder.descriptor.number))
        let inner = try folder.directory("usr/bin")
        #expect(isCloseOnExec(inner.descriptor.number))
        extendLifetime(file)
        extendLifetime(pipe)
        extendLifetime(folder)
    }

    @Test func emptyPipeWouldBlockAndClosedOneEnds() throws {
        var pipe = try Pipe()
        try pipe.reading.setNonBlocking(true)
        var buffer = [UInt8](repeating: 0, count: 10)
        #expect(try pipe.reading.read(into: &buffer) == .wouldBlock)
        try pipe.writing.writeAll([1, 2, 3])
        #expect(try pipe.reading.read(into: &buffer) == .bytes(3))
        #expect(buffer.prefix(3) == [1, 2, 3])
        pipe.writing = try OwnedDescriptor.open("/dev/null", .write)
        try waitForTheEnd(pipe.reading)
        #expect(try pipe.reading.read(into: &buffer) == .endOfFile)
    }

    @Test func fullPipeWouldBlockAndUnreadOneIsBroken() throws {
        SignalSet.ignoreBrokenPipe()
        var pipe = try Pipe()
        try pipe.writing.setNonBlocking(true)
        let much = [UInt8](repeating: 7, count: 1 << 20)
        #expect(try pipe.writing.write(much) == .bytes(65536))
        #expect(try pipe.writing.write(much) == .wouldBlock)
        #expect(throws: Errno.again) { try pipe.writing.writeAll([1]) }
        pipe.reading = try OwnedDescriptor.open("/dev/null", .read)
        try waitForTheEnd(pipe.writing)
        #expect(try pipe.writing.write(much) == .brokenPipe)
        #expect(throws: Errno.brokenPipe) { try pipe.writing.writeAll([1]) }
    }

    @Test func readToEndKeepsToItsLimit() throws {
        let zeros = try OwnedDescriptor.open("/dev/zero", .read)
        #expect(throws: Errno(rawValue: EFBIG)) { _ = try zeros.readToEnd(limit: 100_000) }
    }

    @Test func readingAtAnOffsetLeavesThePosition() throws {
        try withFolder(["file": "0123456789"]) { folder throws in
            let file = try OwnedDescriptor.open("\(folder)/file", .read)
            var storage = InlineArray<4, UInt8>(repeating: 0)
            var span = storage.mutableSpan
            var raw = span.mutableBytes
            #expect(try file.read(into: &raw, at: 8) == 2)
            #expect(try file.read(into: &raw, at: 10) == 0)
            #expect(try file.readToEnd() == Array("0123456789".utf8))
            #expect([storage[0], storage[1]] == Array("89".utf8))
        }
    }

    @Test func spliceMovesBytesAndReportsItsEnd() throws {
        var from = try Pipe()
        let to = try Pipe()
        #expect(try from.reading.splice(to: to.writing, count: 100) == .wouldBlock)
        try from.writing.writeAll(Array("hello".utf8))
        #expect(try from.reading.splice(to: to.writing, count: 100) == .bytes(5))
        var buffer = [UInt8](repeating: 0, count: 10)
        #expect(try to.reading.read(into: &buffer) == .bytes(5))
        #expect(buffer.prefix(5) == Array("hello".utf8)[...])
        from.writing = try OwnedDescriptor.open("/dev/null", .write)
        try waitForTheEnd(from.reading)
        #expect(try from.reading.splice(to: to.writing, count: 100) == .endOfFile)
    }

    @Test func spliceOfADescriptorOpenedTheWrongWayIsAnAnswer() throws {
        let from = try OwnedDescriptor.open("/dev/null", .write)
        let to = try Pipe()
        #expect(throws: Errno.badDescriptor) { _ = try from.splice(to: to.writing, count: 1) }
    }

    @Test func statusReportsKindAndOwner() throws {
        try withFolder(["file": "12345"]) { folder throws in
            chmod("\(folder)/file", 0o640)
            let file = try OwnedDescriptor.open("\(folder)/file", .read).status()
            #expect(file.kind == .regular)
            #expect(file.size == 5)
            #expect(file.permissions == 0o640)
            #expect(file.owner == ownUser())
            #expect(try FileStatus.of(path: "\(folder)/file").isSameFile(as: file))
            #expect(try FileStatus.of(path: folder).kind == .directory)
            #expect(try FileStatus.of(path: "/dev/null").kind == .device)
            #expect(try !FileStatus.of(path: folder).isSameFile(as: file))
        }
    }

    @Test func extendedAttributeIsReadWhereThereIsOne() throws {
        try withFolder(["file": ""]) { folder throws in
            let file = try OwnedDescriptor.open("\(folder)/file", .read)
            #expect(try file.attribute("user.pinfold") == nil)
            let script = "import os; os.setxattr('\(folder)/file', 'user.pinfold', b'value')"
            // Not every file system keeps them.
            var child = try Child.spawn(Command("/usr/bin/python3", ["-c", ByteString(script)]))
            guard try child.wait() == .exited(0) else { return }
            #expect(try file.attribute("user.pinfold") == Array("value".utf8))
        }
    }

    @Test func pathWithNulIsRefused() {
        #expect(throws: Errno.invalidArgument) { _ = try OwnedDescriptor.open("/dev/null\0/x", .read) }
    }
}

/// A child that another test starts meanwhile has a copy of the other end until it comes to its program.
private func waitForTheEnd(_ end: borrowing OwnedDescriptor) throws {
    _ = try waitFor(end.number, [], deadline: nil)
}
