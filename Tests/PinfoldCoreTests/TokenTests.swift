import Testing

@testable import PinfoldCore

/// What one life leaves for the next: who may leave it, and what becomes of it.
@Suite struct TokenTests {
    private func token(_ harness: PoolHarness) -> String? { harness.pool.sessions[id("a")]?.token }

    private func setToken(_ text: String?, life: UInt64? = nil, _ harness: inout PoolHarness) -> String? {
        guard case .answer(_, _, let outcome)? = harness.order(.setToken(life: life, token: text), "a").actions.last
        else { return "no answer" }
        switch outcome {
        case .done: return nil
        case .unknownSession: return "unknown"
        case .refused(let reason): return reason
        }
    }

    /// Ways to end 'a', which has a token.
    private static let ends: [(name: String, keeps: Bool, act: @Sendable (inout PoolHarness, ClientID) -> Void)] = [
        ("exit", true, { harness, _ in _ = harness.die("a", .exited(0)) }),
        ("crash", true, { harness, _ in _ = harness.die("a", .signaled(11)) }),
        ("kill", true, { harness, _ in _ = harness.order(.kill, "a") }),
        ("suspend", true, { harness, _ in _ = harness.order(.suspend, "a") }),
        ("lease lost", true, { harness, client in _ = harness.handle(.disconnected(client)) }),
        ("idle", true, { harness, _ in _ = harness.pass(.seconds(100)) }),
        (
            "hung turn", true,
            { harness, _ in
                _ = harness.handle(.turn(harness.life("a"), .open))
                _ = harness.pass(.seconds(50))
                _ = harness.pass(.seconds(10))
            }
        ),
        ("shutdown", true, { harness, _ in _ = harness.handle(.shutdown(endingSessions: true)) }),
        ("end", false, { harness, _ in _ = harness.order(.end, "a") }),
        (
            "end while it is being suspended", false,
            { harness, _ in
                _ = harness.order(.suspend, "a")
                _ = harness.order(.end, "a")
            }
        ),
    ]

    @Test(arguments: ends.indices)
    func tokenOutlivesEveryEndButThatByItsOwner(index: Int) {
        let end = Self.ends[index]
        var harness = PoolHarness()
        let client = harness.start("a") {
            $0.idleTimeout = .seconds(100)
            $0.turnTimeout = .seconds(50)
        }
        #expect(setToken("t", life: 1, &harness) == nil)
        end.act(&harness, client)
        _ = harness.die("a")
        #expect(harness.pool.sessions[id("a")]?.life == nil, "\(end.name)")
        #expect(token(harness) == (end.keeps ? "t" : nil), "\(end.name)")
        #expect(harness.pool.sessions[id("a")]?.isResumable == end.keeps, "\(end.name)")
    }

    @Test func ownerWhoEndsASessionThatHasEndedForgetsItsTokenOnDiskToo() {
        var harness = PoolHarness()
        harness.start("a")
        _ = setToken("t", &harness)
        _ = harness.die("a", .exited(0))
        #expect(harness.state("a") == .ended)
        let actions = harness.order(.end, "a").actions
        #expect(token(harness) == nil)
        #expect(actions.contains { if case .save(id("a")) = $0 { true } else { false } })
    }

    @Test func tokenIsSavedBeforeAnyClientIsAnswered() {
        var harness = PoolHarness()
        harness.start("a")
        let kinds = harness.order(.setToken(life: 1, token: "t"), "a").actions.compactMap { action in
            switch action {
            case .save: "save"
            case .answer: "answer"
            default: nil
            }
        }
        #expect(kinds == ["save", "answer"])
    }

    @Test func oldLifeDoesNotOverwriteTheTokenOfANewerOne() {
        var harness = PoolHarness()
        harness.start("a")
        _ = setToken("old", life: 1, &harness)
        _ = harness.die("a", .exited(0))
        #expect(setToken("late", life: 1, &harness)?.contains("life 1 of 'a' is over") == true)
        harness.start("a")
        #expect(setToken("later", life: 1, &harness)?.contains("life 1 of 'a' is over") == true)
        #expect(token(harness) == "old")
        #expect(setToken("new", life: 2, &harness) == nil)
        #expect(token(harness) == "new")
        // From outside no life is named, and it may be between two.
        _ = harness.die("a", .exited(0))
        #expect(setToken(nil, &harness) == nil)
        #expect(token(harness) == nil)
    }

