package import DispatchCore
internal import Foundation
internal import Geo

/// A problem of the format `dispatch-snapshot/1`: orders and drivers at one moment, with the rules of the score.
package struct SnapshotFile: Sendable {
    /// What is minimised.
    package enum Track: String, Sendable, CaseIterable {
        /// Delay, driving and unserved orders as the file weighs them.
        case j
        /// Driving alone, everyone served within the limit.
        case drive
    }

    private let content: Content
    package let snapshot: DispatchSnapshot

    private struct Content: Decodable, Sendable {
        var now_s: Int64?
        var speed_mps: Double
        var detour: Double
        var pickup_service_s: Int64
        var dropoff_service_s: Int64
        var max_click_to_door_s: Int64
        var unserved_penalty_s: Int64
        var drive_weight: Double
        var orders: [Order]
        var drivers: [Driver]
    }

    private struct Order: Decodable, Sendable {
        var id: String
        var restaurant: String?
        var pickup: [Double]
        var dropoff: [Double]
        var placed_s: Int64
        var ready_s: Int64
    }

    private struct Driver: Decodable, Sendable {
        var id: String
        var pos: [Double]
        var available_s: Int64
        var capacity: Int32
    }

    /// Reads a problem.
    ///
    /// - Throws: `SnapshotError.unreadable` for anything that is not such a file; values that make no sense do not
    ///   throw,
    ///   they end up as orders that cannot be served.
    package init(json: [UInt8], track: Track = .j) throws(SnapshotError) {
        do {
            content = try JSONDecoder().decode(Content.self, from: Data(json))
        } catch {
            throw .unreadable(String(describing: error))
        }
        guard content.speed_mps > 0, content.detour > 0, content.speed_mps.isFinite, content.detour.isFinite else {
            throw .unreadable("speed_mps and detour must be above zero")
        }
        snapshot = Self.snapshot(of: content, track: track)
    }

    private static func snapshot(of content: Content, track: Track) -> DispatchSnapshot {
        let now = content.now_s ?? 0
        var table = SnapshotPlaces()
        var orders: [WaitingOrder] = []
        for (index, order) in content.orders.enumerated() {
            var row = WaitingOrder(
                id: OrderID(Int64(index)), pickup: table.stop(order.pickup), dropoff: table.stop(order.dropoff),
                placedAt: Timestamp(milliseconds: 0).advanced(bySeconds: order.placed_s))
            row.readyAt = Timestamp(milliseconds: 0).advanced(bySeconds: order.ready_s)
            if track == .drive { row.weight = Weight(perMille: 1) }
            orders.append(row)
        }
        let stops = table.count
        let moment = Timestamp(milliseconds: 0).advanced(bySeconds: now)
        let drivers = content.drivers.enumerated().map { index, driver in
            var state = DriverState(
                id: DriverID(Int64(index)), place: table.position(driver.pos),
                freeAt: max(moment, Timestamp(milliseconds: 0).advanced(bySeconds: driver.available_s)),
                lastFixAt: moment)
            state.capacity = driver.capacity
            state.bagUnits = driver.capacity
            return state
        }
        var snapshot = DispatchSnapshot(
            now: moment, policy: policy(of: content, track: track),
            travel: .matrix(table.matrix(columns: stops, secondsPerMetre: content.detour / content.speed_mps)))
        snapshot.orders = orders
        snapshot.drivers = drivers
        return snapshot
    }

    private static func policy(of content: Content, track: Track) -> DispatchPolicy {
        var policy = DispatchPolicy()
        policy.commitment = .immediate
        policy.maxBatch = max(1, content.drivers.map(\.capacity).max() ?? 1)
        policy.pickupApproach = .zero
        policy.pickupHandover = Seconds(content.pickup_service_s)
        policy.onePickupVisit = false
        policy.dropoffApproach = Seconds(content.dropoff_service_s)
        policy.dropoffHandover = .zero
        policy.weights.agePerMinute = .none
        policy.weights.lateness = .none
        policy.weights.switching = .zero
        switch track {
        case .j:
            policy.weights.driving = Weight(perMille: Int32((content.drive_weight * 1000).rounded()))
            policy.weights.unserved = Seconds(content.unserved_penalty_s)
        case .drive:
            policy.weights.driving = Weight(perMille: 20_000)
            policy.weights.unserved = Seconds(1_000_000)
        }
        policy.limits.bagTime = Seconds(86_400)
        policy.limits.clickToDoor = Seconds(content.max_click_to_door_s)
        policy.limits.lookAhead = Seconds(86_400)
        policy.limits.queuedBatches = 1
        policy.limits.usesOrderGraph = false
        policy.limits.nearestDrivers = content.drivers.count <= 500 ? 500 : 160
        return policy
    }

    /// The plan in the form that the independent checker reads.
    package func solution(_ plan: DispatchPlan) -> String {
        var text = "{\"plans\":["
        for (number, batch) in plan.commits.enumerated() {
            if number > 0 { text += "," }
            let driver = content.drivers[Int(batch.driver.rawValue)].id
            let stops = batch.stops.map { stop in
                let kind = stop.kind == .pickup ? "pickup" : "dropoff"
                return "[\"\(kind)\",\(Self.quoted(content.orders[Int(stop.order.rawValue)].id))]"
            }
            text += "{\"driver\":\(Self.quoted(driver)),\"stops\":[\(stops.joined(separator: ","))]}"
        }
        return text + "]}"
    }

    private static func quoted(_ text: String) -> String {
        guard let data = try? JSONEncoder().encode(text) else { return "\"\"" }
        return String(decoding: data, as: UTF8.self)
    }
}

