package import DispatchCore
package import Fulfilment
import Postgres

extension Store: OrderStore {
    /// The order with its assignment, in one statement.
    package func order(_ id: OrderID) async throws -> Order? {
        let rows = try await query("\(OrderRow.selection) WHERE o.id = $1", [.id(id)])
        return try rows.first.map(OrderRow.order)
    }

    /// Live orders by batch and sequence, then those that ended, the last one first.
    private static let routeOrder = """
        COALESCE(o.delivered_at, o.cancelled_at) DESC NULLS FIRST, \
        h.batch_id NULLS LAST, h.sequence NULLS FIRST, o.id
        """

    /// At most `limit` orders, in one statement.
    package func orders(matching query: OrderQuery) async throws -> [Order] {
        // One text for every combination: a condition whose argument is NULL or empty holds.
        let sql = """
            \(OrderRow.selection)
            WHERE ($1::int8 IS NULL OR o.external_pool_id = $1)
            AND ($2::int8 IS NULL OR h.batch_id = $2)
            AND ($3::text IS NULL OR o.external_id = $3)
            AND ($4::int8 IS NULL OR h.driver_id = $4)
            AND (o.state = ANY ($5) OR (cardinality($5::text[]) = 0 AND $6::timestamptz IS NULL)
                OR ($6 IS NOT NULL AND o.state = ANY ($8)
                    AND COALESCE(o.delivered_at, o.cancelled_at, o.created_at) >= $6))
            AND ($9::int8 IS NULL OR o.id < $9)
            ORDER BY \(query.inRouteOrder ? Self.routeOrder : "o.id DESC")
            LIMIT $7
            """
        let since = query.driverID == nil ? nil : query.endedSince
        let rows = try await self.query(
            sql,
            [
                .id(query.poolID), .id(query.batchID), .text(query.externalID), .id(query.driverID),
                .textArray(query.states.map(\.rawValue)), .timestamp(since), .integer(query.limit),
                .textArray(query.endedStates.map(\.rawValue)), .id(query.before),
            ])
        return try OrderRow.orders(rows)
    }

    /// Reads the partial index of open orders; one row of 24 columns each.
    package func openOrders() async throws -> [OpenOrder] {
        let rows = try await query(
            """
            SELECT o.id, o.version, o.state, o.created_at, o.pooled_at, o.restaurant_id, o.zone_id, \
            o.external_pool_id, \
            o.pickup_latitude, o.pickup_longitude, o.dropoff_latitude, o.dropoff_longitude, o.ready_at, o.promised_at, \
            o.bag_units, o.vehicle_types, o.delay_weight, o.picked_up_at, h.driver_id, h.batch_id, h.sequence, h.pinned_by IS NOT NULL, h.assigned_at, \
            o.given_back \
            FROM orders o LEFT JOIN holds h ON h.id = o.hold_id \
            WHERE o.state NOT IN ('DELIVERED', 'CANCELLED') ORDER BY o.id
            """)
        return try rows.map { row in
            var cells = row.cells
            var order = OpenOrder(
                id: try cells.id(), version: try cells.next(), state: try cells.word(), createdAt: try cells.time(),
                pooledAt: try cells.time())
            order.restaurantID = try cells.optionalID()
            order.zoneID = try cells.optionalID()
            order.externalPoolID = try cells.optionalID()
            order.pickup = try cells.point()
            order.dropoff = try cells.point()
            order.readyAt = try cells.optionalTime()
            order.promisedAt = try cells.optionalTime()
            order.bagUnits = try cells.next()
            order.vehicles = try cells.words()
            order.delayWeight = try cells.next()
            order.pickedUpAt = try cells.optionalTime()
            order.driverID = try cells.optionalID()
            order.batchID = try cells.optionalID()
            order.sequence = try cells.next()
            order.pinned = try cells.next()
            order.assignedAt = try cells.optionalTime()
            order.isGivenBack = try cells.next()
            return order
        }
    }

    /// Numbers that are not used leave gaps, which mean nothing.
    package func reserveBatchIDs(_ count: Int) async throws -> [BatchID] {
        let rows = try await query("SELECT nextval('batch_ids') FROM generate_series(1, $1)", [.integer(count)])
        return try rows.map { BatchID(try $0.get(0)) }
    }

    /// Two round trips.
    package func batch(_ id: BatchID) async throws -> Batch? {
        try await batches(where: "b.id = $1", [.id(id)], limit: 1).first
    }

    /// Two round trips, however many batches.
    package func batches(limit: Int, before: BatchID?) async throws -> [Batch] {
        try await batches(where: "b.id < $1", [.int8(before?.rawValue ?? .max)], limit: limit)
    }

    /// Batches with their orders in two queries, however many there are.
    private func batches(where condition: String, _ parameters: [Parameter], limit: Int) async throws -> [Batch] {
        let heads = try await query(
            """
            SELECT b.id, b.driver_id, b.source, b.pool_id, b.created_at, b.distance_m, b.order_ids FROM batches b \
            WHERE \(condition) ORDER BY b.id DESC LIMIT $2
            """, parameters + [.integer(limit)])
        var members: [[Int64]] = []
        var batches: [Batch] = []
        for row in heads {
            var cells = row.cells
            batches.append(
                Batch(
                    id: try cells.id(), driverID: try cells.id(), source: try cells.word(),
                    poolID: try cells.optionalID(),
                    createdAt: try cells.time(), distance: try cells.next(), orders: []))
            members.append(try cells.next())
        }
        let rows = try await query(
            "\(OrderRow.selection) WHERE o.id = ANY ($1)", [.int8Array(members.flatMap { $0 })])
        let orders = try OrderRow.orders(rows)
        let byID = Dictionary(uniqueKeysWithValues: orders.map { ($0.id.rawValue, $0) })
        for index in batches.indices { batches[index].orders = members[index].compactMap { byID[$0] } }
        return batches
    }

    /// Reads the history of holds.
    package func wasHeld(_ order: OrderID, by driver: DriverID) async throws -> Bool {
        try await !query(
            "SELECT 1 FROM holds WHERE order_id = $1 AND driver_id = $2 LIMIT 1", [.id(order), .id(driver)]
        ).isEmpty
    }

    /// Pairs of open orders only, by order and driver.
    package func exclusions() async throws -> [Exclusion] {
        let rows = try await query(
            """
            SELECT x.order_id, x.driver_id FROM exclusions x JOIN orders o ON o.id = x.order_id \
            WHERE o.state NOT IN ('DELIVERED', 'CANCELLED') ORDER BY 1, 2
            """)
        return try rows.map { Exclusion(orderID: OrderID(try $0.get(0)), driverID: DriverID(try $0.get(1))) }
    }
}
