import Glibc
import PinfoldLinux
import TestSupport
import Testing

@Suite struct LocalSocketTests {
    /// What comes next, as values that can be compared.
    private struct Arrival: Equatable {
        var text: String
        var descriptors = 0
        var refused = 0
    }

    /// Nil at the end.
    private static func next(_ stream: borrowing LocalStream, accepting most: Int = 0) throws -> Arrival? {
        _ = try waitFor(stream.descriptor.number, .readable, deadline: nil)
        var buffer = [UInt8](repeating: 0, count: 1000)
        switch try stream.receive(into: &buffer, accepting: most) {
        case .data(let count, let descriptors):
            return Arrival(
                text: String(decoding: buffer[..<count], as: UTF8.self), descriptors: descriptors.accepted.count,
                refused: descriptors.refused.count)
        case .wouldBlock: throw Missing("something to read")
        case .closed: return nil
        }
    }

    private static func isQuiet(_ stream: borrowing LocalStream) throws -> Bool {
        var buffer: [UInt8] = [0]
        if case .wouldBlock = try stream.receive(into: &buffer) { return true }
        return false
    }

    @Test func connectionCarriesBytesBothWays() throws {
        try withFolder { folder throws in
            let path = "\(folder)/socket"
            let listener = try LocalListener(path: path, permissions: 0o660)
            #expect(try FileStatus.of(path: path).permissions == 0o660)
            #expect(try isNil(listener.accept()) == true)
            let client = try LocalStream.connect(to: path, timeout: .seconds(5))
            let server = try unwrap(try listener.accept())
            #expect(try Self.isQuiet(client))
            #expect(try client.send(Array("ping".utf8)) == .bytes(4))
            #expect(try Self.next(server) == Arrival(text: "ping"))
            #expect(try server.send(Array("pong".utf8)) == .bytes(4))
            client.finishSending()
            #expect(try Self.next(client) == Arrival(text: "pong"))
            #expect(try Self.next(server) == nil)
        }
    }

