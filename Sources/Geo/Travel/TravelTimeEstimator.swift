/// Speeds in kilometres an hour by vehicle class and hour of the local day.
package struct SpeedTable: Hashable, Sendable {
    private var speeds: [Double]

    /// Slower than a walk or faster than any delivery is a mistake in a table, so speeds are held in this range.
    package static let plausible = 2.0...130.0

    /// The same speed around the clock.
    package init(uniform speedOf: (VehicleClass) -> Double) {
        speeds = VehicleClass.allCases.flatMap { vehicle in
            Array(repeating: Self.held(speedOf(vehicle)), count: 24)
        }
    }

    /// Speeds of a dense city: free flow at night, slowest at lunch and in the evening rush. Bicycles hardly notice.
    package static let city: SpeedTable = {
        var table = SpeedTable { vehicle in
            switch vehicle {
            case .bicycle: 14
            case .scooter: 24
            case .motorcycle: 27
            case .car: 25
            }
        }
        let flow: [Double] = [
            1.25, 1.3, 1.3, 1.3, 1.3, 1.25, 1.15, 1.05, 0.9, 0.85, 0.95, 1.0,
            0.95, 0.95, 1.0, 1.0, 0.95, 0.85, 0.75, 0.75, 0.85, 1.0, 1.1, 1.2,
        ]
        for hour in 0..<24 {
            for vehicle in VehicleClass.allCases where vehicle != .bicycle {
                let damping = vehicle == .car ? 1.0 : 0.6
                table[vehicle, hour] *= 1 + (flow[hour] - 1) * damping
            }
        }
        return table
    }()

    /// The same table for a world in which everything goes `factor` times faster, beyond what is plausible in life.
    package func hurried(by factor: Double) -> SpeedTable {
        var table = self
        table.speeds = speeds.map { $0 * (factor.isNaN ? 1 : min(max(factor, 1), 100)) }
        return table
    }

    package subscript(vehicle: VehicleClass, hour: Int) -> Double {
        get { speeds[Int(vehicle.rawValue) * 24 + TravelConditions(vehicle: vehicle, hour: hour).hour] }
        set {
            speeds[Int(vehicle.rawValue) * 24 + TravelConditions(vehicle: vehicle, hour: hour).hour] = Self.held(
                newValue)
        }
    }

    private static func held(_ speed: Double) -> Double {
        speed.isNaN ? plausible.lowerBound : min(max(speed, plausible.lowerBound), plausible.upperBound)
    }
}

/// Travel times without a map: the great circle, made longer by a detour factor, at the speed of the vehicle and hour,
/// slowed by the factor of the zones at both ends. Pure, and the same on every machine that rounds as IEEE 754 says.
package struct TravelTimeEstimator: TravelTimes {
    /// A part of the city in which ways take longer (factor above 1) or shorter.
    package struct SlowZone: Hashable, Sendable {
        package let area: GeoPolygon
        package let factor: Double

        /// Beyond this a table is wrong.
        package static let plausible = 0.25...4.0

        /// Factors are held within what is plausible.
        package init(area: GeoPolygon, factor: Double) {
            self.area = area
            self.factor = factor.isNaN ? 1 : min(max(factor, Self.plausible.lowerBound), Self.plausible.upperBound)
        }
    }

    package var speeds: SpeedTable
    /// How much longer the way is than the great circle. 1.3 is the usual ratio in street grids.
    package var detourFactor: Double
    package var slowZones: [SlowZone]

    package init(speeds: SpeedTable = .city, detourFactor: Double = 1.3, slowZones: [SlowZone] = []) {
        self.speeds = speeds
        self.detourFactor = detourFactor.isNaN ? 1 : min(max(detourFactor, 1), 5)
        self.slowZones = slowZones
    }

    /// One leg. Where zones overlap, the first that holds the place counts.
    package func leg(from origin: GeoPoint, to destination: GeoPoint, under conditions: TravelConditions) -> TravelLeg {
        leg(
            from: origin, to: destination, factor: (factor(at: origin) + factor(at: destination)) / 2,
            speed: speeds[conditions.vehicle, conditions.hour])
    }

    /// - Complexity: O(origins × destinations + (origins + destinations) × zones)
    package func matrix(
        from origins: [GeoPoint], to destinations: [GeoPoint], under conditions: TravelConditions
    ) -> TravelMatrix {
        let speed = speeds[conditions.vehicle, conditions.hour]
        let atOrigins = origins.map(factor(at:))
        let atDestinations = destinations.map(factor(at:))
        return TravelMatrix(origins: origins.count, destinations: destinations.count) { origin, destination in
            leg(
                from: origins[origin], to: destinations[destination],
                factor: (atOrigins[origin] + atDestinations[destination]) / 2, speed: speed)
        }
    }

    private func leg(from origin: GeoPoint, to destination: GeoPoint, factor: Double, speed: Double) -> TravelLeg {
        let way = origin.distance(to: destination) * detourFactor
        let milliseconds = way.value * factor * 3600 / speed
        return TravelLeg(milliseconds: Int64(milliseconds.rounded()), metres: way.whole, source: .estimate)
    }

    private func factor(at point: GeoPoint) -> Double {
        for zone in slowZones where zone.area.contains(point) { return zone.factor }
        return 1
    }
}
