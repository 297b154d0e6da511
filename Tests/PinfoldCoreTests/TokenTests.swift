import Testing

@testable import PinfoldCore

/// What one life leaves for the next: who may leave it, and what becomes of it.
@Suite struct TokenTests {
    private func token(_ bench: Bench) -> String? { bench.pool.sessions[id("a")]?.token }

    private func setToken(_ text: String?, life: UInt64? = nil, _ bench: inout Bench) -> String? {
        guard case .answer(_, _, let outcome)? = bench.order(.setToken(life: life, token: text), "a").actions.last
        else { return "no answer" }
        switch outcome {
        case .done: return nil
        case .unknownSession: return "unknown"
        case .refused(let reason): return reason
        }
    }

    /// Ways to end 'a', which has a token.
    private static let ends: [(name: String, keeps: Bool, act: @Sendable (inout Bench, ClientID) -> Void)] = [
        ("exit", true, { bench, _ in _ = bench.die("a", .exited(0)) }),
        ("crash", true, { bench, _ in _ = bench.die("a", .signaled(11)) }),
        ("kill", true, { bench, _ in _ = bench.order(.kill, "a") }),
        ("suspend", true, { bench, _ in _ = bench.order(.suspend, "a") }),
        ("lease lost", true, { bench, client in _ = bench.handle(.disconnected(client)) }),
        ("idle", true, { bench, _ in _ = bench.pass(.seconds(100)) }),
        (
            "hung turn", true,
            { bench, _ in
                _ = bench.handle(.turn(bench.life("a"), .open))
                _ = bench.pass(.seconds(50))
                _ = bench.pass(.seconds(10))
            }
        ),
        ("shutdown", true, { bench, _ in _ = bench.handle(.shutdown(endingSessions: true)) }),
        ("end", false, { bench, _ in _ = bench.order(.end, "a") }),
        (
            "end while it is being suspended", false,
            { bench, _ in
                _ = bench.order(.suspend, "a")
                _ = bench.order(.end, "a")
            }
        ),
    ]

    @Test(arguments: ends.indices)
    func tokenOutlivesEveryEndButThatByItsOwner(index: Int) {
        let end = Self.ends[index]
        var bench = Bench()
        let client = bench.start("a") {
            $0.idleTimeout = .seconds(100)
            $0.turnTimeout = .seconds(50)
        }
        #expect(setToken("t", life: 1, &bench) == nil)
        end.act(&bench, client)
        _ = bench.die("a")
        #expect(bench.pool.sessions[id("a")]?.life == nil, "\(end.name)")
        #expect(token(bench) == (end.keeps ? "t" : nil), "\(end.name)")
        #expect(bench.pool.sessions[id("a")]?.isResumable == end.keeps, "\(end.name)")
    }

    @Test func ownerWhoEndsASessionThatHasEndedForgetsItsTokenOnDiskToo() {
        var bench = Bench()
        bench.start("a")
        _ = setToken("t", &bench)
        _ = bench.die("a", .exited(0))
        #expect(bench.state("a") == .ended)
        let actions = bench.order(.end, "a").actions
        #expect(token(bench) == nil)
        #expect(actions.contains { if case .save(id("a")) = $0 { true } else { false } })
    }

    @Test func tokenIsOnItsWayToDiskBeforeAnybodyIsTold() {
        var bench = Bench()
        bench.start("a")
        let kinds = bench.order(.setToken(life: 1, token: "t"), "a").actions.compactMap { action in
            switch action {
            case .save: "save"
            case .answer: "answer"
            default: nil
            }
        }
        #expect(kinds == ["save", "answer"])
    }

    @Test func oldLifeDoesNotOverwriteTheTokenOfANewerOne() {
        var bench = Bench()
        bench.start("a")
        _ = setToken("old", life: 1, &bench)
        _ = bench.die("a", .exited(0))
        #expect(setToken("late", life: 1, &bench)?.contains("life 1 of 'a' is over") == true)
        bench.start("a")
        #expect(setToken("later", life: 1, &bench)?.contains("life 1 of 'a' is over") == true)
        #expect(token(bench) == "old")
        #expect(setToken("new", life: 2, &bench) == nil)
        #expect(token(bench) == "new")
        // From outside no life is named, and it may be between two.
        _ = bench.die("a", .exited(0))
        #expect(setToken(nil, &bench) == nil)
        #expect(token(bench) == nil)
    }