    @Test func permissionsAreAsAskedWhateverTheUmaskAndLeaveItAlone() async throws {
        let folder = try makeFolder()
        defer { removeFolder(folder) }
        await #expect(processExitsWith: .success) { [folder = folder as String] in
            umask(0o077)
            let makers = (0..<2).map { maker in
                Task.detached {
                    for _ in 0..<2000 {
                        let listener = try LocalListener(path: "\(folder)/\(maker)", permissions: 0o666)
                        let status = try FileStatus.of(path: listener.path)
                        guard status.permissions == 0o666 else { throw Missing("the permissions: \(status)") }
                    }
                }
            }
            for maker in makers { try await maker.value }
            #expect(umask(0) == 0o077, "another thread would have made files for everybody")
        }
    }

    @Test func socketOfAServiceManagerIsListenedOnAndItsFileStays() throws {
        try withFolder([:]) { folder in
            let path = folder + "/s"
            let number = try unwrap(listeningSocket(path))
            do {
                let listener = try LocalListener(inheriting: number)
                #expect(listener.path == path)
                let client = try LocalStream.connect(to: path, timeout: .seconds(5))
                #expect(try listener.accept() != nil)
                withExtendedLifetime(client) {}
            }
            #expect((try? FileStatus.of(path: path)) != nil)
        }
    }

    @Test func descriptorThatDoesNotListenIsRefused() throws {
        try withFolder(["file": .file("")]) { folder in
            let file = try OwnedDescriptor.open(folder + "/file", .read)
            let number = file.release()
            #expect(throws: ListenError.self) { _ = try LocalListener(inheriting: number) }
            let datagram = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            #expect(throws: ListenError.self) { _ = try LocalListener(inheriting: datagram) }
        }
    }

    /// As systemd makes it for a .socket unit.
    private func listeningSocket(_ path: String) -> Int32? {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isBound = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        return isBound && listen(socket, 8) == 0 ? socket : nil
    }

    @Test func hangUpEndsBothWays() throws {
        let pair = try LocalStreamPair()
        #expect(try pair.second.send([65]) == .bytes(1))
        pair.first.hangUp()
        #expect(try Self.next(pair.second) == nil)
        #expect(try pair.second.send([66]) == .brokenPipe)
        #expect(try Self.next(pair.first) == Arrival(text: "A"), "what had come is still there")
        #expect(try Self.next(pair.first) == nil)
    }

    @Test func peerIsKnown() throws {
        let pair = try LocalStreamPair()
        let peer = try pair.first.peer()
        #expect(peer == PeerCredentials(process: ownProcessID(), user: ownUser(), group: getegid()))
        switch pair.first.peerProcess() {
        case .held(let pidfd): #expect(try pidfd.processID() == ownProcessID())
        case .ended: Issue.record("we have not ended")
        case .unsupported: break
        }
    }

    @Test func descriptorsTravel() throws {
        let pair = try LocalStreamPair()
        let pipe = try Pipe()
        #expect(try pair.first.send([1], descriptors: [pipe.reading.number, pipe.writing.number]) == .bytes(1))
        var buffer: [UInt8] = [0]
        guard case .data(1, var received) = try pair.second.receive(into: &buffer, accepting: 2) else {
            throw Missing("the message")
        }
        #expect(received.accepted.count == 2 && received.refused.count == 0 && !received.lost)
        let reading = try unwrap(received.accepted.takeFirst())
        let writing = try unwrap(received.accepted.takeFirst())
        #expect(isNil(received.accepted.takeFirst()) == true)
        #expect(fcntl(reading.number, F_GETFD) & FD_CLOEXEC != 0)
        try writing.writeAll([7])
        var byte: [UInt8] = [0]
        #expect(try pipe.reading.read(into: &byte) == .bytes(1))
        #expect(byte == [7])
        #expect(try reading.status().isSameFile(as: pipe.reading.status()))
    }

    @Test func unwelcomeDescriptorsAreClosed() throws {
        let pair = try LocalStreamPair()
        var pipe = try Pipe()
        #expect(try pair.first.send([1], descriptors: [pipe.writing.number, pipe.writing.number]) == .bytes(1))
        #expect(try Self.next(pair.second, accepting: 1) == Arrival(text: "\u{1}", descriptors: 1, refused: 1))
        // With the last writing end gone the pipe has its end: neither copy lives on.
        pipe.writing = try OwnedDescriptor.open("/dev/null", .write)
        var byte: [UInt8] = [0]
        #expect(try pipe.reading.read(into: &byte) == .endOfFile)
    }

    @Test func mostDescriptorsOfAMessageTravel() throws {
        let pair = try LocalStreamPair()
        let null = try OwnedDescriptor.open("/dev/null", .read)
        let many = [Int32](repeating: null.number, count: 253)
        #expect(try pair.first.send([1], descriptors: many) == .bytes(1))
        #expect(try Self.next(pair.second, accepting: 300)?.descriptors == 253)
        extendLifetime(null)
    }

    @Test func descriptorsBeyondOurLimitAreReportedLost() async {
        await #expect(processExitsWith: .success) {
            let pair = try LocalStreamPair()
            let null = try OwnedDescriptor.open("/dev/null", .read)
            _ = try pair.first.send([1], descriptors: [null.number, null.number, null.number])
            // All numbers below the lowest free one are in use: from here on there is room for one more.
            let lowest = try OwnedDescriptor.open("/dev/null", .read).number
            var limit = rlimit(rlim_cur: rlim_t(lowest + 1), rlim_max: rlim_t(lowest + 1))
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var buffer: [UInt8] = [0]
            guard case .data(1, let received) = try pair.second.receive(into: &buffer, accepting: 3) else {
                throw Missing("the message")
            }
            #expect(received.lost == true)
            #expect(received.accepted.count < 3)
            extendLifetime(null)
        }
    }

    @Test func fullPeerWouldBlockAndGoneOneIsBroken() throws {
        var pair = try LocalStreamPair()
        let much = [UInt8](repeating: 1, count: 1 << 16)
        var last = WriteOutcome.bytes(0)
        while case .bytes = last { last = try pair.first.send(much) }
        #expect(last == .wouldBlock)
        pair.second = try LocalStreamPair().intoFirst()
        #expect(try pair.first.send(much) == .brokenPipe)
    }

    @Test func deadOwnersSocketIsReplaced() async {
        // In a process of its own: a child that another test starts would have a copy of what is closed here.
        await #expect(processExitsWith: .success) {
            try withFolder { folder throws in
                let path = "\(folder)/socket"
                let dead = try LocalListener(path: path)
                _ = rename(path, path + ".kept")
                drop(dead)
                _ = rename(path + ".kept", path)
                #expect(throws: Errno.connectionRefused) { _ = try LocalStream.connect(to: path, timeout: .seconds(1)) }
                let listener = try LocalListener(path: path)
                _ = try LocalStream.connect(to: path, timeout: .seconds(5))
                #expect(try isNil(listener.accept()) == false)
            }
        }
    }

    @Test func livingOwnerIsLeftAlone() throws {
        try withFolder { folder throws in
            let path = "\(folder)/socket"
            let first = try LocalListener(path: path)
            #expect(throws: ListenError.alive(path: path)) { _ = try LocalListener(path: path) }
            _ = try LocalStream.connect(to: path, timeout: .seconds(5))
            #expect(try isNil(first.accept()) == false)
            // Also one that does not know our lock.
            #expect(unlink(path + ".lock") == 0)
            #expect(throws: ListenError.alive(path: path)) { _ = try LocalListener(path: path) }
        }
    }

    @Test func otherFilesAreNeverRemoved() throws {
        try withFolder(["file": "precious", "folder": [:]]) { folder throws in
            #expect(throws: ListenError.notSocket(path: "\(folder)/file")) {
                _ = try LocalListener(path: "\(folder)/file")
            }
            #expect(throws: ListenError.notSocket(path: "\(folder)/folder")) {
                _ = try LocalListener(path: "\(folder)/folder")
            }
            symlink("file", "\(folder)/link")
            #expect(throws: ListenError.notSocket(path: "\(folder)/link")) {
                _ = try LocalListener(path: "\(folder)/link")
            }
            #expect(try FileStatus.of(path: "\(folder)/file").size == 8)
        }
    }

    @Test func endOfTheListenerRemovesItsSocketOnly() async {
        // In a process of its own: a child that another test starts would have a copy of what is closed here.
        await #expect(processExitsWith: .success) {
            try withFolder { folder throws in
                let path = "\(folder)/inner/socket"
                let listener = try LocalListener(path: path, directoryPermissions: 0o700)
                #expect(try FileStatus.of(path: "\(folder)/inner").permissions == 0o700)
                drop(listener)
                #expect(throws: Errno.noSuchFile) { _ = try FileStatus.of(path: path) }

                let replaced = try LocalListener(path: path)
                #expect(unlink(path) == 0)
                _ = try OwnedDescriptor.open(path, [.write, .create])
                drop(replaced)
                #expect(try FileStatus.of(path: path).kind == .regular)
            }
        }
    }

    @Test func pathsThatCannotBeAreRefused() throws {
        let long = "/tmp/" + String(repeating: "x", count: 103)
        #expect(long.utf8.count == 108)
        #expect(throws: ListenError.failed(verb: "bind", path: long, .nameTooLong)) {
            _ = try LocalListener(path: long)
        }
        #expect(throws: Errno.nameTooLong) { _ = try LocalStream.connect(to: long, timeout: .seconds(1)) }
        #expect(throws: Errno.invalidArgument) { _ = try LocalStream.connect(to: "", timeout: .seconds(1)) }
        #expect(throws: Errno.invalidArgument) { _ = try LocalStream.connect(to: "\0x", timeout: .seconds(1)) }
    }

    @Test func listenerThatAcceptsNoConnectionIsGivenUp() throws {
        try withFolder { folder throws in
            let listener = try LocalListener(path: "\(folder)/socket", backlog: 0)
            let first = try LocalStream.connect(to: "\(folder)/socket", timeout: .seconds(5))
            #expect(throws: Errno.timedOut) {
                _ = try LocalStream.connect(to: "\(folder)/socket", timeout: .milliseconds(50))
            }
            extendLifetime(first)
            extendLifetime(listener)
        }
    }
}

private func drop(_: consuming LocalListener) {}

private func isNil<Value: ~Copyable>(_ value: consuming Value?) -> Bool {
    switch consume value {
    case .some: false
    case .none: true
    }
}

extension LocalStreamPair {
    fileprivate consuming func intoFirst() -> LocalStream { first }
}
