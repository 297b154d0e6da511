import PinfoldJSON
import PinfoldProtocol

enum ReloadCommand {
    static let entry = CommandEntry(
        "reload", "Have the controller read its policies again", flags: [Flag.socket],
        text: [
            "The pool's policy holds at once, a session's from its next life on. Where a file is wrong, nothing changes: the "
                + "last good policies stay, and what is wrong is said."
        ]
    ) { arguments in
        var client = try Client(arguments)
        _ = try client.ask(.reload)
        return 0
    }
}

enum VersionCommand {
    static let entry = CommandEntry("version", "Show the version", flags: [Flag.json]) { arguments in
        if arguments.has("json") {
            try Output.printPretty(["version": .string(Version.text)])
        } else {
            try Output.print("pinfold \(Version.text)\n")
        }
        return 0
    }
}
