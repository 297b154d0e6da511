import PinfoldController
import PinfoldLinux

enum HoldCommand {
    static let entry = CommandEntry(
        "hold", "Keep a delegated cgroup for a controller in another service",
        text: [
            "The only process of pinfold-pool.service. It moves into a leaf of its cgroup and waits. The sessions live beside "
                + "it, so that pinfold.service, which serves them, can restart, crash and be upgraded without them."
        ]
    ) { arguments in
        guard arguments.words.isEmpty else { throw UsageError("hold takes no operands") }
        return PoolHolder.run(service: .found()) { Output.printError($0) }
    }
}

extension ServiceEnvironment {
    /// That of this process.
    static func found() -> ServiceEnvironment? {
        ServiceEnvironment(process: ownProcessID(), variable: environmentVariable)
    }
}
