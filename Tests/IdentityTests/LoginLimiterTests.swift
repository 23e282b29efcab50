import Identity
import Testing

@Suite struct LoginLimiterTests {
    private func fail(_ limiter: inout LoginLimiter, _ who: String, _ from: String, at now: Int64) -> Bool {
        if case .allowed = limiter.begin(identity: who, address: from, at: now) { return true }
        return false
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

    @Test func attemptsUnderWayCountAtOnce() {
        var limiter = LoginLimiter()
        let letIn = (0..<1000).filter { _ in fail(&limiter, "asha", "203.0.113.7", at: noon) }.count
        #expect(letIn == 10)
    }

    @Test func aSuccessForgivesThatPersonsEarlierMistakes() {
        var limiter = LoginLimiter()
        for _ in 0..<9 { _ = limiter.begin(identity: "asha", address: "203.0.113.7", at: noon) }
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
        for _ in 0..<100 { _ = limiter.begin(identity: "asha", address: "203.0.113.7", at: noon) }
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
        for _ in 0..<5 { _ = limiter.begin(identity: "Asha", address: "2001:db8::1", at: noon) }
        for _ in 0..<5 { _ = limiter.begin(identity: "asha", address: "2001:db8:0:0:ffff::2", at: noon) }
        #expect(!fail(&limiter, "ASHA", "2001:db8:0:0:1:2:3:4", at: noon))
        #expect(fail(&limiter, "ASHA", "2001:db8:0:1::1", at: noon))
    }

    @Test func aMillionAddressesDoNotFillTheMemory() {
        var limiter = LoginLimiter(capacity: 1000)
        for number in 0..<100_000 {
            _ = limiter.begin(identity: "d\(number)", address: "2001:db8:\(number % 65536):\(number / 7):1::", at: noon)
        }
        #expect(limiter.count == 1000)
    }
}
