import DispatchCore
package import Geo

/// The seeded city of the demo, "Meridian": restaurants in a few quarters, drivers' homes, customers around.
///
/// The same seed gives the same city and the same sequence of orders.
package struct DemoCity: Sendable {
    package struct Kitchen: Sendable, Equatable {
        package let name: String
        package let address: String
        package let point: GeoPoint
        /// Usual time from order to ready food, in city seconds.
        package let cookingSeconds: Int
    }

    /// An order that a customer of the city places.
    package struct Wish: Sendable, Equatable {
        /// Index into `kitchens`.
        package let kitchen: Int
        package let customerName: String
        package let customerPhone: String
        package let address: String
        package let point: GeoPoint
        /// City seconds until the food is ready.
        package let cookingSeconds: Int
        package let dishes: [Dish]
    }

    package struct Dish: Sendable, Equatable {
        package let name: String
        package let quantity: Int
        package let paise: Int64
    }

    package struct Quarter: Sendable, Equatable {
        package let name: String
        package let centre: GeoPoint
        /// Corners of the quarter, first one not repeated.
        package let border: [GeoPoint]
    }

    package let seed: UInt64
    package let quarters: [Quarter]
    package let kitchens: [Kitchen]
    /// Where each driver begins.
    package let homes: [GeoPoint]
    private let doors: [GeoPoint]
    private var random: RandomSource

    /// Metres from the city's centre to the centres of its quarters.
    private static let quarterDistance = 1200.0
    /// Blocks of flats in which the customers live.
    private static let blocks = 40

    package init(seed: UInt64, kitchens kitchenCount: Int, drivers: Int) {
        self.seed = seed
        var random = RandomSource(seed: seed)
        let ground = Ground(latitude: 12.9352, longitude: 77.6245)
        let centres = [
            ("Koramangala", -1.0, -1.0), ("Indiranagar", 1.0, -1.0), ("Domlur", -1.0, 1.0), ("Ejipura", 1.0, 1.0),
        ]
        quarters = centres.map { name, east, north in
            let half = Self.quarterDistance
            return Quarter(
                name: name, centre: ground.point(east: east * half / 1.6, north: north * half / 1.6),
                border: [(0.0, 0.0), (east, 0.0), (east, north), (0.0, north)].map {
                    ground.point(east: $0.0 * half * 2.2, north: $0.1 * half * 2.2)
                })
        }
        var made: [Kitchen] = []
        for index in 0..<max(kitchenCount, 1) {
            let quarter = quarters[index % quarters.count]
            // Restaurants stand together: food streets are what makes batches worth while.
            let street = ground.around(quarter.centre, metres: 100 + 250 * random.unit(), random: &random)
            let name =
                Self.names[index % Self.names.count]
                + (index >= Self.names.count ? " \(index / Self.names.count + 1)" : "")
            made.append(
                Kitchen(
                    name: name, address: "\(random.below(180) + 1), \(index % 8 + 1)th Cross, \(quarter.name)",
                    point: street,
                    cookingSeconds: 60 + random.below(240)))
        }
        kitchens = made
        var homes: [GeoPoint] = []
        for index in 0..<max(drivers, 0) {
            homes.append(
                ground.around(quarters[index % quarters.count].centre, metres: 1500 * random.unit(), random: &random))
        }
        self.homes = homes
        var doors: [GeoPoint] = []
        for index in 0..<Self.blocks {
            doors.append(
                ground.around(quarters[index % quarters.count].centre, metres: 1000 * random.unit(), random: &random))
        }
        self.doors = doors
        self.random = random.fork(1)
    }

    /// City seconds until the next order, by a Poisson process of `perMinute` orders a city minute.
    package mutating func secondsToNextOrder(perMinute: Double) -> Double {
        let draw = 1 - random.unit()
        return -Self.naturalLogarithm(draw) * 60 / max(perMinute, 0.001)
    }

    /// The next customer's order.
    package mutating func nextWish() -> Wish {
        let ground = Ground(latitude: 12.9352, longitude: 77.6245)
        let kitchen = random.below(kitchens.count)
        let point = ground.around(doors[random.below(doors.count)], metres: 60 * random.unit(), random: &random)
        let first = Self.firstNames[random.below(Self.firstNames.count)]
        let last = Self.lastNames[random.below(Self.lastNames.count)]
        let dishes = (0...random.below(2)).map { _ in
            let dish = Self.dishes[random.below(Self.dishes.count)]
            return Dish(name: dish.0, quantity: 1 + random.below(2), paise: dish.1)
        }
        return Wish(
            kitchen: kitchen, customerName: "\(first) \(last)",
            customerPhone: "+9198\(10_000_000 + random.below(89_999_999))",
            address: "\(random.below(300) + 1), \(random.below(20) + 1)th Main Road", point: point,
            cookingSeconds: max(60, kitchens[kitchen].cookingSeconds + random.below(120) - 60), dishes: dishes)
    }

    /// ln by its series around the nearest power of two; enough for waiting times, and free of a C library.
    static func naturalLogarithm(_ value: Double) -> Double {
        guard value > 0 else { return -50 }
        let exponent = Double(value.exponent)
        let fraction = value.significand
        let z = (fraction - 1) / (fraction + 1)
        var term = z
        var sum = 0.0
        for power in stride(from: 1.0, through: 21.0, by: 2.0) {
            sum += term / power
            term *= z * z
        }
        return 2 * sum + exponent * 0.693_147_180_559_945_3
    }

    private static let names = [
        "Biryani House", "Dosa Corner", "Thali Junction", "Burger Yard", "Noodle Lane", "Pizza Piazza", "Kebab Factory",
        "Momo Station", "Green Bowl", "Chai Adda", "Wrap & Roll", "Curry Leaf", "Udupi Garden", "Tandoor Nights",
        "Sushi Bay",
    ]
    private static let firstNames = [
        "Asha", "Ravi", "Meera", "Kiran", "Neha", "Arjun", "Divya", "Imran", "Lakshmi", "Joseph",
    ]
    private static let lastNames = ["Rao", "Sharma", "Khan", "Iyer", "Fernandes", "Gowda", "Das", "Nair"]
    private static let dishes: [(String, Int64)] = [
        ("Chicken Biryani", 28_000), ("Masala Dosa", 9500), ("Veg Thali", 18_000), ("Paneer Roll", 14_000),
        ("Hakka Noodles", 16_500),
        ("Margherita", 25_000), ("Seekh Kebab", 22_000), ("Momos", 12_000),
    ]
}

