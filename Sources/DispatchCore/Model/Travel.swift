package import Geo

/// The number of a place in a snapshot's table of places.
package struct PlaceIndex: Hashable, Comparable, Sendable {
    package let value: Int32

    package init(_ value: Int32) { self.value = value }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// How long ways take. A plain value: nothing is asked while a plan is made.
package enum Travel: Hashable, Sendable {
    /// Straight lines on a local map, made longer by a factor, at one speed for each vehicle class.
    case estimate(TravelEstimate)
    /// Whole seconds and metres between the snapshot's places, from a road network or from anywhere else.
    case matrix(TravelSeconds)
}

/// Detour factor and speeds as integers.
package struct TravelEstimate: Hashable, Sendable {
    /// Length of the way for a thousand metres of straight line.
    package var detourPerMille: Int32
    /// Millimetres a second for each vehicle class, in the order of `VehicleClass.allCases`.
    package var speeds: [Int32]

    /// - Parameter speeds: Millimetres a second of each class, in the order of `VehicleClass.allCases`; missing ones
    ///   are
    ///   6500 (23 km/h).
    package init(detourPerMille: Int32 = 1300, speeds: [Int32] = []) {
        self.detourPerMille = min(max(detourPerMille, 1000), 5000)
        self.speeds = VehicleClass.allCases.indices.map { index in
            index < speeds.count ? min(max(speeds[index], 500), 40_000) : 6500
        }
    }

    /// The speeds of a table at one hour of the local day. Slow zones are not known here: for those hand a matrix in.
    package init(_ estimator: TravelTimeEstimator, hour: Int) {
        self.init(
            detourPerMille: Int32((estimator.detourFactor * 1000).rounded()),
            speeds: VehicleClass.allCases.map { Int32((estimator.speeds[$0, hour] / 3.6 * 1000).rounded()) })
    }
}

/// Whole seconds between places: from every place of the snapshot (rows) to the first `columns` of them. Nobody
/// drives to where a driver is, so the places of drivers may stand behind `columns`.
package struct TravelSeconds: Hashable, Sendable {
    package let rows: Int
    package let columns: Int
    /// Row by row. Values are held within 0...1 000 000; a way that does not exist is `unreachable`.
    package private(set) var seconds: [Int32]
    /// Metres in the same places; empty where nobody knows, then seconds at 6.5 m/s stand in.
    package private(set) var metres: [Int32]
    /// How long each vehicle class takes for 1024 of these seconds, in the order of `VehicleClass.allCases`: the
    /// seconds are the fastest one's.
    package let paces: [Int32]

    /// A way of eleven days: never part of a plan.
    package static let unreachable: Int32 = 1_000_000

    static let even = VehicleClass.allCases.map { _ in Int32(1024) }

    /// A table that is too short is filled up with unreachable ways.
    ///
    /// - Parameter paces: One for each class, held within 1024 and sixteen times that; otherwise all are equally fast.
    package init(rows: Int, columns: Int, seconds: [Int32], metres: [Int32] = [], paces: [Int32] = []) {
        self.paces = paces.count == Self.even.count ? paces.map { min(max($0, 1024), 16 * 1024) } : Self.even
        self.rows = max(0, rows)
        self.columns = max(0, min(columns, rows))
        let count = self.rows * self.columns
        var held = seconds.prefix(count).map { $0 < 0 ? Self.unreachable : min($0, Self.unreachable) }
        if held.count < count { held += Array(repeating: Self.unreachable, count: count - held.count) }
        self.seconds = held
        self.metres = metres.count == count ? metres : []
    }

    /// The matrix of Geo's estimator or of a road network: `rows` places to the first `columns` of them, rounded up.
    package init(_ matrix: TravelMatrix, paces: [Int32] = []) {
        let (rows, columns) = (matrix.origins, min(matrix.origins, matrix.destinations))
        var seconds: [Int32] = []
        var metres: [Int32] = []
        seconds.reserveCapacity(rows * columns)
        metres.reserveCapacity(rows * columns)
        for origin in 0..<rows {
            for destination in 0..<columns {
                let leg = matrix[origin, destination]
                seconds.append(Int32(min((leg.milliseconds &+ 999) / 1000, Int64(Self.unreachable))))
                metres.append(Int32(min(leg.metres, Int64(Int32.max))))
            }
        }
        self.init(rows: rows, columns: columns, seconds: seconds, metres: metres, paces: paces)
    }
}
