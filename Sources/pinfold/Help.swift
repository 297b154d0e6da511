/// Words about commands, made from the same table that parses them.
enum Help {
    static func overview() -> String {
        let width = CommandTable.all.map(\.name.count).max() ?? 0
        let lines = CommandTable.all.map { entry in
            "  \(entry.name)\(String(repeating: " ", count: width - entry.name.count))  \(entry.summary)\n"
        }
        return """
            Usage: pinfold COMMAND [FLAGS] [OPERANDS]

            Sessions of heavy programs, each in a cgroup of its own with a hard memory limit: killed whole,
            evicted when idle before memory runs out, back when their user returns.

            Commands:
            \(lines.joined())
            'pinfold COMMAND --help' says more. Exit status of run: the command's own, or 64 usage,
            69 no controller, 73 not admitted, 75 suspended (come back later), 124 at the end of its
            time, 137 killed by the controller or for memory, 126 and 127 cannot execute, not found.

            """
    }

    static func usage(_ entry: CommandEntry) -> String {
        let flags = entry.flags.isEmpty ? "" : " [FLAGS]"
        let operands = entry.operands.isEmpty ? "" : " \(entry.operands)"
        return "pinfold \(entry.name)\(flags)\(operands)"
    }

    static func page(_ entry: CommandEntry) -> String {
        let spellings = entry.allFlags.map(spelling)
        let width = spellings.map(\.count).max() ?? 0
        let flags = zip(entry.allFlags, spellings).map { flag, spelling in
            "  \(spelling)\(String(repeating: " ", count: width - spelling.count))  \(flag.summary)\n"
        }
        let text = entry.text.map { "\n\($0)\n" }.joined()
        return "Usage: \(usage(entry))\n\n\(entry.summary)\n\(text)\nFlags:\n\(flags.joined())"
    }

    private static func spelling(_ flag: Flag) -> String {
        let short = flag.short.map { "-\($0), " } ?? "    "
        return "\(short)--\(flag.long)\(flag.value.map { " \($0)" } ?? "")"
    }

    /// A manual page in man(7)'s macros.
    static func manual() -> String {
        var lines = [
            ".TH PINFOLD 1", ".SH NAME", "pinfold \\- sessions of heavy programs in cgroups of their own",
            ".SH SYNOPSIS", ".B pinfold", "COMMAND [FLAGS] [OPERANDS]", ".SH COMMANDS",
        ]
        for entry in CommandTable.all {
            lines += [".SS \(roff(usage(entry)))", roff(entry.summary) + "."]
            for paragraph in entry.text { lines += [".PP", roff(paragraph)] }
            for flag in entry.flags {
                lines += [".TP", ".B \(roff(spelling(flag).drop { $0 == " " }))", roff(flag.summary)]
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func roff(_ text: some StringProtocol) -> String {
        var result = text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" : ""
        for character in text {
            switch character {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            default: result.append(character)
            }
        }
        return result
    }

    /// Completions for bash: commands, then the flags of the command.
    static func bashCompletion() -> String {
        let cases = CommandTable.all.map { entry in
            "        \(entry.name)) words=\"\(entry.allFlags.map { "--\($0.long)" }.joined(separator: " "))\" ;;\n"
        }
        return """
            _pinfold() {
                local words
                if [ "$COMP_CWORD" -eq 1 ]; then
                    words="\(CommandTable.all.map(\.name).joined(separator: " "))"
                else
                    case "${COMP_WORDS[1]}" in
            \(cases.joined())        *) words="" ;;
                    esac
                fi
                COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
            }
            complete -o default -F _pinfold pinfold

            """
    }
}

enum HelpCommand {
    static let entry = CommandEntry(
        "help", "Show help on a command, the manual page, or completions for a shell", operands: "[COMMAND]",
        flags: [
            Flag("man", "print the manual page, for man(7)"),
            Flag("completion", value: "SHELL", "print completions; SHELL is bash"),
        ]
    ) { arguments in
        if arguments.has("man") {
            try Output.print(Help.manual())
        } else if let shell = arguments["completion"] {
            guard shell == "bash" else { throw UsageError("there are completions for bash alone, not for \(shell)") }
            try Output.print(Help.bashCompletion())
        } else if let name = arguments.words.first {
            guard let entry = CommandTable.entry(named: name) else { throw UsageError("there is no command '\(name)'") }
            try Output.print(Help.page(entry))
        } else {
            try Output.print(Help.overview())
        }
        return 0
    }
}
