internal import Geo

/// Names the vehicles worth looking at for a stop. Few drivers are all looked at; of many, those in the rings of a
/// grid around the place until enough are found who may take it.
struct NearVehicles {
    /// Up to so many drivers everyone is tried for every order…
    private static let everyone = 3000
    /// …unless these are more pairs of an order and a driver.
    private static let mostPairs = 4_000_000

    private let cells: [Int32]
    private let members: [Int32]
    private let count: Int
    private let side: Int
    private let west: Double
    private let south: Double
    private let size: Double
    private let xs: [Double]
    private let ys: [Double]

    init(compiler: TickCompiler, table: VehicleTable, orders: Int) {
        count = table.rows.count
        xs = compiler.travel.xs
        ys = compiler.travel.ys
        let isMany = count > Self.everyone || count * orders > Self.mostPairs
        guard isMany, !xs.isEmpty, count > 0 else {
            (cells, members, side, west, south, size) = ([], [], 0, 0, 0, 1)
            return
        }
        let places = table.rows.map { Int($0.place) }
        // The few who are far from everybody (a fix of 0, 0) stand in the cells at the edge, so that the city does not
        // shrink into one.
        let box = (
            west: Self.low(places, xs), east: Self.high(places, xs), south: Self.low(places, ys),
            north: Self.high(places, ys)
        )
        let cellsPerSide = max(1, min(512, Int(Double(count / 4).squareRoot())))
        let size = max(max(box.east - box.west, box.north - box.south) / Double(cellsPerSide), 1)
        side = cellsPerSide + 1
        (west, south, self.size) = (box.west, box.south, size)
        let (xs, ys, side, west, south) = (xs, ys, side, west, south)
        func line(_ value: Double, _ origin: Double) -> Int {
            Int(min(max(((value - origin) / size).rounded(.down), 0), Double(side - 1)))
        }
        func cell(_ place: Int) -> Int { line(ys[place], south) * side + line(xs[place], west) }
        var counts = [Int32](repeating: 0, count: side * side + 1)
        for place in places { counts[cell(place) + 1] += 1 }
        for index in 1..<counts.count { counts[index] += counts[index - 1] }
        cells = counts
        var sorted = [Int32](repeating: 0, count: count)
        var next = counts
        for (vehicle, place) in places.enumerated() {
            let slot = cell(place)
            sorted[Int(next[slot])] = Int32(vehicle)
            next[slot] += 1
        }
        members = sorted
    }

    /// Whether every vehicle is named for every stop.
    var namesEveryone: Bool { side == 0 }

    /// The second and the last but one of a hundred parts.
    private static func low(_ places: [Int], _ values: [Double]) -> Double {
        places.map { values[$0] }.sorted()[places.count / 100]
    }

    private static func high(_ places: [Int], _ values: [Double]) -> Double {
        places.map { values[$0] }.sorted()[places.count - 1 - places.count / 100]
    }

    /// - Parameters:
    ///   - wanted: Ends after the ring in which so many were taken…
    ///   - most: …or so many looked at.
    ///   - body: Whether the vehicle was taken.
    func forEachVehicle(near place: Int32, until wanted: Int, lookingAt most: Int, _ body: (Int) -> Bool) {
        guard side > 0 else {
            for vehicle in 0..<count { _ = body(vehicle) }
            return
        }
        let last = Double(side - 1)
        let column = Int(min(max(((xs[Int(place)] - west) / size).rounded(.down), 0), last))
        let line = Int(min(max(((ys[Int(place)] - south) / size).rounded(.down), 0), last))
        var (taken, seen) = (0, 0)
        for ring in 0..<side {
            for y in (line - ring)...(line + ring) where y >= 0 && y < side {
                let isEdge = y == line - ring || y == line + ring
                for x in stride(from: column - ring, through: column + ring, by: isEdge || ring == 0 ? 1 : 2 * ring) {
                    if x < 0 || x >= side { continue }
                    let slot = y * side + x
                    for index in cells[slot]..<cells[slot + 1] where body(Int(members[Int(index)])) { taken += 1 }
                    seen += Int(cells[slot + 1] - cells[slot])
                }
            }
            if taken >= wanted || seen >= most { return }
        }
    }
}
