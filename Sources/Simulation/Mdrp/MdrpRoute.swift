/// What a driver of the library's day was told since he last stood free, timed as the library counts. Minutes.
///
/// Pickups of one restaurant in a row are one visit. Where the track lets routes grow, what follows the present leg
/// can still change; what is done never does.
package struct MdrpRoute: Sendable {
    package struct Stop: Hashable, Sendable {
        package var isDropoff: Bool
        package var order: Int
    }

    package struct Times: Hashable, Sendable {
        package var arrival: Double
        /// When the food changes hands; of a visit, when all of it does.
        package var moment: Double
        package var departure: Double
    }

    /// When he was told the first of it and left.
    package let minute: Int
    package let driver: Int
    package private(set) var stops: [Stop] = []
    package private(set) var times: [Times] = []
    private let origin: Int

    init(minute: Int, driver: Int, origin: Int) {
        self.minute = minute
        self.driver = driver
        self.origin = origin
    }

    var lastPickup: Double {
        zip(stops, times).reduce(-.infinity) { $1.0.isDropoff ? $0 : max($0, $1.1.moment) }
    }

    /// Changes the stops and times all of them anew. What is past keeps its times if its stops stay the same.
    mutating func set(_ stops: [Stop], instance: MdrpInstance, map: MdrpMap) {
        self.stops = stops
        times = []
        var time = Double(minute)
        var place = origin
        var index = 0
        while index < stops.count {
            let target = map.place(of: stops[index], instance)
            var last = index
            if !stops[index].isDropoff {
                while last + 1 < stops.count, !stops[last + 1].isDropoff,
                    map.place(of: stops[last + 1], instance) == target
                {
                    last += 1
                }
            }
            let half = (stops[index].isDropoff ? instance.dropoffService : instance.pickupService) / 2
            let arrival = time + Double(map.minutes(place, target))
            var moment = arrival + half
            if !stops[index].isDropoff {
                for stop in stops[index...last] { moment = max(moment, Double(instance.orders[stop.order].ready)) }
            }
            time = moment + half
            for _ in index...last { times.append(Times(arrival: arrival, moment: moment, departure: time)) }
            place = target
            index = last + 1
        }
    }

    /// Stops that nothing can change any more at a moment: those made, and the one that he drives to where that is a
    /// dropoff. A pickup that he drives to or waits at is not among them: other food can be taken there besides.
    func fixedCount(at now: Double) -> Int {
        guard var count = times.firstIndex(where: { $0.departure > now }) else { return stops.count }
        guard isUnderWay(to: count, at: now) else { return count }
        if stops[count].isDropoff { return count + 1 }
        guard times[count].moment < now else { return count }
        let visit = times[count]
        while count < stops.count, !stops[count].isDropoff, times[count] == visit { count += 1 }
        return count
    }

    /// Whether he has left for a stop, or is there. In the very moment of leaving he can still be sent elsewhere.
    func isUnderWay(to stop: Int, at now: Double) -> Bool { stop == 0 || times[stop - 1].departure < now }
}
