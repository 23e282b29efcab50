/// One order as every list and answer shows it: the superset that serves the seed and both of the company's apps.
package struct OrderObject: Equatable, Sendable {
    package var id: Int64
    /// One of `PENDING ASSIGNED ACCEPTED PICKED_UP IN_TRANSIT DELIVERED CANCELLED`.
    package var status: String
    package var poolID: Int64?
    package var zoneID: Int64?
    package var batchID: Int64?
    /// The place in the batch's route, from 1.
    package var sequence: Int64?
    package var customerName: String
    /// Empty where the reader must not know it.
    package var customerPhone: String
    package var customerEmail: String?
    package var deliveryAddress: String
    package var delivery: WirePoint?
    package var restaurantID: Int64?
    package var restaurantName: String
    package var pickupAddress: String
    package var restaurantPhone: String?
    package var pickup: WirePoint?
    package var items: [OrderItem]
    package var orderTotalPaise: Int64
    package var driverEarningsPaise: Int64
    package var driverID: Int64?
    package var driverName: String?
    package var distanceMetres: Int64?
    package var durationMinutes: Int64?
    package var otp: String?
    package var specialInstructions: String?
    package var externalOrderID: String?
    package var bagUnits: Int64?
    /// What can carry it; empty means everything.
    package var vehicleTypes: [String]
    /// How much its delay counts, in thousandths of an ordinary order's.
    package var delayWeight: Int64?
    /// True for an assignment that an admin made and the engine must not move.
    package var isPinned: Bool
    package var cancelReason: String?
    /// All moments in milliseconds since 1970.
    package var times: OrderTimes

    package init(id: Int64, status: String, customerName: String, deliveryAddress: String, createdAt: Int64) {
        self.id = id
        self.status = status
        self.customerName = customerName
        customerPhone = ""
        self.deliveryAddress = deliveryAddress
        restaurantName = ""
        pickupAddress = ""
        items = []
        vehicleTypes = []
        orderTotalPaise = 0
        driverEarningsPaise = 0
        isPinned = false
        times = OrderTimes(created: createdAt)
    }
}

/// When what happened to an order, in milliseconds since 1970.
package struct OrderTimes: Equatable, Sendable {
    package var created: Int64
    package var ready: Int64?
    package var promised: Int64?
    package var assigned: Int64?
    package var accepted: Int64?
    package var pickedUp: Int64?
    package var delivered: Int64?
    package var cancelled: Int64?

    package init(created: Int64) {
        self.created = created
    }
}

/// One line of an order.
package struct OrderItem: Equatable, Sendable {
    package var name: String
    package var quantity: Int64
    /// For one piece; item prices alone are in paise on the wire, because the driver app divides them by 100.
    package var pricePaise: Int64

    package init(name: String, quantity: Int64, pricePaise: Int64) {
        self.name = name
        self.quantity = quantity
        self.pricePaise = pricePaise
    }
}

extension OrderItem: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("name", name)
            writer.field("dish_name", name)
            writer.field("quantity", quantity)
            writer.field("price", pricePaise)
            writer.field("subtotal", pricePaise.multipliedReportingOverflow(by: quantity).partialValue)
        }
    }
}

extension OrderObject: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", id)
            writer.field("order_id", id)
            writer.field("status", status)
            writer.field("pool_id", poolID)
            writer.field("zone_id", zoneID)
            writer.field("batch_id", batchID)
            writer.field("sequence", sequence)
            writePlaces(to: &writer)
            writer.field("items_json", items)
            writer.field("items", items)
            writeMoney(to: &writer)
            writer.field("driver_id", driverID)
            writer.field("driver_name", driverName)
            writer.field("estimated_duration_minutes", durationMinutes)
            writer.field("otp", otp)
            writer.field("special_instructions", specialInstructions)
            writer.field("external_order_id", externalOrderID)
            writer.field("bag_units", bagUnits)
            writer.field("vehicle_types", vehicleTypes)
            writer.field("delay_weight", delayWeight.map { Double($0) / 1000 })
            writer.field("is_pinned", isPinned)
            writer.field("cancel_reason", cancelReason)
            writeTimes(to: &writer)
        }
    }

    private func writePlaces(to writer: inout JSONWriter) {
        writer.field("customer_name", customerName)
        writer.field("customer_phone", customerPhone)
        writer.field("customer_email", customerEmail)
        writer.field("delivery_address", deliveryAddress)
        writer.field("delivery_lat", delivery?.latitude)
        writer.field("delivery_lng", delivery?.longitude)
        writer.field("delivery_latitude", delivery?.latitude)
        writer.field("delivery_longitude", delivery?.longitude)
        writer.field("restaurant_id", restaurantID)
        writer.field("restaurant_name", restaurantName)
        writer.field("restaurant_address", pickupAddress)
        writer.field("pickup_address", pickupAddress)
        writer.field("restaurant_phone", restaurantPhone)
        writer.field("pickup_lat", pickup?.latitude)
        writer.field("pickup_lng", pickup?.longitude)
        writer.field("pickup_latitude", pickup?.latitude)
        writer.field("pickup_longitude", pickup?.longitude)
    }

    private func writeMoney(to writer: inout JSONWriter) {
        writer.field("order_total", paise: orderTotalPaise)
        writer.field("total_amount", paise: orderTotalPaise)
        writer.field("driver_earnings", paise: driverEarningsPaise)
        writer.field("earnings", paise: driverEarningsPaise)
        writer.field("distance_km", metres: distanceMetres)
        writer.field("estimated_distance_km", metres: distanceMetres)
    }

    private func writeTimes(to writer: inout JSONWriter) {
        writer.field("created_at", milliseconds: times.created)
        writer.field("ready_at", milliseconds: times.ready)
        writer.field("promised_at", milliseconds: times.promised)
        writer.field("assigned_at", milliseconds: times.assigned)
        writer.field("accepted_at", milliseconds: times.accepted)
        writer.field("picked_up_at", milliseconds: times.pickedUp)
        writer.field("delivered_at", milliseconds: times.delivered)
        writer.field("cancelled_at", milliseconds: times.cancelled)
    }
}
