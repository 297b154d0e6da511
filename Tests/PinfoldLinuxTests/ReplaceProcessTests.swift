import CTestSupport
import Glibc
import PinfoldLinux
import TestSupport
import Testing

@Suite struct ReplaceProcessTests {
    @Test func commandThatCannotBeExecutedIsReportedAndTheProgramGoesOn() {
        #expect(Command("pinfold-there-is-none").replaceProcess().exitStatus == 127)
        #expect(Command("/etc/passwd").replaceProcess().exitStatus == 126)
    }

    @Test func programKnowsItsOwnFile() throws {
        let path = try #require(ownExecutable()).description
        #expect(path.hasPrefix("/"))
        #expect(try FileStatus.of(path: path).kind == .regular)
    }
}
