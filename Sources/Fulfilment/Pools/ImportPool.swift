import DispatchCore
import Geo

/// Orders of closed pools come in from another system.
package struct ImportPool: Sendable {
    private let house: House

    package init(_ house: House) {
        self.house = house
    }

    /// One row as it was read.
    package struct Row: Sendable {
        package var externalOrderID: String
        /// Empty for an order that belongs to no pool: it waits in the pool of its zone.
        package var externalPoolID: String
        /// The restaurant's id in the other system, or our own number.
        package var restaurant: String?
        /// With what the row itself says of the pickup; the restaurant fills in the rest.
        package var content: OrderContent
        /// Why the row cannot be an order whatever the restaurant, nil when nothing is wrong with it.
        package var fault: String?
        /// The row as it came, made only when it has to be kept.
        package var body: @Sendable () -> String

        package init(
            externalOrderID: String, externalPoolID: String, restaurant: String?, content: OrderContent,
            fault: String?, body: @Sendable @escaping () -> String
        ) {
            self.externalOrderID = externalOrderID
            self.externalPoolID = externalPoolID
            self.restaurant = restaurant
            self.content = content
            self.fault = fault
            self.body = body
        }
    }

    /// What the one who sent a row is told about it.
    package struct Report: Sendable, Equatable {
        /// Nil for the second of two rows about one order in one import.
        package var outcome: ImportOutcome?
        package var problem: ImportProblem?
        package var detail: String?
    }

    /// Imports rows, all or nothing. Importing the same again is harmless; a later part of a pool is added to it.
    ///
    /// - Parameter pools: What is said about pools beside their orders; pools that only rows name are closed ones.
    /// - Returns: A report for each row, in their order.
    /// - Throws: ``StoreError``; nothing was written then.
    package func callAsFunction(
        _ rows: [Row], pools: [PoolDraft], by principal: Principal
    ) async throws -> [Report] {
        let now = house.now()
        var desk = RestaurantDesk(try await house.places.restaurants(), atlas: house.atlas)
        var reports = [Report](repeating: Report(), count: rows.count)
        var places: [String: Int] = [:]
        let drawOTP = house.settings.makesOTP ? house.settings.drawOTP : nil
        var work = PoolImport(pools: Self.drafts(pools, rows, at: now), rows: [], by: principal, at: now)
        work.rows.reserveCapacity(rows.count)
        var sources: [Int] = []
        for (index, row) in rows.enumerated() {
            guard places[row.externalOrderID] == nil else {
                reports[index].detail = "the same order came earlier in this import"
                continue
            }
            places[row.externalOrderID] = index
            let content = desk.resolve(row, makingOTP: drawOTP)
            reports[index] = Self.problem(of: content, row)
            work.rows.append(
                PoolImport.Row(
                    externalOrderID: row.externalOrderID, externalPoolID: row.externalPoolID, content: content,
                    body: content.isKept ? row.body() : ""))
            sources.append(index)
        }
        let outcomes = try await house.pools.importOrders(work)
        for (index, outcome) in zip(sources, outcomes) {
            reports[index].outcome = outcome
            if case .inserted(let id) = outcome {
                house.feed.orderChanged(id, state: .pending, driverName: nil)
            }
        }
        return reports
    }

    private static func drafts(_ pools: [PoolDraft], _ rows: [Row], at now: Timestamp) -> [PoolDraft] {
        let named = Set(pools.compactMap(\.externalID))
        let others = rows.map(\.externalPoolID).uniqued().filter { !$0.isEmpty && !named.contains($0) }
        return pools + others.map { PoolDraft(externalID: $0, closedAt: now) }
    }

    private static func problem(of content: PoolImport.Row.Content, _ row: Row) -> Report {
        switch content {
        case .kept(let problem, let detail): return Report(problem: problem, detail: detail)
        case .order(let order, _):
            if order.pickup.point == nil {
                return Report(problem: .unknownPickupPlace, detail: "the restaurant has no coordinates")
            }
            if order.dropoff.point == nil {
                return Report(problem: .unknownDeliveryPlace, detail: "the row has no delivery coordinates")
            }
            if row.externalPoolID.isEmpty {
                return Report(detail: "the row names no pool: the order waits in the pool of its zone")
            }
            return Report()
        }
    }
}

/// The restaurants of the house by every name that a row may call them.
private struct RestaurantDesk {
    private var byName: [String: Restaurant] = [:]
    /// Nil for a telephone that several share.
    private var byPhone: [String: Restaurant?] = [:]
    private var zones: [GeoPoint: ZoneID?] = [:]
    private let atlas: Atlas

    init(_ restaurants: [Restaurant], atlas: Atlas) {
        self.atlas = atlas
        for restaurant in restaurants { byName["\(restaurant.id)"] = restaurant }
        for restaurant in restaurants {
            guard let phone = restaurant.place.phone, !phone.isEmpty else { continue }
            byPhone[phone] = byPhone[phone] == nil ? .some(restaurant) : .some(nil)
        }
        // The other system's names win over our numbers.
        for restaurant in restaurants {
            if let external = restaurant.place.externalID { byName[external] = restaurant }
        }
    }

    mutating func resolve(_ row: ImportPool.Row, makingOTP: (() -> String)?) -> PoolImport.Row.Content {
        if let fault = row.fault { return .kept(problem: .invalidRow, detail: fault) }
        var content = row.content
        if let known = restaurant(of: row) {
            content.restaurantID = known.id
            content.pickup.name = known.place.name
            content.pickup.address = known.place.address
            content.pickup.phone = known.place.phone ?? content.pickup.phone
            content.pickup.point = known.place.point ?? content.pickup.point
        } else if content.pickup.point == nil || content.pickup.name == nil {
            return .kept(
                problem: .unknownRestaurant,
                detail:
                    "no restaurant has the external id \(row.restaurant ?? "(none)"), and the row has no pickup place"
            )
        }
        if content.otp == nil, let makingOTP { content.otp = makingOTP() }
        var zone: ZoneID?
        if let point = content.pickup.point { zone = self.zone(at: point) }
        return .order(content, zone: zone)
    }

    /// By its id, or by its telephone where the row names none.
    private func restaurant(of row: ImportPool.Row) -> Restaurant? {
        if let name = row.restaurant { return byName[name] }
        guard let phone = row.content.pickup.phone, let known = byPhone[phone] else { return nil }
        return known
    }

    private mutating func zone(at point: GeoPoint) -> ZoneID? {
        if let known = zones[point] { return known }
        let zone = atlas.zone(containing: point)
        zones[point] = .some(zone)
        return zone
    }
}

extension PoolImport.Row.Content {
    fileprivate var isKept: Bool {
        if case .kept = self { true } else { false }
    }
}
