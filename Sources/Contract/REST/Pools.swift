/// One row of the console's list of pools.
package struct PoolRow: Equatable, Sendable {
    package var id: Int64
    package var externalPoolID: String?
    /// `OPEN CLOSED SYNCED ASSIGNED IN_PROGRESS COMPLETED`.
    package var status: String
    package var name: String?
    package var createdAt: Int64
    package var closedAt: Int64?
    package var syncedAt: Int64?
    package var totalOrders: Int64
    package var totalPaise: Int64
    package var pendingOrders: Int64
    package var assignedOrders: Int64
    package var deliveredOrders: Int64
    package var restaurantCount: Int64
    /// Rows of imports that wait for repair.
    package var keptRows: Int64

    package init(id: Int64, externalPoolID: String?, status: String, name: String?, createdAt: Int64) {
        self.id = id
        self.externalPoolID = externalPoolID
        self.status = status
        self.name = name
        self.createdAt = createdAt
        totalOrders = 0
        totalPaise = 0
        pendingOrders = 0
        assignedOrders = 0
        deliveredOrders = 0
        restaurantCount = 0
        keptRows = 0
    }

    func writeMembers(to writer: inout JSONWriter) {
        writer.field("pool_id", id)
        writer.field("id", id)
        writer.field("external_pool_id", externalPoolID)
        writer.field("status", status)
        writer.field("name", name)
        writer.field("created_at", milliseconds: createdAt)
        writer.field("closed_at", milliseconds: closedAt)
        writer.field("synced_at", milliseconds: syncedAt)
        writer.field("total_orders", totalOrders)
        writer.field("total_value", paise: totalPaise)
        writer.field("pending_orders", pendingOrders)
        writer.field("assigned_orders", assignedOrders)
        writer.field("delivered_orders", deliveredOrders)
        writer.field("restaurant_count", restaurantCount)
        writer.field("kept_rows", keptRows)
    }
}

extension PoolRow: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writeMembers(to: &$0) }
    }
}

/// `GET /pools/{id}/details`.
package struct PoolOrders: Equatable, Sendable {
    package var pool: PoolRow
    package var orders: [OrderObject]

    package init(pool: PoolRow, orders: [OrderObject]) {
        self.pool = pool
        self.orders = orders
    }
}

extension PoolOrders: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("pool", pool)
            writer.field("orders", orders)
        }
    }
}

/// `GET /pools/{id}`: the pool with its geometry and its batches.
package struct PoolDetail: Equatable, Sendable {
    package var pool: PoolRow
    package var centre: WirePoint?
    package var radiusMetres: Int64
    package var driversNeeded: Int64
    package var assignedDrivers: Int64
    package var groups: [DriverGroup]
    /// Pending orders that are in no group.
    package var ungrouped: [Int64] = []

    package init(
        pool: PoolRow, centre: WirePoint?, radiusMetres: Int64, driversNeeded: Int64, assignedDrivers: Int64,
        groups: [DriverGroup]
    ) {
        self.pool = pool
        self.centre = centre
        self.radiusMetres = radiusMetres
        self.driversNeeded = driversNeeded
        self.assignedDrivers = assignedDrivers
        self.groups = groups
    }
}

extension PoolDetail: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            pool.writeMembers(to: &writer)
            writer.field("unique_restaurants", pool.restaurantCount)
            writer.field("center_lat", centre?.latitude ?? 0)
            writer.field("center_lng", centre?.longitude ?? 0)
            writer.field("radius_km", metres: radiusMetres)
            writer.field("total_drivers_needed", driversNeeded)
            writer.field("assigned_drivers", assignedDrivers)
            writer.field("driver_groups", groups)
            writer.field("ungrouped_order_ids", ungrouped)
        }
    }
}

/// A batch in the console's words.
package struct DriverGroup: Equatable, Sendable {
    package struct PickupStop: Equatable, Sendable {
        package var restaurantID: Int64
        package var name: String
        package var point: WirePoint
        package var orderIDs: [Int64]

        package init(restaurantID: Int64, name: String, point: WirePoint, orderIDs: [Int64]) {
            self.restaurantID = restaurantID
            self.name = name
            self.point = point
            self.orderIDs = orderIDs
        }
    }

    package struct DeliveryStop: Equatable, Sendable {
        package var orderID: Int64
        package var customerName: String
        package var address: String
        package var point: WirePoint
        package var metresFromPrevious: Int64

        package init(
            orderID: Int64, customerName: String, address: String, point: WirePoint, metresFromPrevious: Int64
        ) {
            self.orderID = orderID
            self.customerName = customerName
            self.address = address
            self.point = point
            self.metresFromPrevious = metresFromPrevious
        }
    }

    package var id: Int64
    package var driverID: Int64?
    package var orderIDs: [Int64]
    package var restaurantIDs: [Int64]
    package var centre: WirePoint?
    package var radiusMetres: Int64
    package var pickups: [PickupStop]
    package var deliveries: [DeliveryStop]
    package var distanceMetres: Int64
    package var estimatedMinutes: Int64
    package var orderValuePaise: Int64
    package var driverEarningsPaise: Int64

    package init(id: Int64, driverID: Int64?, orderIDs: [Int64]) {
        self.id = id
        self.driverID = driverID
        self.orderIDs = orderIDs
        restaurantIDs = []
        radiusMetres = 0
        pickups = []
        deliveries = []
        distanceMetres = 0
        estimatedMinutes = 0
        orderValuePaise = 0
        driverEarningsPaise = 0
    }
}

extension DriverGroup: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("group_id", id)
            writer.field("batch_id", id)
            writer.field("driver_id", driverID)
            writer.field("order_ids", orderIDs)
            writer.field("restaurant_ids", restaurantIDs)
            writer.field("center_lat", centre?.latitude ?? 0)
            writer.field("center_lng", centre?.longitude ?? 0)
            writer.field("radius_km", metres: radiusMetres)
            writer.field("pickup_sequence", pickups)
            writer.field("delivery_sequence", deliveries)
            writer.field("total_distance_km", metres: distanceMetres)
            writer.field("estimated_time_minutes", estimatedMinutes)
            writer.field("total_order_value", paise: orderValuePaise)
            writer.field("driver_earnings", paise: driverEarningsPaise)
        }
    }
}

extension DriverGroup.PickupStop: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("restaurant_id", restaurantID)
            writer.field("name", name)
            writer.field("lat", point.latitude)
            writer.field("lng", point.longitude)
            writer.field("order_ids", orderIDs)
        }
    }
}

extension DriverGroup.DeliveryStop: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("order_id", orderID)
            writer.field("customer_name", customerName)
            writer.field("address", address)
            writer.field("lat", point.latitude)
            writer.field("lng", point.longitude)
            writer.field("distance_from_prev", metres: metresFromPrevious)
        }
    }
}
