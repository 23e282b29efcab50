import Identity
import Testing

@Suite struct LoginLimiterTests {
    private func fail(_ limiter: inout LoginLimiter, _ who: String, _ from: String, at now: Int64) -> Bool {
        guard case .allowed(let attempt) = limiter.begin(identity: who, address: from, at: now) else { return false }
        limiter.failed(attempt, at: now)
        return true
    }

    @Test func failuresAreCountedAndTheWaitIsTold() {
        var limiter = LoginLimiter()
        for _ in 0..<10 {
            #expect(fail(&limiter, "asha", "203.0.113.7", at: noon))
        }
        #expect(limiter.begin(identity: "asha", address: "203.0.113.7", at: noon) == .refused(retryAfter: 90))
        #expect(limiter.begin(identity: "asha", address: "203.0.113.7", at: noon + 89_001) == .refused(retryAfter: 1))
        #expect(fail(&limiter, "asha", "203.0.113.7", at: noon + 90_000))
        #expect(!fail(&limiter, "asha", "203.0.113.7", at: noon + 90_000))
    }

    @Test func successesAreNeverCounted() {
        var limiter = LoginLimiter()
        for _ in 0..<1000 {
            guard case .allowed(let attempt) = limiter.begin(identity: "a", address: "198.51.100.1", at: noon) else {
                Issue.record("a right log-in was refused")
                return
            }
            limiter.succeeded(attempt)
        }
    }

    @Test func ofAThousandAtOnceTenAreTriedAndTheOthersWaitForThem() {
        var limiter = LoginLimiter()
        var attempts: [LoginLimiter.Attempt] = []
        var waiting = 0
        for _ in 0..<1000 {
            switch limiter.begin(identity: "asha", address: "203.0.113.7", at: noon) {
            case .allowed(let attempt): attempts.append(attempt)
            case .undecided: waiting += 1
            case .refused: Issue.record("nobody has failed yet")
            }
        }
        #expect(attempts.count == 10)
        #expect(waiting == 990)
        for attempt in attempts { limiter.failed(attempt, at: noon) }
        #expect(!limiter.hasAttemptsUnderWay)
        #expect(limiter.begin(identity: "asha", address: "203.0.113.7", at: noon) == .refused(retryAfter: 90))
    }

    @Test func whoWaitedForRightLogInsIsLetInAfterThem() {
        var limiter = LoginLimiter()
        var attempts: [LoginLimiter.Attempt] = []
        while case .allowed(let attempt) = limiter.begin(identity: "asha", address: "203.0.113.7", at: noon) {
            attempts.append(attempt)
        }
        limiter.succeeded(attempts.removeFirst())
        guard case .allowed = limiter.begin(identity: "asha", address: "203.0.113.7", at: noon) else {
            Issue.record("a right log-in made no room")
            return
        }
        #expect(limiter.begin(identity: "asha", address: "203.0.113.7", at: noon) == .undecided)
    }

    @Test func aSuccessForgivesThatPersonsEarlierMistakes() {
        var limiter = LoginLimiter()
        for _ in 0..<9 { _ = fail(&limiter, "asha", "203.0.113.7", at: noon) }
        guard case .allowed(let attempt) = limiter.begin(identity: "asha", address: "203.0.113.7", at: noon) else {
            Issue.record("refused too early")
            return
        }
        limiter.succeeded(attempt)
        #expect(fail(&limiter, "asha", "203.0.113.7", at: noon))
    }

    @Test func anAttemptWithoutAnAnswerIsNotCounted() {
        var limiter = LoginLimiter()
        for _ in 0..<50 {
            guard case .allowed(let attempt) = limiter.begin(identity: "a", address: "198.51.100.1", at: noon) else {
                Issue.record("an unanswered attempt was counted")
                return
            }
            limiter.abandoned(attempt)
        }
    }

    @Test func othersBehindTheSameAddressAreNotLockedOutByOneGuesser() {
        var limiter = LoginLimiter()
        for _ in 0..<100 { _ = fail(&limiter, "asha", "203.0.113.7", at: noon) }
        #expect(fail(&limiter, "ravi", "203.0.113.7", at: noon))
        #expect(fail(&limiter, "asha", "203.0.113.8", at: noon))
    }

    @Test func aSpreadAttackOnOneAccountIsSlowed() {
        var limiter = LoginLimiter()
        let letIn = (0..<200).filter { fail(&limiter, "asha", "198.51.100.\($0)", at: noon) }.count
        #expect(letIn == 30)
    }

    @Test func oneMachineThatTriesManyAccountsIsSlowed() {
        var limiter = LoginLimiter()
        let letIn = (0..<2000).filter { fail(&limiter, "driver\($0)", "203.0.113.7", at: noon) }.count
        #expect(letIn == 200)
    }

    @Test func theCaseOfALetterIsNoNewIdentityAndANetworkNoThousandAddresses() {
        var limiter = LoginLimiter()
        for _ in 0..<5 { _ = fail(&limiter, "Asha", "2001:db8::1", at: noon) }
        for _ in 0..<5 { _ = fail(&limiter, "asha", "2001:db8:0:0:ffff::2", at: noon) }
        #expect(!fail(&limiter, "ASHA", "2001:db8:0:0:1:2:3:4", at: noon))
        #expect(fail(&limiter, "ASHA", "2001:db8:0:1::1", at: noon))
    }

    @Test func aMillionAddressesDoNotFillTheMemory() {
        var limiter = LoginLimiter(capacity: 1000)
        for number in 0..<100_000 {
            _ = fail(&limiter, "d\(number)", "2001:db8:\(number % 65536):\(number / 7):1::", at: noon)
        }
        #expect(limiter.count == 1000)
    }
}
