/// The interfaces as text, for introspection and for generators of client code. See varlink.org, "Interface
/// Definition".
package enum Interface {
    package static let names = ["io.pinfold", "org.varlink.service"]

    package static func description(of name: String) -> String? {
        switch name {
        case "io.pinfold": pinfold
        case "org.varlink.service": service
        default: nil
        }
    }

    private static let pinfold = """
        # Sessions of heavy programs, each in a cgroup of its own, that give way before memory runs out.
        # A user sees and moves their own sessions; root and the controller's own user all.
        interface io.pinfold

        # Why a life ended. Further members are numbers and depend on the kind.
        # kind: exited, signaled, killed, ended, lease_lost, terminated, idle_timeout, pool_full, reserve, pressure,
        # memory_limit, pool_limit, host_memory, lifetime, turn_timeout, start_failed, reboot
        type Cause (
          kind: string,
          message: string
        )

        # state: queued, starting, idle, busy, stopping, suspended, ended. placement: into, attach.
        # enforcement: kernel, observed, none. Memory in bytes.
        # parent: the session that it was opened from within, and ends with.
        # waiting: what a queued session waits for. Its life is the last one before, 0 for none.
        type Session (
          id: string,
          life: int,
          state: string,
          policy: string,
          owner: int,
          pid: ?int,
          cgroup: ?string,
          placement: ?string,
          enforcement: ?string,
          memoryCurrent: ?int,
          memoryWorkingSet: ?int,
          memoryPeak: ?int,
          memoryMax: ?int,
          tasks: ?int,
          idleSeconds: ?int,
          pinned: bool,
          resumable: bool,
          parent: ?string,
          cause: ?Cause,
          waiting: ?string
        )

        # A limit that the kernel does not enforce for a session.
        type UnenforcedLimit (
          key: string,
          reason: string
        )

        # state: open or waiting. milliseconds: how long it has been in that state.
        type Turn (
          number: int,
          state: string,
          milliseconds: int
        )

        # event: queued (position), granted (session to unenforced, and the cgroup's descriptor), attached,
        # attach_failed (reason), close_input (cause to refusable), cancel_turn (cause, turn), released,
        # ended (cause, suspended, exitCode, recordProblem).
        # unenforced: of the settings that Open asked for, those that the kernel does not enforce.
        # resume: what a former life left by Remember or SetToken for this one to go on with.
        # close_input says that the life is being ended: close the command's input, milliseconds later SIGTERM follows.
        # Where it is refusable, a Turn that is not among the first reports of this lease takes it back: a launcher that
        # has sent more does nothing, and one that has not closes the input and sends no more.
        # cancel_turn: a turn is open for too long. Cancel it; if it is not over 10 seconds later, the life ends.
        # turn: its number; null for all that are open.
        type Lease (
          event: string,
          position: ?int,
          session: ?string,
          life: ?int,
          cgroup: ?string,
          policy: ?string,
          enforcement: ?string,
          socket: ?string,
          graceMilliseconds: ?int,
          followsEnd: ?bool,
          resume: ?string,
          unenforced: ?[]UnenforcedLimit,
          reason: ?string,
          cause: ?Cause,
          milliseconds: ?int,
          reports: ?int,
          refusable: ?bool,
          turn: ?int,
          suspended: ?bool,
          exitCode: ?int,
          recordProblem: ?string
        )

        # One row of the ranked list. position: 1 goes first; null may not go, and reason says why.
        type Candidate (
          session: string,
          life: int,
          state: string,
          idleSeconds: int,
          resumable: bool,
          bytes: ?int,
          position: ?int,
          reason: ?string
        )

        # A request that waits for its session to be admitted. The bytes are null where it does not wait for memory:
        # what is available, what the session is expected to need, what sessions that have just begun are, and what is
        # to stay free.
        type Waiting (
          session: string,
          position: int,
          waitedSeconds: int,
          reason: string,
          availableBytes: ?int,
          expectedBytes: ?int,
          claimedBytes: ?int,
          reserveBytes: ?int
        )

        # status: available, degraded, missing.
        type Feature (
          name: string,
          status: string,
          reason: string,
          remedy: string
        )

        # One line of the event log. Further members depend on the event.
        type Event (
          time: string,
          event: string,
          session: ?string,
          life: ?int
        )

        # Asks for a session. The connection is its lease: when it breaks, the session ends.
        # To be called with more; the following oneway calls belong to this connection.
        method Open(
          session: ?string,
          policy: ?string,
          settings: []string,
          command: []string,
          waitMilliseconds: ?int,
          keepTree: bool
        ) -> (lease: Lease)

        # Takes the lease of a running life again, after the controller was gone.
        method Reopen(session: string, life: int) -> (lease: Lease)

        # The command runs.
        method Started(pid: int, placement: string) -> ()

        # Moves a held child into the session's cgroup. Its pidfd comes with the call.
        method Attach() -> ()

        # The command could not be executed.
        method StartFailed(reason: string, exitCode: int) -> ()

        # The command ended: one of both.
        method Exited(code: ?int, signal: ?int) -> ()

        # Somebody uses the session. source: acp, stdin, cpu, touch.
        method Active(source: string) -> ()

        # Where the conversations with an agent stand. state: none, open, or waiting, where all that are open wait for a
        # human's answer. turns: at least the oldest of each state, and the one that cancel_turn named until it is over;
        # null where turns are not told apart. use: whether any of it is somebody's use; true if missing. To be told
        # whenever it changes, and anew over a lease taken again; take in what has come over the lease first.
        method Turn(state: string, turns: ?[]Turn, use: ?bool) -> ()

        # What the next life needs to go on, in place of what was kept before; null for nothing.
        method Remember(token: ?string) -> ()

        # The launcher was asked to terminate: the session gets SIGTERM, then is killed. Where it can be resumed it is
        # suspended.
        method Leave() -> ()

        # At most 1,000 sessions, or `limit`. Where there are more they come by their names, and `next` is what to give
        # for `after` to have those that follow.
        method List(after: ?string, limit: ?int) -> (sessions: []Session, next: ?string)

        method Show(
          session: string
        ) -> (session: Session, settings: []string, policy: [string]string, unenforced: []UnenforcedLimit)

        # Who would go next, and why not the others.
        method Explain() -> (
          headroomBytes: ?int,
          reserveBytes: int,
          hardReserveBytes: int,
          sessions: int,
          maxSessions: int,
          waiting: []string,
          queue: []Waiting,
          forPlace: []Candidate,
          forMemory: []Candidate
        )

        method Touch(session: string) -> (session: Session)
        method Pin(session: string) -> (session: Session)
        method Unpin(session: string) -> (session: Session)

        # These three answer when the life is over. End and Kill take a request for the session out of the queue; session
        # is null where there was nothing but the request.
        method Suspend(session: string) -> (session: Session)
        method End(session: string) -> (session: ?Session)
        method Kill(session: string) -> (session: ?Session)

        # Lays settings over a session's policy: each Key=Value of [Session].
        method Set(session: string, settings: []string) -> (session: Session, unenforced: []UnenforcedLimit)

        # What the next life needs to go on, told from inside a session: it finds it in PINFOLD_RESUME.
        # life: refused where another one is current. Refused also where the launcher keeps the token by Remember.
        method SetToken(session: string, life: ?int, token: ?string) -> ()

        # The event log; with follow to be called with more. since: RFC 3339.
        method Events(follow: ?bool, since: ?string) -> (events: []Event)

        # Reads the policy files again. Where one is wrong, the last good ones stay.
        method Reload() -> (policies: []string)

        method Describe() -> (
          version: string,
          slice: string,
          socket: string,
          enforcement: string,
          effectiveLimitBytes: int,
          memoryMaxBytes: ?int,
          features: []Feature
        )

        error NoSuchSession (session: string)
        error Rejected (message: string)
        error NotAdmitted (message: string)
        error Refused (message: string)
        error PoliciesRejected (complaints: []string)
        error NoLease ()

        """

    private static let service = """
        # What every varlink service answers about itself.
        interface org.varlink.service

        method GetInfo() -> (
          vendor: string,
          product: string,
          version: string,
          url: string,
          interfaces: []string
        )

        method GetInterfaceDescription(interface: string) -> (description: string)

        error InterfaceNotFound (interface: string)
        error MethodNotFound (method: string)
        error MethodNotImplemented (method: string)
        error InvalidParameter (parameter: string)
        error PermissionDenied ()
        error ExpectedMore ()

        """
}
