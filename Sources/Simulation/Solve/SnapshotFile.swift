package import DispatchCore

/// A problem of the format `dispatch-snapshot/1`: orders and drivers at one moment, with the rules of the score.
package struct SnapshotFile: Sendable {
    /// What is minimised.
    package enum Track: String, Sendable, CaseIterable {
        /// Delay, driving and unserved orders as the file weighs them.
        case j
        /// Driving alone, everyone served within the limit.
        case drive
    }

    private let content: SnapshotContent
    package let snapshot: DispatchSnapshot

    /// The engine takes no service time above this.
    private static let longestService = 3600.0
    /// Ten days, a million seconds and a hundred: beyond these the engine would plan something else than was asked.
    private static let longestLimit = 864_000.0
    private static let largestPenalty = 1_000_000.0
    private static let largestWeight = 100.0
    /// Moments farther from the file's own than this are none: the engine's tables end soon after.
    private static let farthest = 864_000.0
    /// The engine takes no limit from click to door below this.
    private static let shortestLimit: Int64 = 60

    /// Reads a problem.
    ///
    /// - Throws: `SnapshotError` for anything that is not such a file, or a problem that the engine cannot state. A row
    ///   that makes no sense does not throw: it is reported in ``solution(_:)``, as an order that waits or as refused.
    package init(json: [UInt8], track: Track = .j) throws(SnapshotError) {
        content = try SnapshotContent(json: Self.withoutBareWords(json))
        guard content.metresPerSecond > 0, content.detour > 0 else {
            throw .unreadable("speed_mps and detour must be above zero")
        }
        for (name, value, most) in [
            ("pickup_service_s", content.pickupService, Self.longestService),
            ("dropoff_service_s", content.dropoffService, Self.longestService),
            ("max_click_to_door_s", content.clickToDoor, Self.longestLimit),
            ("unserved_penalty_s", content.unservedPenalty, Self.largestPenalty),
            ("drive_weight", content.driveWeight, Self.largestWeight),
        ] where value > most {
            throw .unsupported("\(name) is above \(Int(most))")
        }
        snapshot = Self.snapshot(of: content, track: track)
    }

    /// What a reader of the solution should know, a sentence each.
    package var notes: [String] {
        var notes: [String] = []
        let most = Int(DispatchPolicy.largestBatch)
        let large = content.drivers.count { ($0.capacity ?? 0) >= Double(most + 1) }
        if large > 0 { notes.append("\(large) drivers take more than \(most) orders; a batch has \(most) at most") }
        if !content.refused.isEmpty {
            notes.append("\(content.refused.count) rows refused, see refused in the solution")
        }
        return notes
    }

    /// Some writers of JSON put NaN and Infinity where a number should be; here they become an
    /// empty list, which is neither.
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
                text += Array("[]".utf8)
                continue
            }
            text.append(byte)
        }
        return text
    }

    private static func moment(_ seconds: Int64) -> Timestamp {
        Timestamp(milliseconds: 0).advanced(bySeconds: seconds)
    }

    private static func isNear(_ moment: Double?, _ now: Double) -> Bool {
        moment.map { abs($0 - now) <= farthest } ?? false
    }

    /// Fractions of seconds are taken against the plan: it keeps the file's limits whatever way they are rounded.
    private static func snapshot(of content: SnapshotContent, track: Track) -> DispatchSnapshot {
        var table = SnapshotPlaces()
        // A limit that is shorter than the engine's shortest means the same as that one for an order placed earlier.
        let limit = content.clickToDoor.held(.down)
        let earlier = limit < shortestLimit ? shortestLimit - max(limit, -1_000_000) : 0
        var orders: [WaitingOrder] = []
        for (index, order) in content.orders.enumerated() {
            let isWhole = isNear(order.placed, content.now) && isNear(order.ready, content.now)
            let placedAt = moment((order.placed ?? 0).held(.down)).advanced(bySeconds: -earlier)
            var row = WaitingOrder(
                id: OrderID(Int64(index)), pickup: table.stop(isWhole ? order.pickup : []),
                dropoff: table.stop(isWhole ? order.dropoff : []), placedAt: placedAt)
            row.readyAt = moment((order.ready ?? 0).held(.up))
            if track == .drive { row.weight = Weight(perMille: 1) }
            orders.append(row)
        }
        let stops = table.count
        let now = moment(content.now.held(.up))
        let drivers = content.drivers.enumerated().map { index, driver in
            let isWhole = isNear(driver.available, content.now) && driver.capacity != nil
            var state = DriverState(
                id: DriverID(Int64(index)), place: table.position(isWhole ? driver.position : []),
                freeAt: max(now, moment((driver.available ?? 0).held(.up))), lastFixAt: now)
            state.capacity = Int32(clamping: (driver.capacity ?? 0).held(.down))
            state.bagUnits = state.capacity
            return state
        }
        var snapshot = DispatchSnapshot(
            now: now, policy: policy(of: content, track: track),
            travel: .matrix(table.matrix(columns: stops, secondsPerMetre: content.detour / content.metresPerSecond)))
        snapshot.orders = orders
        snapshot.drivers = drivers
        return snapshot
    }

    private static func policy(of content: SnapshotContent, track: Track) -> DispatchPolicy {
        var policy = DispatchPolicy()
        policy.commitment = .immediate
        policy.maxBatch = Int32(clamping: max(1, content.drivers.map { ($0.capacity ?? 0).held(.down) }.max() ?? 1))
        policy.pickupApproach = .zero
        policy.pickupHandover = Seconds(content.pickupService.held(.up))
        policy.onePickupVisit = false
        policy.dropoffApproach = Seconds(content.dropoffService.held(.up))
        policy.dropoffHandover = .zero
        policy.weights.agePerMinute = .none
        policy.weights.lateness = .none
        policy.weights.switching = .zero
        switch track {
        case .j:
            policy.weights.driving = Weight(
                perMille: Int32(clamping: (content.driveWeight * 1000).held(.toNearestOrAwayFromZero)))
            policy.weights.unserved = Seconds(content.unservedPenalty.held(.toNearestOrAwayFromZero))
        case .drive:
            policy.weights.driving = Weight(perMille: 20_000)
            policy.weights.unserved = Seconds(1_000_000)
        }
        policy.limits.bagTime = Seconds(86_400)
        policy.limits.clickToDoor = Seconds(max(shortestLimit, content.clickToDoor.held(.down)))
        policy.limits.lookAhead = Seconds(Int64(farthest))
        policy.limits.queuedBatches = 1
        policy.limits.usesOrderGraph = false
        policy.limits.nearestDrivers = content.drivers.count <= 500 ? 500 : 160
        return policy
    }

    /// The plan in the form that the independent checker reads, behind it each order that no plan holds with the
    /// reason, and last, where there are any, the rows of the file that took no part.
    package func solution(_ plan: DispatchPlan) -> String {
        func name(_ order: OrderID) -> String { content.orders[Int(order.rawValue)].id.json }
        let plans = plan.commits.map { batch in
            let stops = batch.stops.map { stop in
                "[\"\(stop.kind == .pickup ? "pickup" : "dropoff")\",\(name(stop.order))]"
            }
            let driver = content.drivers[Int(batch.driver.rawValue)].id.json
            return "{\"driver\":\(driver),\"stops\":[\(stops.joined(separator: ","))]}"
        }
        let waiting = plan.waiting.map { "{\"order\":\(name($0.order)),\"reason\":\"\($0.reason)\"}" }
        var text = "{\"plans\":[\(plans.joined(separator: ","))],\"waiting\":[\(waiting.joined(separator: ","))]"
        if !content.refused.isEmpty {
            text += ",\"refused\":[\(content.refused.map(\.json).joined(separator: ","))]"
        }
        return text + "}"
    }
}

/// Why a problem file could not be used.
package enum SnapshotError: Error, Hashable, Sendable, CustomStringConvertible {
    case unreadable(String)
    /// It is such a file, and asks for what the engine cannot state.
    case unsupported(String)

    package var description: String {
        switch self {
        case .unreadable(let detail): "not a dispatch-snapshot/1 file: \(detail)"
        case .unsupported(let detail): "this problem cannot be planned: \(detail)"
        }
    }
}

extension Double {
    /// As a whole number, within what an `Int64` holds.
    fileprivate func held(_ rule: FloatingPointRoundingRule) -> Int64 {
        Int64(Swift.min(Swift.max(rounded(rule), -9e18), 9e18))
    }
}
