/// Finds out from positions when somebody has arrived at a restaurant or a customer, and when he has gone again.
///
/// Driving past is not arriving: he must have stayed inside the circle for the dwell time. The arrival is then dated
/// back to when he came. A pure state machine: sightings and timers go in, actions come out.
package struct Arrival: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
        /// Call `timerFired` at this time if nothing else happens before.
        case setTimer(at: Int64)
        /// He is there, since the given time.
        case arrived(at: Int64)
        /// He left again; the difference is how long he was there.
        case departed(arrivedAt: Int64, at: Int64)
    }

    private enum State: Hashable, Sendable {
        case away
        case near(since: Int64)
        case there(since: Int64)
    }

    private let fence: Geofence
    private let dwell: Int64
    private let hysteresis: Metres
    private var state = State.away

    /// - Parameters:
    ///   - dwellMilliseconds: how long he must stay; 0 means that coming is arriving.
    package init(
        at place: GeoPoint, radius: Metres = Metres(75), dwellMilliseconds: Int64 = 30_000,
        hysteresis: Metres = Metres(30)
    ) {
        fence = .circle(centre: place, radius: radius)
        dwell = max(0, dwellMilliseconds)
        self.hysteresis = max(Metres(0), hysteresis)
    }

    /// Somebody who has been there since a time, as was found out earlier.
    package init(at place: GeoPoint, thereSince time: Int64) {
        self.init(at: place)
        state = .there(since: time)
    }

    package var hasArrived: Bool {
        if case .there = state { true } else { false }
    }

    /// He was seen at a place. A sighting older than the current stay is ignored.
    package mutating func seen(at place: GeoPoint, time: Int64) -> Action? {
        let depth = fence.depth(of: place)
        switch state {
        case .away:
            guard depth.value >= 0 else { return nil }
            state = .near(since: time)
            if dwell == 0 { return arrive(since: time) }
            return .setTimer(at: time &+ dwell)
        case .near(let since):
            guard time >= since else { return nil }
            if depth + hysteresis < Metres(0) {
                state = .away
                return nil
            }
            return hasDwelt(since: since, until: time) ? arrive(since: since) : nil
        case .there(let since):
            guard time >= since, depth + hysteresis < Metres(0) else { return nil }
            state = .away
            return .departed(arrivedAt: since, at: time)
        }
    }

    /// Time has passed without a sighting elsewhere. A timer that comes too early or too late does nothing.
    package mutating func timerFired(at time: Int64) -> Action? {
        guard case .near(let since) = state, hasDwelt(since: since, until: time) else { return nil }
        return arrive(since: since)
    }

    private func hasDwelt(since: Int64, until time: Int64) -> Bool {
        let (stayed, overflow) = time.subtractingReportingOverflow(since)
        return overflow ? time > since : stayed >= dwell
    }

    private mutating func arrive(since: Int64) -> Action {
        state = .there(since: since)
        return .arrived(at: since)
    }
}
