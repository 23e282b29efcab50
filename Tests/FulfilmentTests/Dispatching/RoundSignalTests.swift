import Fulfilment
import Testing

@Suite struct RoundSignalTests {
    private let rounds = RoundSignal()

    @Test func theSoonerWishWins() async {
        rounds.raise(.inPassing)
        rounds.raise(.byHand)
        rounds.raise(.whenComplete)
        #expect(await rounds.wait() == .byHand)
        #expect(rounds.take() == nil)
    }

    @Test func aWishInPassingIsHeldUntilItIsGranted() async {
        rounds.holdPassing()
        rounds.raise(.inPassing)
        async let wish = rounds.wait()
        rounds.grantPassing()
        #expect(await wish == .inPassing)
        rounds.raise(.inPassing)
        #expect(await rounds.wait() == .inPassing, "granted once, it is like any other")
    }

    @Test func aStrongerWishTakesTheHeldOneAlong() async {
        rounds.holdPassing()
        rounds.raise(.inPassing)
        async let wish = rounds.wait()
        rounds.raise(.atOnce)
        #expect(await wish == .atOnce)
        rounds.dropPassing()
        #expect(rounds.take() == nil)
    }

    @Test func aRoundDropsWhatWasWishedInPassingAndNothingElse() {
        rounds.raise(.inPassing)
        rounds.dropPassing()
        #expect(rounds.take() == nil)
        rounds.raise(.atOnce)
        rounds.dropPassing()
        #expect(rounds.take() == .atOnce)
    }
}
