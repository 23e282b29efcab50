import Geo
import Testing

@Suite struct FenceTests {
    @Test func depthIsPositiveInsideAndNegativeOutside() throws {
        let circle = Geofence.circle(centre: try place(0, 0), radius: Metres(100))
        #expect(circle.depth(of: try place(0, 0)) == Metres(100))
        #expect(try abs(circle.depth(of: place(0.001, 0)).value + 11.2) < 0.1)
        let square = try #require(GeoPolygon(ring: [place(0, 0), place(0, 0.01), place(0.01, 0.01), place(0.01, 0)]))
        #expect(try abs(Geofence.area(square).depth(of: place(0.005, 0.002)).value - 222.4) < 0.5)
        #expect(try abs(Geofence.area(square).depth(of: place(0.005, -0.002)).value + 222.4) < 0.5)
    }

    @Test func waveringOnTheEdgeMakesNoEvents() {
        var presence = FencePresence(hysteresis: Metres(30))
        #expect(presence.seen(depth: Metres(-1), at: 1) == nil)
        #expect(presence.seen(depth: Metres(0), at: 2) == .entered(at: 2))
        #expect(presence.seen(depth: Metres(-30), at: 3) == nil)
        #expect(presence.seen(depth: Metres(5), at: 4) == nil)
        #expect(presence.seen(depth: Metres(-31), at: 1) == nil)
        #expect(presence.seen(depth: Metres(-31), at: 5) == .left(enteredAt: 2, at: 5))
        #expect(!presence.isInside)
    }
}

@Suite struct ArrivalTests {
    private func arrival() throws -> Arrival {
        Arrival(at: try place(0, 0), radius: Metres(75), dwellMilliseconds: 30_000)
    }

    @Test func drivingPastIsNotArriving() throws {
        var arrival = try arrival()
        #expect(arrival.seen(at: try place(0, 0.0005), time: 0) == .setTimer(at: 30_000))
        #expect(arrival.seen(at: try place(0, 0.002), time: 10_000) == nil)
        #expect(arrival.timerFired(at: 30_000) == nil)
        #expect(!arrival.hasArrived)
    }

    @Test func stayingIsArrivingFromTheMomentOfComing() throws {
        var arrival = try arrival()
        _ = arrival.seen(at: try place(0, 0.0005), time: 5000)
        #expect(arrival.seen(at: try place(0, 0.0009), time: 34_999) == nil)
        #expect(arrival.seen(at: try place(0, 0), time: 35_000) == .arrived(at: 5000))
        #expect(arrival.seen(at: try place(0, 0.0009), time: 60_000) == nil)
        #expect(arrival.seen(at: try place(0, 0.001), time: 95_000) == .departed(arrivedAt: 5000, at: 95_000))
    }

    @Test func silenceInsideIsArrivingByTimer() throws {
        var arrival = try arrival()
        _ = arrival.seen(at: try place(0, 0), time: 0)
        #expect(arrival.timerFired(at: 29_999) == nil)
        #expect(arrival.timerFired(at: 30_000) == .arrived(at: 0))
        #expect(arrival.timerFired(at: 31_000) == nil)
    }

    @Test func sightingsFromThePastChangeNothing() throws {
        var arrival = try arrival()
        _ = arrival.seen(at: try place(0, 0), time: 50_000)
        #expect(arrival.seen(at: try place(1, 1), time: 40_000) == nil)
        #expect(arrival.timerFired(at: 80_000) == .arrived(at: 50_000))
        #expect(arrival.seen(at: try place(1, 1), time: 40_000) == nil)
        #expect(arrival.hasArrived)
    }

    @Test func withoutDwellComingIsArriving() throws {
        var arrival = Arrival(at: try place(0, 0), dwellMilliseconds: 0)
        #expect(arrival.seen(at: try place(0, 0), time: 7) == .arrived(at: 7))
    }
}

@Suite struct WaitingTimesTests {
    @Test func onlyTheLastStaysAreRemembered() {
        var times = WaitingTimes()
        for stay in 0..<Int64(100) { times.record(milliseconds: stay * 1000) }
        #expect(times.count == WaitingTimes.capacity)
        #expect(times.percentile(0) == 36_000)
        #expect(times.percentile(100) == 99_000)
        #expect(times.percentile(50) == 67_000)
    }

    @Test func absurdStaysAreRefused() {
        var times = WaitingTimes()
        expectEqual(times.record(milliseconds: -1), false)
        expectEqual(times.record(milliseconds: WaitingTimes.longest + 1), false)
        expectEqual(times.record(milliseconds: WaitingTimes.longest), true)
        #expect(times.count == 1)
    }

    @Test func fewStaysAreDrawnTowardsThePrior() {
        var times = WaitingTimes()
        #expect(times.expected(prior: 300_000) == 300_000)
        for _ in 0..<4 { times.record(milliseconds: 900_000) }
        #expect(times.expected(prior: 300_000) == 600_000)
        #expect(times.percentile(90) == 900_000)
    }
}
