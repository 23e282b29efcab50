import Geo
import Testing

@Suite struct FixFilterTests {
    private func fix(_ latitude: Double, at seconds: Int64, accuracy: Double? = nil) throws -> PlaceFix {
        PlaceFix(place: try place(latitude, 77), recordedAt: seconds * 1000, accuracy: accuracy.map { Metres($0) })
    }

    private func filter(startingAt latitude: Double) throws -> FixFilter {
        var filter = FixFilter()
        #expect(filter.received(try fix(latitude, at: 100)) == .moved)
        return filter
    }

    @Test func ordinaryDrivingMoves() throws {
        var filter = try filter(startingAt: 12)
        for step in 1..<20 {
            #expect(filter.received(try fix(12 + Double(step) * 0.001, at: 100 + Int64(step) * 10)) == .moved)
        }
    }

    @Test func anOlderFixDoesNotMove() throws {
        var filter = try filter(startingAt: 12)
        #expect(filter.received(try fix(12.0001, at: 99)) == .outOfOrder)
        #expect(filter.received(try fix(12.0001, at: 100)) == .outOfOrder)
        #expect(filter.received(try fix(12, at: 100)) == .moved)
        #expect(filter.last?.place.latitude == 12)
    }

    @Test(arguments: [(249.9, FixFilter.Verdict.moved), (250, .moved), (250.1, .inaccurate), (.nan, .inaccurate)])
    func accuracyHasALimit(accuracy: Double, verdict: FixFilter.Verdict) throws {
        var filter = try filter(startingAt: 12)
        #expect(filter.received(try fix(12, at: 110, accuracy: accuracy)) == verdict)
    }

    @Test func aJumpIsRefusedUntilTheNextFixConfirmsIt() throws {
        var filter = try filter(startingAt: 12)
        #expect(filter.received(try fix(13, at: 110)) == .impossibleJump)
        #expect(filter.last?.place.latitude == 12)
        #expect(filter.received(try fix(13.001, at: 120)) == .moved)
        #expect(filter.last?.place.latitude == 13.001)
    }

    @Test func aSingleWildFixIsForgotten() throws {
        var filter = try filter(startingAt: 12)
        #expect(filter.received(try fix(13, at: 110)) == .impossibleJump)
        #expect(filter.received(try fix(12.001, at: 120)) == .moved)
        #expect(filter.received(try fix(13, at: 130)) == .impossibleJump)
    }

    @Test func aClockThatWasSetBackIsBelievedInTheEnd() throws {
        var filter = try filter(startingAt: 12)
        for second in 1...4 { #expect(filter.received(try fix(12, at: Int64(second))) == .outOfOrder) }
        #expect(filter.received(try fix(12, at: 5)) == .moved)
        #expect(filter.received(try fix(12, at: 6)) == .moved)
    }

    @Test(arguments: [Int64.min, Int64.max])
    func absurdTimesDoNotTrap(_ time: Int64) throws {
        var filter = FixFilter()
        let one = PlaceFix(place: try place(0, 0), recordedAt: time)
        let other = PlaceFix(place: try place(50, 50), recordedAt: time == .max ? .min : .max)
        for fix in [one, other, one, other] { _ = filter.received(fix) }
    }
}
