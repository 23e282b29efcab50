import Identity
import Testing

@Suite struct RefreshPolicyTests {
    private let rotation = RefreshPolicy(secret: secret)
    private let day: Int64 = 86_400_000

    private func begun() -> (token: String, record: RefreshRecord) {
        rotation.begin(role: .driver, account: 123, at: noon, randomBytes: countingBytes())
    }

    @Test func onlyTheHashOfATokenIsKept() throws {
        let (token, record) = begun()
        #expect(RefreshPolicy.lookupKey(of: token) == record.digest)
        #expect(record.digest.count == 32)
        #expect(record.family != token)
    }

    @Test func aLiveTokenIsExchangedForItsSuccessor() throws {
        let (token, record) = begun()
        guard case .rotate(let next, let successor) = rotation.present(token, record: record, at: noon + day) else {
            Issue.record("not rotated")
            return
        }
        #expect(next != token)
        #expect(RefreshPolicy.lookupKey(of: next) == successor.digest)
        #expect(successor.family == record.family)
        #expect(successor.expiresAt == record.expiresAt)
        #expect(successor.expiresAt == noon + 90 * day)
        #expect(successor.retiredAt == nil)
    }

    @Test func aClientThatLostTheAnswerGetsTheSameSuccessorForAMinute() {
        let (token, record) = begun()
        guard case .rotate(let next, _) = rotation.present(token, record: record, at: noon) else {
            Issue.record("not rotated")
            return
        }
        var retired = record
        retired.retiredAt = noon
        #expect(rotation.present(token, record: retired, at: noon + 1) == .repeated(token: next))
        #expect(rotation.present(token, record: retired, at: noon + 60_000) == .repeated(token: next))
        #expect(rotation.present(token, record: retired, at: noon + 60_001) == .endFamily)
    }

    @Test func aFamilyEndsHoweverOftenItWasRotated() {
        let (token, record) = begun()
        var (live, row) = (token, record)
        var now = noon
        for _ in 0..<12 {
            guard case .rotate(let next, let successor) = rotation.present(live, record: row, at: now) else {
                break
            }
            (live, row) = (next, successor)
            now += 10 * day
        }
        #expect(now == noon + 90 * day)
        #expect(rotation.present(live, record: row, at: now) == .expired)
    }

    @Test func anotherSecretGivesOtherSuccessors() {
        let (token, record) = begun()
        let other = RefreshPolicy(secret: secret + [1])
        #expect(other.present(token, record: record, at: noon) != rotation.present(token, record: record, at: noon))
    }

    @Test(arguments: ["", "rt_", "eyJhbGciOiJIUzI1NiJ9.e30.x", String(repeating: "rt_", count: 100_000)])
    func whatIsNoTokenOfOursIsNotLookedUp(_ text: String) {
        #expect(RefreshPolicy.lookupKey(of: text) == nil)
    }
}