/// Why a problem file could not be used.
package enum SnapshotError: Error, Hashable, Sendable, CustomStringConvertible {
    case unreadable(String)

    package var description: String {
        switch self {
        case .unreadable(let detail): "not a dispatch-snapshot/1 file: \(detail)"
        }
    }
}

/// The places of a problem file, each once, and the travel times between them as the format defines them: whole
/// seconds, rounded up, along the great circle times the detour.
struct SnapshotPlaces {
    private var numbers: [[Double]: Int32] = [:]
    private var vectors: [SIMD3<Double>] = []

    var count: Int { vectors.count }

    /// A place that is driven to; each is kept once.
    mutating func stop(_ coordinates: [Double]) -> PlaceIndex {
        if let number = numbers[coordinates] { return PlaceIndex(number) }
        let place = position(coordinates)
        if place.value >= 0 { numbers[coordinates] = place.value }
        return place
    }

    /// A place that is driven from; -1 where the coordinates are none.
    mutating func position(_ coordinates: [Double]) -> PlaceIndex {
        guard coordinates.count == 2, let point = GeoPoint(latitude: coordinates[0], longitude: coordinates[1]) else {
            return PlaceIndex(-1)
        }
        let (latitude, longitude) = (point.latitude * .pi / 180, point.longitude * .pi / 180)
        vectors.append(SIMD3(cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude)))
        return PlaceIndex(Int32(vectors.count - 1))
    }

    /// The sine of half the angle is half the chord, so one arcsine a pair is enough. (Haversine with the mean
    /// radius.)
    func matrix(columns: Int, secondsPerMetre: Double) -> TravelSeconds {
        var seconds = [Int32](repeating: 0, count: vectors.count * columns)
        let factor = 2 * 6_371_008.8 * secondsPerMetre
        seconds.withUnsafeMutableBufferPointer { cells in
            vectors.withUnsafeBufferPointer { vectors in
                for row in vectors.indices {
                    for column in 0..<columns where column != row {
                        if row < columns && column < row {
                            cells[row * columns + column] = cells[column * columns + row]
                            continue
                        }
                        let d = vectors[row] - vectors[column]
                        let half = (d * d).sum().squareRoot() / 2
                        let exact = asin(min(1, half)) * factor
                        let held = min((exact - 1e-9).rounded(.up), Double(TravelSeconds.unreachable))
                        cells[row * columns + column] = Int32(max(0, held))
                    }
                }
            }
        }
        return TravelSeconds(rows: vectors.count, columns: columns, seconds: seconds)
    }
}