    @Test func unknownSessionHasNoToken() {
        var harness = PoolHarness()
        #expect(setToken("t", &harness) == "unknown")
    }

    @Test(arguments: [true, false])
    func launcherThatFollowsAConversationKeepsTheTokenItself(remembers: Bool) {
        var harness = PoolHarness()
        harness.start("a")
        #expect(setToken("from inside", life: 1, &harness) == nil)
        _ = harness.handle(remembers ? .token(harness.life("a"), "its own") : .turn(harness.life("a"), .none))
        let reason = setToken("from inside again", life: 1, &harness)
        #expect(reason == "the launcher of 'a' keeps its resume token itself")
        #expect(token(harness) == (remembers ? "its own" : "from inside"))
        // The next launcher may be of another kind.
        _ = harness.die("a", .exited(0))
        harness.start("a")
        #expect(setToken("t", life: 2, &harness) == nil)
    }

    @Test func tokenThatIsTooLongIsRefusedWithTheLimitAndTheOldOneStays() {
        var harness = PoolHarness()
        harness.start("a")
        let longest = String(repeating: "é", count: ResumeToken.longestInVariable / 2)
        #expect(setToken(longest, &harness) == nil)
        #expect(setToken(longest + "ab", &harness)?.contains("may have \(ResumeToken.longestInVariable) bytes") == true)
        #expect(setToken("a\u{0}b", &harness)?.contains("NUL") == true)
        #expect(token(harness) == longest)
        let remembered = String(repeating: "x", count: ResumeToken.longest)
        _ = harness.handle(.token(harness.life("a"), remembered))
        #expect(token(harness) == remembered)
        #expect(harness.handle(.token(harness.life("a"), remembered + "x")).logged(.tokenRefused).count == 1)
        #expect(token(harness) == remembered)
    }

    @Test func nothingIsLeftBehindByASessionThatIsBeingEndedForGood() {
        var harness = PoolHarness()
        harness.start("a")
        _ = harness.order(.end, "a")
        _ = harness.pass(.seconds(1))
        #expect(setToken("saved on SIGTERM", life: 1, &harness)?.contains("ended for good") == true)
        _ = harness.handle(.token(harness.life("a"), "t"))
        _ = harness.die("a", .exited(0))
        #expect(token(harness) == nil)
    }

    @Test func saveInTheSecondStageOfASuspensionIsKept() {
        var harness = PoolHarness()
        harness.start("a")
        _ = harness.order(.suspend, "a")
        #expect(harness.pass(.seconds(1)).words == ["terminate a.1"])
        #expect(setToken("saved on SIGTERM", life: 1, &harness) == nil)
        _ = harness.die("a", .exited(0))
        #expect(harness.state("a") == .suspended)
        #expect(token(harness) == "saved on SIGTERM")
    }

    @Test func endedSessionThatCouldGoOnIsRememberedMuchLongerThanOneThatCouldNot() {
        var harness = PoolHarness()
        func ended(_ name: String, _ number: Int, token: String?) -> Adoption {
            var session = Session(
                id: id(name), owner: UserID(1), policyName: "default", policy: SessionPolicy(), settings: [],
                lastActivity: harness.now)
            session.lives = 1
            session.token = token
            session.cause = .exited(0)
            session.endedAt = Instant(nanoseconds: UInt64(number))
            return Adoption(session: session, adoptedLife: nil)
        }
        let resumable = (0..<SessionPool.recordedTokens).map { ended("t\($0)", $0, token: "t") }
        let others = (0..<SessionPool.recordedEnds).map { ended("s\($0)", $0, token: nil) }
        _ = harness.handle(.adopted(resumable + others))
        for (token, forgotten) in [("t" as String?, "forget t0"), (nil, "forget s0")] {
            let name = token ?? "s"
            harness.start(name)
            if let token { _ = harness.handle(.token(harness.life(name), token)) }
            #expect(harness.die(name, .exited(0)).words.filter { $0.hasPrefix("forget") } == [forgotten])
        }
    }
}
