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

    /// Reads a problem.
    ///
    /// - Throws: `SnapshotError.unreadable` for anything that is not such a file; values that make no sense do not
    ///   throw, they end up as orders that cannot be served and drivers who get nothing.
    package init(json: [UInt8], track: Track = .j) throws(SnapshotError) {
        do {
            content = try JSONDecoder().decode(Content.self, from: Data(Self.withoutBareWords(json)))
        } catch {
            throw .unreadable(String(describing: error))
        }
        guard content.speed_mps.value ?? 0 > 0, content.detour.value ?? 0 > 0 else {
            throw .unreadable("speed_mps and detour must be above zero")
        }
        snapshot = Self.snapshot(of: content, track: track)
    }

    /// Some writers of JSON put NaN and Infinity where a number should be; here they become null.
    private static func withoutBareWords(_ json: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(json.count)
        var (isString, isEscaped) = (false, false)
        var index = 0
        while index < json.count {
            let byte = json[index]
            index += 1
            if isString {
                (isString, isEscaped) = (
                    isEscaped || byte != UInt8(ascii: "\""), !isEscaped && byte == UInt8(ascii: "\\")
                )
            } else if byte == UInt8(ascii: "\"") {
                isString = true
            } else if byte == UInt8(ascii: "N") || byte == UInt8(ascii: "I") {
                while index < json.count, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(json[index] | 32) {
                    index += 1
                }
                if text.last == UInt8(ascii: "-") { text.removeLast() }
                text += Array("null".utf8)
                continue
            }
            text.append(byte)
        }
        return text
    }

    private static func moment(_ seconds: Double) -> Timestamp {
        Timestamp(milliseconds: 0).advanced(bySeconds: seconds.held)
    }

    private static func snapshot(of content: Content, track: Track) -> DispatchSnapshot {
        var table = SnapshotPlaces()
        var orders: [WaitingOrder] = []
        for (index, order) in content.orders.enumerated() {
            let nowhere = [Double.nan]
            let isWhole = order.placed_s.value != nil && order.ready_s.value != nil
            var row = WaitingOrder(
                id: OrderID(Int64(index)), pickup: table.stop(isWhole ? order.pickup.values : nowhere),
                dropoff: table.stop(isWhole ? order.dropoff.values : nowhere),
                placedAt: moment(order.placed_s.value ?? 0))
            row.readyAt = moment(order.ready_s.value ?? 0)
            if track == .drive { row.weight = Weight(perMille: 1) }
            orders.append(row)
        }
        let stops = table.count
        let now = moment(content.now_s?.value ?? 0)
        let drivers = content.drivers.enumerated().map { index, driver in
            let isWhole = driver.available_s.value != nil && driver.capacity.value != nil
            var state = DriverState(
                id: DriverID(Int64(index)), place: table.position(isWhole ? driver.pos.values : []),
                freeAt: max(now, moment(driver.available_s.value ?? 0)), lastFixAt: now)
            state.capacity = Int32(clamping: (driver.capacity.value ?? 0).held)
            state.bagUnits = state.capacity
            return state
        }
        let pace = (content.detour.value ?? 1) / (content.speed_mps.value ?? 1)
        var snapshot = DispatchSnapshot(
            now: now, policy: policy(of: content, track: track),
            travel: .matrix(table.matrix(columns: stops, secondsPerMetre: pace)))
        snapshot.orders = orders
        snapshot.drivers = drivers
        return snapshot
    }

    private static func policy(of content: Content, track: Track) -> DispatchPolicy {
        func whole(_ number: Loose, _ standard: Int64) -> Seconds { Seconds(number.value?.held ?? standard) }
        var policy = DispatchPolicy()
        policy.commitment = .immediate
        policy.maxBatch = Int32(clamping: max(1, content.drivers.map { ($0.capacity.value ?? 0).held }.max() ?? 1))
        policy.pickupApproach = .zero
        policy.pickupHandover = whole(content.pickup_service_s, 0)
        policy.onePickupVisit = false
        policy.dropoffApproach = whole(content.dropoff_service_s, 0)
        policy.dropoffHandover = .zero
        policy.weights.agePerMinute = .none
        policy.weights.lateness = .none
        policy.weights.switching = .zero
        switch track {
        case .j:
            policy.weights.driving = Weight(perMille: Int32(clamping: ((content.drive_weight.value ?? 0) * 1000).held))
            policy.weights.unserved = whole(content.unserved_penalty_s, 7200)
        case .drive:
            policy.weights.driving = Weight(perMille: 20_000)
            policy.weights.unserved = Seconds(1_000_000)
        }
        policy.limits.bagTime = Seconds(86_400)
        policy.limits.clickToDoor = whole(content.max_click_to_door_s, 5400)
        policy.limits.lookAhead = Seconds(86_400)
        policy.limits.queuedBatches = 1
        policy.limits.usesOrderGraph = false
        policy.limits.nearestDrivers = content.drivers.count <= 500 ? 500 : 160
        return policy
    }

    /// The plan in the form that the independent checker reads, and behind it each order that no plan holds with the
    /// reason.
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
        text += "],\"waiting\":["
        for (number, order) in plan.waiting.enumerated() {
            if number > 0 { text += "," }
            let id = Self.quoted(content.orders[Int(order.order.rawValue)].id)
            text += "{\"order\":\(id),\"reason\":\"\(order.reason)\"}"
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

/// The file as it stands. Its keys are the format's.
private struct Content: Decodable, Sendable {
    var now_s: Loose?
    var speed_mps: Loose
    var detour: Loose
    var pickup_service_s: Loose
    var dropoff_service_s: Loose
    var max_click_to_door_s: Loose
    var unserved_penalty_s: Loose
    var drive_weight: Loose
    var orders: [Order]
    var drivers: [Driver]

    struct Order: Decodable, Sendable {
        var id: String
        var pickup: LoosePoint
        var dropoff: LoosePoint
        var placed_s: Loose
        var ready_s: Loose
    }

    struct Driver: Decodable, Sendable {
        var id: String
        var pos: LoosePoint
        var available_s: Loose
        var capacity: Loose
    }
}

/// A number, or nothing where something else stands.
private struct Loose: Decodable, Sendable {
    var value: Double?

    init(from decoder: any Decoder) throws {
        let number = try? decoder.singleValueContainer().decode(Double.self)
        value = number.flatMap { $0.isFinite ? $0 : nil }
    }
}

/// Coordinates; none where anything but numbers stands.
private struct LoosePoint: Decodable, Sendable {
    var values: [Double]

    init(from decoder: any Decoder) throws {
        let numbers = (try? decoder.singleValueContainer().decode([Loose].self)) ?? []
        values = numbers.allSatisfy { $0.value != nil } ? numbers.compactMap(\.value) : []
    }
}

extension Double {
    /// Rounded, within what an `Int64` holds.
    fileprivate var held: Int64 { Int64(Swift.min(Swift.max(rounded(), -9e18), 9e18)) }
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
