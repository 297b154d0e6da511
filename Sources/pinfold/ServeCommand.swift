import PinfoldController
import PinfoldLinux

enum ServeCommand {
    static let entry = CommandEntry(
        "serve", "Run the controller", operands: "[-- COMMAND...]",
        flags: [
            Flag("slice", value: "DIR", "the cgroup to own (default: ours where delegated; without systemd, /pinfold)"),
            Flag("policies", value: "DIR", "the policy files (default: /etc/pinfold; users: ~/.config/pinfold)"),
            Flag("state", value: "DIR", "the records (default: /var/lib/pinfold; users: ~/.local/state/pinfold)"),
            Flag.socket,
        ],
        text: [
            "The controller owns the cgroups below the slice, decides who is admitted and who gives way, and keeps a "
                + "record of every session. It never runs a client's command.",
            "With a command, that is its own child in a cgroup of its own: the harness of a container. When it ends, all "
                + "sessions are ended and the controller exits with its status. Without one, sessions outlive the "
                + "controller and are taken over by the next.",
            "SIGHUP reads the policies again, SIGTERM and SIGINT leave. As a service of systemd it reports when it is ready, "
                + "reloads, is alive and stops (Type=notify, WatchdogSec=).",
        ], runsOthers: true
    ) { arguments in
        let options = ServeOptions(
            slice: arguments["slice"], policies: arguments["policies"], state: arguments["state"],
            socket: arguments["socket"], command: arguments.words, service: .found(),
            // Unlike INVOCATION_ID= and the like it does not hold for processes that inherit it (systemd.exec(5)).
            isService: environmentVariable("SYSTEMD_EXEC_PID") == "\(ownProcessID())", listening: try listening(),
            places: Client.places)
        let journal = Journal.behind(try? StandardStream.error.status(), stream: environmentVariable("JOURNAL_STREAM"))
        return ServeLoop.run(options, journal: journal) { Output.printError($0) }
    }

    /// The socket of `pinfold.socket`, as sd_listen_fds(3) describes it: the first descriptor after standard error.
    private static func listening() throws(UsageError) -> Int32? {
        guard environmentVariable("LISTEN_PID") == "\(ownProcessID())", let count = environmentVariable("LISTEN_FDS")
        else { return nil }
        guard count == "1" else { throw UsageError("LISTEN_FDS=\(count): one socket is wanted, of one .socket unit") }
        return 3
    }
}