    @Test func sessionNobodyKnowsHasNoToken() {
        var bench = Bench()
        #expect(setToken("t", &bench) == "unknown")
    }

    @Test(arguments: [true, false])
    func launcherThatFollowsAConversationKeepsTheTokenItself(remembers: Bool) {
        var bench = Bench()
        bench.start("a")
        #expect(setToken("from inside", life: 1, &bench) == nil)
        _ = bench.handle(remembers ? .token(bench.life("a"), "its own") : .turn(bench.life("a"), .none))
        let reason = setToken("from inside again", life: 1, &bench)
        #expect(reason == "the launcher of 'a' keeps its resume token itself")
        #expect(token(bench) == (remembers ? "its own" : "from inside"))
        // The next launcher may be of another kind.
        _ = bench.die("a", .exited(0))
        bench.start("a")
        #expect(setToken("t", life: 2, &bench) == nil)
    }

    @Test func tokenThatIsTooLongIsRefusedWithTheLimitAndTheOldOneStays() {
        var bench = Bench()
        bench.start("a")
        let longest = String(repeating: "é", count: ResumeToken.longestInVariable / 2)
        #expect(setToken(longest, &bench) == nil)
        #expect(setToken(longest + "ab", &bench)?.contains("may have \(ResumeToken.longestInVariable) bytes") == true)
        #expect(setToken("a\u{0}b", &bench)?.contains("NUL") == true)
        #expect(token(bench) == longest)
        let remembered = String(repeating: "x", count: ResumeToken.longest)
        _ = bench.handle(.token(bench.life("a"), remembered))
        #expect(token(bench) == remembered)
        #expect(bench.handle(.token(bench.life("a"), remembered + "x")).announced(.tokenRefused).count == 1)
        #expect(token(bench) == remembered)
    }

    @Test func nothingIsLeftBehindByASessionThatIsBeingEndedForGood() {
        var bench = Bench()
        bench.start("a")
        _ = bench.order(.end, "a")
        _ = bench.pass(.seconds(1))
        #expect(setToken("saved on SIGTERM", life: 1, &bench)?.contains("ended for good") == true)
        _ = bench.handle(.token(bench.life("a"), "t"))
        _ = bench.die("a", .exited(0))
        #expect(token(bench) == nil)
    }

    @Test func saveInTheSecondStageOfASuspensionIsKept() {
        var bench = Bench()
        bench.start("a")
        _ = bench.order(.suspend, "a")
        #expect(bench.pass(.seconds(1)).words == ["terminate a.1"])
        #expect(setToken("saved on SIGTERM", life: 1, &bench) == nil)
        _ = bench.die("a", .exited(0))
        #expect(bench.state("a") == .suspended)
        #expect(token(bench) == "saved on SIGTERM")
    }

    @Test func endedSessionThatCouldGoOnIsRememberedMuchLongerThanOneThatCouldNot() {
        var bench = Bench()
        func ended(_ name: String, _ number: Int, token: String?) -> Adoption {
            var session = Session(
                id: id(name), owner: UserID(1), policyName: "default", policy: SessionPolicy(), settings: [],
                lastActivity: bench.now)
            session.lives = 1
            session.token = token
            session.cause = .exited(0)
            session.endedAt = Instant(nanoseconds: UInt64(number))
            return Adoption(session: session, survivor: nil)
        }
        let resumable = (0..<SessionPool.rememberedTokens).map { ended("t\($0)", $0, token: "t") }
        let others = (0..<SessionPool.rememberedEnds).map { ended("s\($0)", $0, token: nil) }
        _ = bench.handle(.adopted(resumable + others))
        for (token, forgotten) in [("t" as String?, "forget t0"), (nil, "forget s0")] {
            let name = token ?? "s"
            bench.start(name)
            if let token { _ = bench.handle(.token(bench.life(name), token)) }
            #expect(bench.die(name, .exited(0)).words.filter { $0.hasPrefix("forget") } == [forgotten])
        }
    }
}
