import PinfoldCore
import PinfoldLauncher
import PinfoldLinux
import PinfoldPolicy
import PinfoldProtocol

@main
struct Main {
    static func main() {
        exitProcess(run(CommandLine.arguments))
    }

    private static func run(_ arguments: [String]) -> Int32 {
        guard arguments.count > 1 else {
            Output.printError("say what to do", help: Help.overview())
            return ExitCode.usage
        }
        let name = arguments[1]
        do {
            return try run(name, Array(arguments.dropFirst(2)))
        } catch let error as UsageError {
            Output.printError("\(name): \(error); see pinfold \(name) --help")
            return ExitCode.usage
        } catch let error as ControllerUnavailable {
            Output.printError(error.description)
            return ExitCode.unavailable
        } catch let error as InterfaceError {
            if case .policiesRejected(let diagnostics) = error {
                diagnostics.forEach(Output.printError)
            } else {
                Output.printError(error.description)
            }
            return exitCode(of: error)
        } catch let error as PolicySet.Rejection {
            for diagnostic in error.diagnostics { Output.printError(diagnostic.description) }
            return 1
        } catch let error as OutputFailure where error.isReaderGone {
            return 0
        } catch {
            Output.printError("\(error)")
            return 1
        }
    }

    private static func run(_ name: String, _ arguments: [String]) throws -> Int32 {
        switch name {
        case "--help", "-h": return try show(Help.overview())
        case "--version": return try show("pinfold \(Version.text)\n")
        default: break
        }
        guard let entry = CommandTable.entry(named: name) else {
            Output.printError("there is no command '\(name)'\(CommandTable.guess(name)); see pinfold --help")
            return ExitCode.usage
        }
        let parsed = try Arguments(
            arguments, startingAt: 2, flags: entry.allFlags, endsAtFirstWord: entry.runsOthers)
        if parsed.has("help") { return try show(Help.page(entry)) }
        if entry.operands.isEmpty, let word = parsed.words.first {
            throw UsageError("takes no operand, such as '\(word)'")
        }
        return try entry.run(parsed)
    }

    private static func exitCode(of error: InterfaceError) -> Int32 {
        switch error {
        case .rejected, .invalidParameter: ExitCode.usage
        default: 1
        }
    }

    private static func show(_ text: String) throws -> Int32 {
        try Output.print(text)
        return 0
    }
}
