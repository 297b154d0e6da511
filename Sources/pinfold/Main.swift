import PinfoldCore
import PinfoldLauncher
import PinfoldLinux
import PinfoldProtocol

@main
struct Main {
    static func main() {
        exitProcess(run(CommandLine.arguments))
    }

    private static func run(_ arguments: [String]) -> Int32 {
        guard arguments.count > 1 else {
            Output.complain("say what to do\n\n\(Help.overview())")
            return ExitCode.usage
        }
        let name = arguments[1]
        if name == "--help" || name == "-h" { return show(Help.overview()) }
        if name == "--version" { return show("pinfold \(Version.text)\n") }
        guard let entry = CommandTable.entry(named: name) else {
            Output.complain("there is no command '\(name)'; see pinfold --help")
            return ExitCode.usage
        }
        do {
            let parsed = try Arguments(
                Array(arguments.dropFirst(2)), startingAt: 2, flags: entry.allFlags, endsAtFirstWord: entry.runsOthers)
            if parsed.has("help") { return show(Help.page(entry)) }
            return try entry.run(parsed)
        } catch let error as UsageError {
            Output.complain("\(name): \(error); see pinfold \(name) --help")
            return ExitCode.usage
        } catch let error as ControllerUnavailable {
            Output.complain(error.description)
            return ExitCode.unavailable
        } catch let error as InterfaceError {
            Output.complain(error.description)
            return exitCode(of: error)
        } catch {
            Output.complain("\(error)")
            return 1
        }
    }

    private static func exitCode(of error: InterfaceError) -> Int32 {
        switch error {
        case .rejected, .invalidParameter: ExitCode.usage
        default: 1
        }
    }

    private static func show(_ text: String) -> Int32 {
        Output.print(text)
        return 0
    }
}
