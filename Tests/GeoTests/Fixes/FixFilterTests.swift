import Geo
import Testing

@Suite struct FixFilterTests {
    /// - Parameter lag: Seconds from recording to receipt.
    private func fix(
        _ latitude: Double, at seconds: Int64, lag: Int64 = 0, accuracy: Double? = nil
    ) throws -> PlaceFix {
        PlaceFix(
            place: try place(latitude, 77), recordedAt: seconds * 1000, receivedAt: (seconds + lag) * 1000,
            accuracy: accuracy.map { Metres($0) })
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
        for second in 1...4 { #expect(filter.received(try fix(12, at: Int64(second), lag: 200)) == .outOfOrder) }
        #expect(filter.received(try fix(12, at: 5, lag: 200)) == .moved)
        #expect(filter.received(try fix(12, at: 6, lag: 200)) == .moved)
    }

    @Test func whatAPhoneKeptWhileItWasOfflineStaysHistory() throws {
        var filter = try filter(startingAt: 12)
        #expect(filter.received(try fix(12.01, at: 2000)) == .moved)
        // Twenty fixes of ten seconds apart, up to half an hour old, all received now.
        for step in 0..<20 {
            let late = try fix(12, at: 200 + Int64(step) * 10, lag: 1801 - Int64(step) * 10)
            #expect(filter.received(late) == .outOfOrder)
        }
        #expect(filter.last?.place.latitude == 12.01)
        #expect(filter.received(try fix(12.011, at: 2011)) == .moved)
    }

    @Test func wildFixesThatDisagreeAreNeverBelieved() throws {
        var filter = try filter(startingAt: 12)
        for (step, latitude) in [13.0, 15, 17, 19, 21, 23, 25, 27].enumerated() {
            #expect(filter.received(try fix(latitude, at: 101 + Int64(step))) == .impossibleJump)
        }
        #expect(filter.received(try fix(12.001, at: 120)) == .moved)
    }

    @Test func aWrongClockOrdersItsOwnFixesAndOneThatStandsStillIsPassedOver() throws {
        var skewed = FixFilter()
        #expect(skewed.received(try fix(12, at: 100, lag: 9000)) == .moved)
        #expect(skewed.received(try fix(12.001, at: 99, lag: 9010)) == .outOfOrder)
        #expect(skewed.received(try fix(12.001, at: 110, lag: 9010)) == .moved)
        var stopped = FixFilter()
        for step in 0..<10 {
            #expect(stopped.received(try fix(12 + Double(step) * 0.001, at: 0, lag: 9000 + Int64(step) * 10)) == .moved)
        }
    }

    @Test func withoutADeviceTimeTheTimeOfReceiptOrders() throws {
        var filter = try filter(startingAt: 12)
        func received(_ latitude: Double, _ seconds: Int64) throws -> FixFilter.Verdict {
            filter.received(
                PlaceFix(place: try place(latitude, 77), recordedAt: nil, receivedAt: seconds * 1000))
        }
        #expect(try received(12.001, 110) == .moved)
        #expect(try received(12.001, 105) == .outOfOrder)
    }

    @Test(arguments: [Int64.min, Int64.max])
    func absurdTimesDoNotTrap(_ time: Int64) throws {
        var filter = FixFilter()
        let one = PlaceFix(place: try place(0, 0), recordedAt: time, receivedAt: 0)
        let other = PlaceFix(place: try place(50, 50), recordedAt: time == .max ? .min : .max, receivedAt: time)
        for fix in [one, other, one, other] { _ = filter.received(fix) }
    }
}
