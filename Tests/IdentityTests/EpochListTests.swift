import Identity
import Testing

@Suite struct EpochListTests {
    private let account = AccountKey(role: .driver, id: 123)

    @Test func aRevocationTakesEffectWithTheNextLook() {
        var list = EpochList()
        list.learn([], readAt: noon)
        #expect(list.check(driver, at: noon) == .good)
        list.learn([(account, Standing(epoch: 8, isBlocked: false))], readAt: noon + 2000)
        #expect(list.check(driver, at: noon + 2001) == .refused(TokenRejection(code: .revoked, cause: .epoch)))
    }

    @Test func aListThatIsOlderThanFiveSecondsLetsNobodyIn() {
        var list = EpochList()
        #expect(list.check(driver, at: noon) == .unknown)
        list.learn([], readAt: noon)
        #expect(list.check(driver, at: noon + 5000) == .good)
        #expect(list.check(driver, at: noon + 5001) == .unknown)
    }

    @Test func whatIsRevokedStaysRevokedHoweverOldTheList() {
        var list = EpochList()
        list.learn([(account, Standing(epoch: 8, isBlocked: false))], readAt: noon)
        let refused = EpochList.Verdict.refused(TokenRejection(code: .revoked, cause: .epoch))
        #expect(list.check(driver, at: noon + 3_600_000) == refused)
    }

    @Test func aBlockedAccountIsToldApartAndCanBeApprovedAgain() {
        var list = EpochList()
        list.learn([(account, Standing(epoch: 7, isBlocked: true))], readAt: noon)
        #expect(list.check(driver, at: noon) == .refused(TokenRejection(code: .revoked, cause: .blocked)))
        list.learn([(account, Standing(epoch: 7, isBlocked: false))], readAt: noon + 1)
        #expect(list.check(driver, at: noon + 1) == .good)
    }

    @Test func aTokenOfALaterEpochThanTheListKnowsIsGood() {
        var list = EpochList()
        list.learn([(account, Standing(epoch: 6, isBlocked: false))], readAt: noon)
        #expect(list.check(driver, at: noon + 10) == .good)
    }

    @Test func anOlderAnswerNeverReplacesANewerOne() {
        var list = EpochList()
        list.learn([(account, Standing(epoch: 9, isBlocked: false))], readAt: noon + 100)
        list.learn([(account, Standing(epoch: 7, isBlocked: false))], readAt: noon)
        #expect(list.check(driver, at: noon + 200) == .refused(TokenRejection(code: .revoked, cause: .epoch)))
    }

    @Test func whatThisServerEndedItselfIsOverAtOnce() {
        let register = EpochRegister()
        register.learn([], readAt: noon)
        register.end(account, through: driver.epoch)
        #expect(register.check(driver, at: noon) == .refused(TokenRejection(code: .revoked, cause: .epoch)))
    }

    @Test func aDriverAndAnAdminOfOneNumberAreTwoAccounts() {
        var list = EpochList()
        list.learn([(account, Standing(epoch: 8, isBlocked: true))], readAt: noon)
        #expect(list.check(Bearer(role: .admin, id: 123, session: "s", epoch: 7), at: noon) == .good)
    }
}
