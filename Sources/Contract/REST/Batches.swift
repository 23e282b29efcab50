/// A batch as admins see it.
package struct BatchObject: Equatable, Sendable {
    package var id: Int64
    package var driverID: Int64
    /// `engine` or `admin`.
    package var source: String
    package var poolID: Int64?
    package var distanceMetres: Int64
    package var createdAt: Int64
    package var orders: [OrderObject]

    package init(
        id: Int64, driverID: Int64, source: String, poolID: Int64?, distanceMetres: Int64, createdAt: Int64,
        orders: [OrderObject]
    ) {
        self.id = id
        self.driverID = driverID
        self.source = source
        self.poolID = poolID
        self.distanceMetres = distanceMetres
        self.createdAt = createdAt
        self.orders = orders
    }
}

extension BatchObject: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", id)
            writer.field("batch_id", id)
            writer.field("driver_id", driverID)
            writer.field("source", source)
            writer.field("pool_id", poolID)
            writer.field("order_count", orders.count)
            writer.field("order_ids", orders.map(\.id))
            writer.field("distance_km", metres: distanceMetres)
            writer.field("earnings", paise: orders.reduce(0) { $0 + $1.driverEarningsPaise })
            writer.field("created_at", milliseconds: createdAt)
            writer.field("orders", orders)
        }
    }
}

/// `POST /pools/{id}/assign-groups`: what became of each group that waited.
package struct AssignGroupsAnswer: Equatable, Sendable {
    package struct Group: Equatable, Sendable {
        package var id: Int64
        package var driverID: Int64?
        package var batchID: Int64?
        /// Why nobody got it.
        package var reason: String?

        package init(id: Int64, driverID: Int64?, batchID: Int64?, reason: String?) {
            self.id = id
            self.driverID = driverID
            self.batchID = batchID
            self.reason = reason
        }
    }

    package var groups: [Group]

    package init(groups: [Group]) {
        self.groups = groups
    }
}

extension AssignGroupsAnswer: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        let assigned = groups.count { $0.driverID != nil }
        writer.object { writer in
            writer.field("message", "\(assigned) of \(groups.count) groups were assigned.")
            writer.field("assigned_count", assigned)
            writer.field("unassigned_count", groups.count - assigned)
            writer.field("groups", groups)
        }
    }
}

extension AssignGroupsAnswer.Group: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("group_id", id)
            writer.field("driver_id", driverID)
            writer.field("batch_id", batchID)
            writer.field("reason", reason)
        }
    }
}

/// The body of `POST /pools`.
package struct PoolRequest: Equatable, Sendable {
    package var externalPoolID: String?
    package var name: String?
    package var expectedOrders: Int64?

    package init(body: [UInt8]) throws(BodyRefusal) {
        var reader = try BodyReader(body)
        externalPoolID = reader.text("external_pool_id", limit: 200)
        name = reader.text("name", limit: 200)
        expectedOrders = reader.integer("expected_orders", in: 0...10_000_000)
        try reader.finish()
    }
}

/// The body of `POST /pools/{id}/groups/{group}/assign`; the console puts the driver into the query instead.
package struct AssignGroupRequest: Equatable, Sendable {
    package var driverID: Int64?
    package var driverEarningsPaise: Int64?

    package init(body: [UInt8]) throws(BodyRefusal) {
        var reader = try BodyReader(body)
        driverID = reader.identifier("driver_id")
        driverEarningsPaise = reader.paise("driver_earnings")
        try reader.finish()
    }
}
