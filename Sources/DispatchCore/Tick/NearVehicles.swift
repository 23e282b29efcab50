internal import Geo

/// Names the vehicles worth looking at for a stop. Few drivers are all looked at; of many, those in the rings of a
/// grid around the place until four times as many are found as are kept.
struct NearVehicles {
    /// Up to so many drivers everyone is tried for every order.
    static let everyone = 3000

    private let cells: [Int32]
    private let members: [Int32]
    private let count: Int
    private let side: Int
    private let west: Double
    private let south: Double
    private let size: Double
    private let xs: [Double]
    private let ys: [Double]
    private let wanted: Int

    init(compiler: TickCompiler, table: VehicleTable, limit: Int) {
        count = table.rows.count
        wanted = limit * 4
        xs = compiler.travel.xs
        ys = compiler.travel.ys
        guard count > Self.everyone, !xs.isEmpty else {
            (cells, members, side, west, south, size) = ([], [], 0, 0, 0, 1)
            return
        }
        let places = table.rows.map { Int($0.place) }
        var box = (west: Double.infinity, east: -Double.infinity, south: Double.infinity, north: -Double.infinity)
        for place in places {
            box = (
                min(box.west, xs[place]), max(box.east, xs[place]), min(box.south, ys[place]), max(box.north, ys[place])
            )
        }
        let cellsPerSide = max(1, min(512, Int(Double(count / 4).squareRoot())))
        let size = max(max(box.east - box.west, box.north - box.south) / Double(cellsPerSide), 1)
        side = cellsPerSide + 1
        (west, south, self.size) = (box.west, box.south, size)
        let (xs, ys, side, west, south) = (xs, ys, side, west, south)
        func cell(_ place: Int) -> Int { Int((ys[place] - south) / size) * side + Int((xs[place] - west) / size) }
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

    func forEachVehicle(near place: Int32, _ body: (Int) -> Void) {
        guard side > 0 else {
            for vehicle in 0..<count { body(vehicle) }
            return
        }
        let column = Int(((xs[Int(place)] - west) / size).rounded(.down)).held(0, side - 1)
        let line = Int(((ys[Int(place)] - south) / size).rounded(.down)).held(0, side - 1)
        var seen = 0
        for ring in 0..<side {
            for y in (line - ring)...(line + ring) where y >= 0 && y < side {
                let isEdge = y == line - ring || y == line + ring
                for x in stride(from: column - ring, through: column + ring, by: isEdge || ring == 0 ? 1 : 2 * ring) {
                    if x < 0 || x >= side { continue }
                    let slot = y * side + x
                    for index in cells[slot]..<cells[slot + 1] { body(Int(members[Int(index)])) }
                    seen += Int(cells[slot + 1] - cells[slot])
                }
            }
            if seen >= wanted { return }
        }
    }
}
