package import DispatchCore

/// A seeded city for one service: who orders what when, how many drivers work, and what goes wrong.
package struct CityScenario: Hashable, Sendable {
    package var name: String
    package var minutes = 180
    /// Orders an hour at the start, in the middle and at the end; in between they change evenly.
    package var ordersPerHour = (start: 60, middle: 150, end: 60)
    package var drivers = 40
    package var restaurants = 30
    /// Side of the square city in metres.
    package var side = 7000
    /// Preparation in seconds, and how far the kitchen's own estimate is off (standard deviation).
    package var preparation = 900
    package var preparationNoise = 180
    /// Travel differs from the estimate by this much, in thousandths.
    package var travelNoise = 150
    /// Of a thousand orders so many are cancelled while they wait.
    package var cancellations = 15
    /// Of a thousand batches so many are rejected by the driver.
    package var rejections = 30
    /// Of a thousand drivers so many go silent for 3 to 22 minutes, each hour.
    package var silences = 40
    /// Of a thousand orders so many are given by an admin's hand to whoever comes to his mind.
    package var forces = 10
    /// Kitchens that give no ready time, in thousandths.
    package var silentKitchens = 200

    package init(name: String) { self.name = name }

    package static func == (left: Self, right: Self) -> Bool { left.name == right.name }
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }

    /// The scenarios that come with the program.
    package static var all: [CityScenario] {
        var calm = CityScenario(name: "calm")
        calm.ordersPerHour = (40, 60, 40)
        var lunch = CityScenario(name: "lunch")
        lunch.ordersPerHour = (60, 180, 60)
        lunch.drivers = 45
        var scarce = CityScenario(name: "scarce")
        scarce.ordersPerHour = (90, 180, 90)
        scarce.drivers = 28
        var storm = CityScenario(name: "storm")
        storm.ordersPerHour = (80, 160, 80)
        storm.travelNoise = 500
        storm.preparationNoise = 480
        storm.cancellations = 60
        storm.rejections = 150
        storm.silences = 200
        storm.forces = 40
        var small = CityScenario(name: "small")
        small.minutes = 45
        small.ordersPerHour = (40, 60, 40)
        small.drivers = 9
        small.restaurants = 8
        small.side = 4000
        return [calm, lunch, scarce, storm, small]
    }

    package static func named(_ name: String) -> CityScenario? { all.first { $0.name == name } }
}

/// Policies by name, with changes: `default`, `single`, `eager`, or any of them followed by `,key=value`.
package enum PolicyName {
    /// Keys: `maxBatch`, `tick`, `driving`, `maxHold`, `lookAhead`, `queue`, `near`, `onTheWay`, `steps` (seconds,
    /// metres, counts, or steps of the search for each tick).
    ///
    /// Nil where a name, key or value is unknown.
    package static func policy(_ text: String) -> DispatchPolicy? {
        let parts = text.split(separator: ",")
        guard let name = parts.first else { return nil }
        var policy = DispatchPolicy()
        policy.budget = WorkBudget(steps: 300_000)
        switch name {
        case "default": break
        case "single": policy.maxBatch = 1
        case "eager": policy.commitment = .immediate
        default: return nil
        }
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=")
            guard pair.count == 2, let value = Int32(pair[1]), set(String(pair[0]), value, in: &policy) else {
                return nil
            }
        }
        return policy
    }

    private static func set(_ key: String, _ value: Int32, in policy: inout DispatchPolicy) -> Bool {
        switch key {
        case "maxBatch": policy.maxBatch = value
        case "tick": policy.tick = Seconds(Int64(value))
        case "driving": policy.weights.driving = Weight(perMille: value)
        case "maxHold": policy.maxHold = Seconds(Int64(value))
        case "lookAhead": policy.limits.lookAhead = Seconds(Int64(value))
        case "queue": policy.limits.queuedBatches = value
        case "near": policy.limits.nearRestaurants = WholeMetres(Int64(value))
        case "steps": policy.budget = WorkBudget(steps: Int64(value))
        case "onTheWay": policy.limits.onTheWay = WholeMetres(Int64(value))
        default: return false
        }
        return true
    }
}
