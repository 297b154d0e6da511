import PinfoldCgroups
package import PinfoldCore
import PinfoldJSON
import PinfoldLinux
import PinfoldPolicy

/// From options to a controller that is ready to turn: each step either works or says what is missing.
package struct ControllerStart {
    let options: ServeOptions
    let notice: (String) -> Void
    let report: (LoggedEvent) -> Void
    let clock: () -> Instant

    package init(
        options: ServeOptions, notice: @escaping (String) -> Void, report: @escaping (LoggedEvent) -> Void,
        clock: @escaping () -> Instant
    ) {
        self.report = report
        self.options = options
        self.notice = notice
        self.clock = clock
    }

    package func run() throws(ServeFailure) -> Controller {
        let policies = try readPolicies()
        let hierarchy = try attempt { try Hierarchy.find() }
        let path = try attempt { try SliceLocation.find(named: options.slice, in: hierarchy) }
        let isEnforcing = policies.pool.enforcement == .kernel
        // Before the slice: a start that is refused here has touched nothing.
        let records = try attempt { try RecordStore(in: StateFolder(options.state), clock: clock) }
        let slice = try takeOver(path, isEnforcing: isEnforcing)
        let enforcement: Enforcement = slice.report.enabled.contains("memory") ? .kernel : .none
        let meters = try openMeters(of: slice, at: path, in: hierarchy)
        let budget = try attempt {
            PoolBudget(
                policy: policies.pool, effectiveLimit: try meters.effectiveLimit().bytes, taskLimit: SystemTasks.limit()
            )
        }
        try limitPool(slice.sessions, budget, hasSwap: meters.hasSwap, isEnforcing: isEnforcing)
        let features = Doctor.examine(
            hierarchy, slice: path, controllers: Doctor.ControllerFacts(slice.report),
            features: Doctor.probe(below: slice.sessions))
        let world = try watch(slice, in: hierarchy, meters, budget, isEnforcing: isEnforcing)
        let listener = try listen()
        let configuration = Controller.Configuration(
            socket: listener.path, slice: path, policyFolder: options.policies, enforcement: enforcement,
            features: features, report: report, sayings: notice)
        let boot = (try? bootID()) ?? ""
        let controller: Controller
        do throws(Errno) {
            controller = try Controller(
                configuration: configuration, pool: SessionPool(budget: budget), policies: policies, world: world,
                records: records, listener: listener, boot: boot, clock: clock)
        } catch {
            throw ServeFailure("cannot start the loop: \(error)")
        }
        try adopt(into: controller, world, records, boot: boot)
        notice(
            "ready: slice \(path), \(Wording.count(controller.pool.sessions.count, "session")) known, "
                + "\(Wording.bytes(budget.effectiveLimit)) of memory, enforcement \(enforcement.rawValue)")
        return controller
    }

    private func openMeters(
        of slice: borrowing Slice, at path: String, in hierarchy: Hierarchy
    ) throws(ServeFailure) -> PoolMeters {
        do {
            guard let sessions = try slice.root.child("sessions") else { throw WorldError("\(path)/sessions is gone") }
            return try PoolMeters(
                sessions: sessions, slicePath: path, mountPoint: hierarchy.mountPoint ?? "/sys/fs/cgroup")
        } catch {
            throw ServeFailure("\(error)")
        }
    }

    private func watch(
        _ slice: consuming Slice, in hierarchy: Hierarchy, _ meters: PoolMeters, _ budget: PoolBudget, isEnforcing: Bool
    ) throws(ServeFailure) -> SliceWorld {
        do throws(Errno) {
            return try SliceWorld(
                slice: slice, in: hierarchy, meters: meters, isEnforcing: isEnforcing, budget: budget, notice: notice)
        } catch {
            throw ServeFailure("cannot watch the sessions: \(error)")
        }
    }

    /// Takes over what a former controller left: its records, and the sessions that are alive.
    private func adopt(
        into controller: Controller, _ world: SliceWorld, _ records: RecordStore, boot: String
    ) throws(ServeFailure) {
        let decode = { (object: JSONObject) throws(WorldError) in
            try SessionRecord(json: object, boot: boot, now: clock()) { policy(named: $0, $1, in: controller.policies) }
        }
        let loaded = records.load(decode)
        for problem in loaded.problems {
            controller.log(LoggedEvent(.recordSetAside, nil, [("message", .text(problem))]))
        }
        do throws(WorldError) {
            controller.adopt(
                try SessionAdoption(world: world, boot: boot, decode: decode, notice: notice).adopt(loaded.records))
        } catch {
            throw ServeFailure(error.description)
        }
    }

    private func readPolicies() throws(ServeFailure) -> PolicySet {
        if options.policiesAreNamed, (try? FileStatus.of(path: options.policies)) == nil {
            throw ServeFailure(
                "there is no policy folder \(options.policies); make it, or leave --policies away",
                exitCode: ServeFailure.configuration)
        }
        do throws(PolicySet.Rejection) {
            return try PolicyFolder.set(in: options.policies)
        } catch {
            throw ServeFailure(error.description, exitCode: ServeFailure.configuration)
        }
    }

    private func takeOver(_ path: String, isEnforcing: Bool) throws(ServeFailure) -> Slice {
        let isNew = try attempt { try SliceLocation.make(path) }
        do throws(CgroupError) {
            // A service stays in its own cgroup, where its manager accounts for it and finds its log.
            let slice = try Slice.takeOver(path, requiringMemory: isEnforcing, movingIn: options.service == nil)
            for (name, problem) in slice.report.unavailable.sorted(by: { $0.key < $1.key }) {
                notice("the \(name) controller is not at work: \(problem)")
            }
            if let problem = slice.report.ownCgroupProblem { notice("the controller stays where it is: \(problem)") }
            return slice
        } catch {
            // What we only made to find out that we cannot use it.
            if isNew { _ = try? Cgroup.open(path)?.remove() }
            let remedy =
                error.code == .noMemoryController
                ? "; or put Enforcement=best under [Pool] in \(options.policies)/pool.policy to start without limits"
                : ""
            throw ServeFailure("\(error)\(remedy)")
        }
    }

    private func limitPool(
        _ sessions: borrowing Cgroup, _ budget: PoolBudget, hasSwap: Bool, isEnforcing: Bool
    ) throws(ServeFailure) {
        let unenforced = LimitTranslation.unenforced(
            sessions.apply(LimitTranslation.limits(of: budget)), hasSwap: hasSwap)
        for limit in unenforced {
            let message = "the pool's \(limit.key)= cannot be enforced: \(limit.reason)"
            guard !isEnforcing else { throw ServeFailure(message) }
            notice(message)
        }
    }

    private func listen() throws(ServeFailure) -> LocalListener {
        // Everybody may ask root's controller; the kernel reports who asks (`SO_PEERCRED`).
        let isRoot = ownUser() == 0
        do throws(ListenError) {
            if let number = options.listening { return try LocalListener(inheriting: number, passesDescriptors: false) }
            return try LocalListener(
                path: options.socket, permissions: isRoot ? 0o666 : 0o600,
                directoryPermissions: isRoot ? 0o755 : 0o700, passesDescriptors: false)
        } catch {
            throw ServeFailure(error.description)
        }
    }

    /// A record names its policy; the policy may have changed since, or be gone.
    private func policy(
        named name: String, _ settings: [String], in policies: PolicySet
    ) -> (SessionPolicy, settings: [String]) {
        let base = policies.book.entry(named: name)?.policy ?? SessionPolicy()
        let today = SettingsOverlay.applicable(settings, to: base, named: name)
        for diagnostic in today.dropped { notice("a session's setting is left out: \(diagnostic)") }
        return (today.policy, today.settings)
    }

    private func attempt<Value: ~Copyable>(_ body: () throws -> Value) throws(ServeFailure) -> Value {
        do {
            return try body()
        } catch {
            throw ServeFailure("\(error)")
        }
    }
}

/// How many processes and threads the system allows: what percentages of `TasksMax=` refer to.
enum SystemTasks {
    static func limit() -> UInt64 {
        ["/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max"].compactMap(number).min() ?? 32_768
    }

    private static func number(_ path: String) -> UInt64? {
        guard let text = try? OwnedDescriptor.open(path, .read).readToEnd() else { return nil }
        return UInt64(String(decoding: text, as: UTF8.self).filter(\.isNumber))
    }
}
