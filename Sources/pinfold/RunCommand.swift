import PinfoldLauncher

enum RunCommand {
    static let entry = CommandEntry(
        "run", "Run a command as a session", operands: "-- COMMAND...",
        flags: LaunchFlags.all + [
            Flag("keep-tree", "when the command ends, leave running what it left behind"),
            Flag("stdin", value: "HOW", "relay: pass standard input on (default); inherit: leave it alone"),
        ],
        text: [
            "The command keeps its caller's environment, directory, user, terminal and exit status; standard output and "
                + "standard error are its own. It starts inside its cgroup, under its limits.",
            "The session ends, as a whole tree, when the command's own process ends, when this launcher dies of "
                + "anything, or when the launcher's parent dies.",
            "Standard input that is no terminal is passed on through a pipe, so that it can be closed when the session "
                + "shall end, and so that bytes count as activity. A command that leaves input unread in a shell's loop "
                + "wants --stdin inherit.",
        ], runsOthers: true
    ) { arguments in
        var input = RunOptions.Input.relay
        if let how = arguments["stdin"] {
            guard let named = RunOptions.Input(rawValue: how) else {
                throw UsageError("--stdin is relay or inherit, not \(how)")
            }
            input = named
        }
        let launch = try LaunchFlags(arguments, keepsTree: arguments.has("keep-tree"))
        let options = RunOptions(
            open: launch.open, command: launch.command, socket: launch.socket, input: input)
        launch.prepare()
        return Launcher.run(options) { Output.printError($0) }
    }
}
