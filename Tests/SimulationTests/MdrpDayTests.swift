import DispatchCore
import Foundation
import Simulation
import Testing

@Suite struct MdrpDayTests {
    /// Writes a tiny day to a folder of its own.
    private func folder(
        drivers: Int = 2, orders: Int = 8, services: String = "4\t4", lastReady: Int? = nil
    ) throws -> String {
        let path = FileManager.default.temporaryDirectory.appending(path: "mdrp-\(UUID())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let tables = [
            "restaurants.txt": "restaurant\tx\ty\nr1\t0\t0\nr2\t3200\t0\n",
            "orders.txt": "order\tx\ty\tplacement_time\trestaurant\tready_time\n"
                + (0..<orders).map { id in
                    "o\(id)\t\(900 * (id % 8))\t640\t\(600 + 3 * id)\tr\(id % 2 + 1)\t"
                        + "\(id == 7 ? lastReady ?? 636 : 615 + 3 * id)\n"
                }.joined(),
            "couriers.txt": "courier\tx\ty\ton_time\toff_time\n"
                + (0..<drivers).map { "c\($0)\t\(1000 * $0)\t0\t590\t900\n" }.joined(),
            "instance_parameters.txt": "a\tb\tc\td\te\tf\tg\n320\t\(services)\t40\t90\t10\t15\n",
        ]
        for (name, text) in tables { try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8) }
        return path
    }

    @Test(arguments: MdrpDay.Track.allCases)
    func everyOrderIsDeliveredByTheRulesOfTheLibrary(track: MdrpDay.Track) throws {
        let instance = try MdrpInstance(folder: try folder())
        var policy = MdrpDay.policy(instance, track: track)
        policy.budget = WorkBudget(steps: 20_000)
        var day = MdrpDay(instance, track: track, policy: policy, seed: 1)
        day.run(lanes: SerialLanes())
        let report = MdrpReport(day)
        #expect(report.delivered == 8)
        for route in day.routes {
            for (stop, times) in zip(route.stops, route.times) where stop.isDropoff {
                let order = instance.orders[stop.order]
                #expect(route.minute >= order.placed, "told before it was placed")
                let pickup = try #require(
                    route.stops.firstIndex { !$0.isDropoff && $0.order == stop.order })
                #expect(route.times[pickup].moment >= Double(order.ready))
                #expect(times.moment > route.times[pickup].moment)
            }
            let kitchens = Set(route.stops.map { instance.orders[$0.order].restaurant })
            if track == .strict { #expect(kitchens.count == 1) }
        }
        try checkNobodyIsTwice(day)
    }

    private func checkNobodyIsTwice(_ day: MdrpDay) throws {
        for driver in day.instance.drivers.indices {
            let own = day.routes.filter { $0.driver == driver }
            for (before, after) in zip(own, own.dropFirst()) {
                let done = try #require(before.times.last?.departure)
                #expect(Double(after.minute) >= done, "told while he was busy")
            }
        }
    }

    /// Routes of the pooled track grow; what a driver has done, and where he is going, is history all the same.
    @Test func aRouteGrowsWithoutChangingWhatIsPast() throws {
        let instance = try MdrpInstance(folder: try folder(drivers: 1, orders: 16))
        var policy = MdrpDay.policy(instance, track: .pooled)
        policy.budget = WorkBudget(steps: 20_000)
        var day = MdrpDay(instance, track: .pooled, policy: policy, seed: 1)
        var grown = 0
        for minute in 600...890 {
            let before = day.routes
            day.tick(at: minute, lanes: SerialLanes())
            for (old, new) in zip(before, day.routes) where old.stops != new.stops {
                grown += 1
                let now = Double(minute)
                let made = old.times.prefix { $0.departure <= now }.count
                #expect(Array(new.stops.prefix(made)) == Array(old.stops.prefix(made)))
                #expect(Array(new.times.prefix(made)) == Array(old.times.prefix(made)))
                guard made < old.stops.count, made == 0 || old.times[made - 1].departure < now else { continue }
                // The leg that he is on: at a restaurant other food may be taken besides.
                let (goal, after) = (old.stops[made], new.stops[made])
                #expect(goal.isDropoff == after.isDropoff && old.times[made].arrival == new.times[made].arrival)
                if goal.isDropoff { #expect(goal == after) }
                #expect(instance.orders[goal.order].restaurant == instance.orders[after.order].restaurant)
            }
        }
        #expect(grown > 0)
        #expect(MdrpReport(day).delivered > 8)
        try checkNobodyIsTwice(day)
    }

    private func day(_ folder: String, track: MdrpDay.Track = .strict) throws -> MdrpDay {
        let instance = try MdrpInstance(folder: folder)
        var policy = MdrpDay.policy(instance, track: track)
        policy.budget = WorkBudget(steps: 5000)
        var day = MdrpDay(instance, track: track, policy: policy, seed: 1)
        day.run(lanes: SerialLanes())
        return day
    }

    @Test(arguments: ["5\t3", "4.5\t2.7", "0\t0.1"])
    func nobodyIsToldWhileHeStillServesHalfAMinute(services: String) throws {
        let day = try day(try folder(services: services))
        #expect(MdrpReport(day).delivered == 8)
        try checkNobodyIsTwice(day)
    }

    @Test func anOrderThatIsReadyInYearsDoesNotMakeTheDayLonger() throws {
        let day = try day(try folder(lastReady: 900_000_000))
        #expect(MdrpReport(day).delivered == 7)
        #expect(day.stepsOfTicks.count <= 301)
    }

    @Test(arguments: MdrpDay.Track.allCases)
    func idsAreTextOfJSON(track: MdrpDay.Track) throws {
        let path = try folder()
        for name in ["orders.txt", "couriers.txt"] {
            let text = try String(contentsOfFile: path + "/" + name, encoding: .utf8)
            let odd = text.replacing("\no", with: "\no\"\\").replacing("\nc", with: "\nc\"\\")
            try odd.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
        }
        let solution = try day(path, track: track).solution
        let rows = try #require(
            try JSONSerialization.jsonObject(with: Data(solution.utf8)) as? [String: [[String: Any]]])
        #expect(rows.values.joined().allSatisfy { ($0["courier"] as? String)?.hasPrefix("c\"\\") == true })
    }

    @Test(arguments: ["-1\t4", "4\t500"])
    func serviceTimesThatCannotBePlannedAreRefused(services: String) throws {
        let path = try folder(services: services)
        #expect(throws: MdrpError.self) { try MdrpInstance(folder: path) }
    }

    @Test func aFolderThatIsNoInstanceIsRefused() throws {
        #expect(throws: MdrpError.self) { try MdrpInstance(folder: "/nonexistent") }
        let path = try folder()
        try "order\tx\no1\tnothing\n".write(toFile: path + "/orders.txt", atomically: true, encoding: .utf8)
        #expect(throws: MdrpError.self) { try MdrpInstance(folder: path) }
    }

    @Test(arguments: ["orders.txt", "couriers.txt", "restaurants.txt"])
    func anIdThatComesTwiceIsRefused(table: String) throws {
        let path = try folder() + "/" + table
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let last = try #require(text.split(separator: "\n").last)
        try (text + last + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: MdrpError.self) {
            try MdrpInstance(folder: URL(filePath: path).deletingLastPathComponent().path)
        }
    }

    @Test func aDayMayBeginBeforeItsMidnight() throws {
        let path = try folder()
        let orders = try String(contentsOfFile: path + "/orders.txt", encoding: .utf8)
        let early = orders.replacing("\t600\t", with: "\t-30\t")
        #expect(early != orders)
        try early.write(toFile: path + "/orders.txt", atomically: true, encoding: .utf8)
        let couriers = try String(contentsOfFile: path + "/couriers.txt", encoding: .utf8)
        try couriers.replacing("\t590\t", with: "\t-60\t").write(
            toFile: path + "/couriers.txt", atomically: true, encoding: .utf8)
        #expect(try day(path).routes.flatMap(\.stops).count { !$0.isDropoff } == 8)
    }
}