/// Flat metres around a point, for a city that is small against the globe.
struct Ground: Sendable {
    let latitude: Double
    let longitude: Double
    private static let metresPerDegree = 111_195.0
    /// cos 12.9352°, the city's latitude.
    private static let narrowing = 0.974_624

    func point(east: Double, north: Double) -> GeoPoint {
        let latitude = min(max(self.latitude + north / Self.metresPerDegree, -89), 89)
        let longitude = min(max(self.longitude + east / (Self.metresPerDegree * Self.narrowing), -179), 179)
        guard let point = GeoPoint(latitude: latitude, longitude: longitude) else {
            preconditionFailure("a held coordinate is on the globe")
        }
        return point
    }

    /// A point so many metres away in a drawn direction (a square's edge, which is direction enough).
    func around(_ centre: GeoPoint, metres: Double, random: inout RandomSource) -> GeoPoint {
        let along = (random.unit() * 2 - 1) * metres
        let across = random.below(2) == 0 ? metres : -metres
        let isEastWest = random.below(2) == 0
        let offset = offset(of: centre)
        return point(
            east: offset.east + (isEastWest ? across : along) * 0.8,
            north: offset.north + (isEastWest ? along : across) * 0.8)
    }

    func offset(of point: GeoPoint) -> (east: Double, north: Double) {
        (
            (point.longitude - longitude) * Self.metresPerDegree * Self.narrowing,
            (point.latitude - latitude) * Self.metresPerDegree
        )
    }
}
