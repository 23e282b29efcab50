import Identity
import Testing

@Suite struct StandingCacheTests {
    private let account = StandingCache.Account(role: .driver, id: 123)

    @Test func aRevocationTakesEffectWithinFiveSeconds() {
        var cache = StandingCache()
        cache.learn(Standing(epoch: 7, isActive: true), of: account, readAt: noon)
        #expect(cache.check(driver, at: noon + 3999) == .good)
        #expect(cache.check(driver, at: noon + 4000) == .unknown)
        cache.learn(Standing(epoch: 8, isActive: true), of: account, readAt: noon + 4000)
        #expect(cache.check(driver, at: noon + 4001) == .refused(TokenRejection(code: .revoked, cause: .epoch)))
    }

    @Test func aBlockedAccountIsToldApart() {
        let verdict = StandingCache.judge(driver, Standing(epoch: 7, isActive: false))
        #expect(verdict == .refused(TokenRejection(code: .revoked, cause: .blocked)))
        #expect(StandingCache.judge(driver, nil) == .refused(TokenRejection(code: .revoked, cause: .subject)))
    }

    @Test func aTokenIssuedAfterTheLastLookIsNotRefusedForIt() {
        var cache = StandingCache()
        cache.learn(Standing(epoch: 6, isActive: true), of: account, readAt: noon)
        #expect(cache.check(driver, at: noon + 10) == .unknown)
    }

    @Test func anOlderAnswerNeverReplacesANewerOne() {
        var cache = StandingCache()
        cache.learn(Standing(epoch: 8, isActive: true), of: account, readAt: noon + 100)
        cache.learn(Standing(epoch: 7, isActive: true), of: account, readAt: noon)
        #expect(cache.check(driver, at: noon + 200) == .refused(TokenRejection(code: .revoked, cause: .epoch)))
    }

    @Test func whatThisServerChangedItselfIsForgottenAtOnce() {
        var cache = StandingCache()
        cache.learn(Standing(epoch: 7, isActive: true), of: account, readAt: noon)
        cache.forget(account)
        #expect(cache.check(driver, at: noon + 1) == .unknown)
    }

    @Test func aDriverAndAnAdminOfOneNumberAreTwoAccounts() {
        var cache = StandingCache()
        cache.learn(Standing(epoch: 7, isActive: true), of: account, readAt: noon)
        let admin = Principal(role: .admin, id: 123, session: "s", epoch: 7)
        #expect(cache.check(admin, at: noon + 1) == .unknown)
    }

    @Test func theMemoryIsBoundedAndKeepsWhatIsUsed() {
        var cache = StandingCache(capacity: 100)
        for id in 1...1000 as ClosedRange<Int64> {
            cache.learn(Standing(epoch: 0, isActive: true), of: .init(role: .driver, id: id), readAt: noon)
            _ = cache.check(Principal(role: .driver, id: 1, session: "s", epoch: 0), at: noon)
        }
        #expect(cache.check(Principal(role: .driver, id: 1, session: "s", epoch: 0), at: noon) == .good)
        #expect(cache.check(Principal(role: .driver, id: 2, session: "s", epoch: 0), at: noon) == .unknown)
        #expect(cache.check(Principal(role: .driver, id: 1000, session: "s", epoch: 0), at: noon) == .good)
    }
}
