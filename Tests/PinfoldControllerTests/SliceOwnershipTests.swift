import PinfoldCgroups
import PinfoldLinux
import TestSupport
import Testing

@testable import PinfoldController

@Suite(.enabled(if: Machine.canMakeCgroups, "cgroups cannot be made on this machine"))
struct SliceOwnershipTests {
    /// - Parameters:
    ///   - made: the directories to make, below a cgroup that nobody else has; one with `+` is marked as delegated.
    ///   - named: the one to ask for.
    private func refusal(
        _ made: [String], named: String, hasServiceManager: Bool = true, occupied: String? = nil
    ) throws -> String? {
        try withTestCgroup("ownership") { top in
            for entry in made {
                let name = entry.hasSuffix("+") ? String(entry.dropLast()) : entry
                try Directory.makeAll(top.path + "/" + name, permissions: 0o755)
                guard entry.hasSuffix("+") else { continue }
                try Directory(top.path + "/" + name).descriptor.setAttribute("user.delegate", to: Array("1".utf8))
            }
            let ownership = SliceOwnership(mountPoint: top.path, hasServiceManager: hasServiceManager)
            let path = top.path + named
            guard let occupied, let cgroup = try Cgroup.open(top.path + "/" + occupied) else {
                return ownership.refusal(of: path)?.description.replacing(top.path, with: "")
            }
            let child = try PipedChild("echo there; exec sleep 1000", in: cgroup.descriptor)
            _ = try child.lines(1)
            defer { withExtendedLifetime(child) {} }
            return ownership.refusal(of: path)?.description.replacing(top.path, with: "")
        }
    }

    private static let remedy =
        "; use the cgroup of a service with Delegate=yes, as pinfold-pool.service is, or start the controller with "
        + "'systemd-run --scope -p Delegate=yes -- pinfold serve'"

    @Test func rootOfTheServiceManagerIsRefused() throws {
        #expect(try refusal(["init.scope"], named: "") == " is the service manager's own root" + Self.remedy)
        #expect(try refusal(["u.service+", "u.service/init.scope"], named: "/u.service") != nil)
    }

    @Test func sliceOfTheServiceManagerIsRefusedWhateverIsInIt() throws {
        #expect(
            try refusal(["a.slice"], named: "/a.slice")
                == "/a.slice belongs to systemd and is not delegated" + Self.remedy)
        #expect(
            try refusal(["a.slice"], named: "/a.slice/new")
                == "/a.slice/new is in /a.slice, which belongs to systemd and is not delegated" + Self.remedy)
    }

    @Test func serviceWithProcessesAndWithoutTheMarkIsRefused() throws {
        #expect(
            try refusal(["a.slice/b.service"], named: "/a.slice/b.service", occupied: "a.slice/b.service")
                == "/a.slice/b.service belongs to systemd and is not delegated" + Self.remedy)
    }

    @Test(arguments: [
        (["a.slice/b.service+"], "/a.slice/b.service"), (["a.slice/b.service+"], "/a.slice/b.service/below"),
        (["a.slice/b.service/hold"], "/a.slice/b.service"), (["pinfold"], "/pinfold"), ([], "/not-there-yet"),
    ])
    func directoryThatIsDelegatedOrNotOfTheServiceManagerIsAccepted(made: [String], named: String) throws {
        #expect(try refusal(made, named: named) == nil)
    }

    @Test func withoutAServiceManagerAnyNameIsAccepted() throws {
        #expect(try refusal(["a.slice"], named: "/a.slice", hasServiceManager: false) == nil)
        #expect(try refusal(["init.scope"], named: "", hasServiceManager: false) == nil)
    }

    @Test func pathThatGoesUpIsRefused() throws {
        #expect(try refusal([], named: "/x/../a.slice")?.hasPrefix("--slice wants a path without '..'") == true)
    }
}
