/// A new order, in the console's shape or with its restaurant inline.
package struct CreateOrderRequest: Equatable, Sendable {
    package enum Pickup: Equatable, Sendable {
        case restaurant(id: Int64)
        case inline(name: String, address: String, phone: String?, point: WirePoint?)
    }

    package var pickup: Pickup
    package var customerName: String
    package var customerPhone: String
    package var customerEmail: String?
    package var deliveryAddress: String
    package var delivery: WirePoint?
    package var specialInstructions: String?
    package var items: [OrderItem]
    package var orderTotalPaise: Int64?
    package var driverEarningsPaise: Int64?
    package var distanceMetres: Int64?
    package var externalOrderID: String?
    package var poolID: Int64?
    package var bagUnits: Int64?
    /// Words for what can carry it; empty or absent means everything.
    package var vehicleTypes: [String]?
    /// How much its delay counts, in thousandths of an ordinary order's.
    package var delayWeight: Int64?
    /// Milliseconds since 1970.
    package var readyAt: Int64?
    package var promisedAt: Int64?
    package var otp: String?

    package init(body: [UInt8]) throws(BodyRefusal) {
        var reader = try BodyReader(body)
        self.init(&reader)
        try reader.finish()
    }

    private init(_ reader: inout BodyReader) {
        customerName = reader.requiredText("customer_name", limit: 200)
        customerPhone = reader.text("customer_phone", limit: 40) ?? ""
        customerEmail = reader.text("customer_email", limit: 254)
        deliveryAddress = reader.requiredText("delivery_address", limit: 1000)
        delivery = reader.point(
            latitude: ["delivery_lat", "delivery_latitude", "latitude"],
            longitude: ["delivery_lng", "delivery_longitude", "longitude"])
        specialInstructions = reader.text("special_instructions", limit: 1000)
        items = Self.items(&reader)
        orderTotalPaise = reader.paise("order_total", "total_amount")
        driverEarningsPaise = reader.paise("driver_earnings", "earnings")
        distanceMetres = reader.metres("distance_km")
        externalOrderID = reader.text("external_order_id", limit: 200)
        poolID = reader.identifier("pool_id")
        bagUnits = reader.integer("bag_units", in: 1...100)
        vehicleTypes = reader.words("vehicle_types", limit: 8)
        delayWeight = reader.thousandths("delay_weight", in: 1...50_000)
        readyAt = reader.time("ready_at")
        promisedAt = reader.time("promised_at")
        otp = reader.text("otp", limit: 12)
        pickup = Self.pickup(&reader)
    }

    private static func pickup(_ reader: inout BodyReader) -> Pickup {
        if reader.body.first(of: ["restaurant_id"]) != nil {
            return .restaurant(id: reader.identifier("restaurant_id") ?? 0)
        }
        guard reader.body.first(of: ["restaurant_name", "pickup_address", "restaurant_address"]) != nil else {
            reader.reject("restaurant_id", "is required, or restaurant_name and pickup_address")
            return .restaurant(id: 0)
        }
        return .inline(
            name: reader.requiredText("restaurant_name", limit: 200),
            address: reader.requiredText("pickup_address", "restaurant_address", limit: 1000),
            phone: reader.text("restaurant_phone", limit: 40),
            point: reader.point(
                latitude: ["pickup_latitude", "pickup_lat"], longitude: ["pickup_longitude", "pickup_lng"]))
    }

    /// Item prices come in rupees here: the console's form types them so.
    private static func items(_ reader: inout BodyReader) -> [OrderItem] {
        guard let value = reader.body.first(of: ["items", "items_json"]) else { return [] }
        guard let elements = value.elements, elements.count <= 200 else {
            reader.reject("items", "must be a list of at most 200 items")
            return []
        }
        var items: [OrderItem] = []
        for (index, element) in elements.enumerated() {
            var item = BodyReader(element)
            if !element.isObject { item.reject("", "must be an object") }
            let name = item.requiredText("name", "dish_name", limit: 200)
            let quantity = item.integer("quantity", in: 1...1000) ?? 1
            let price = item.paise("price") ?? 0
            reader.append(item.errors, under: "items[\(index)]")
            items.append(OrderItem(name: name, quantity: quantity, pricePaise: price))
        }
        return items
    }
}

/// What an admin corrects about an order that waits; what is absent stays.
package struct EditOrderRequest: Equatable, Sendable {
    package var delivery: WirePoint?
    package var deliveryAddress: String?
    package var customerPhone: String?
    package var specialInstructions: String?
    /// Milliseconds since 1970.
    package var readyAt: Int64?
    package var promisedAt: Int64?
    package var bagUnits: Int64?
    package var vehicleTypes: [String]?
    package var delayWeight: Int64?

    package init(body: [UInt8]) throws(BodyRefusal) {
        var reader = try BodyReader(body)
        delivery = reader.point(
            latitude: ["delivery_lat", "delivery_latitude", "latitude"],
            longitude: ["delivery_lng", "delivery_longitude", "longitude"])
        deliveryAddress = reader.text("delivery_address", limit: 1000)
        customerPhone = reader.text("customer_phone", limit: 40)
        specialInstructions = reader.text("special_instructions", limit: 1000)
        readyAt = reader.time("ready_at")
        promisedAt = reader.time("promised_at")
        bagUnits = reader.integer("bag_units", in: 1...100)
        vehicleTypes = reader.words("vehicle_types", limit: 8)
        delayWeight = reader.thousandths("delay_weight", in: 1...50_000)
        try reader.finish()
    }
}

/// An admin's choice of a driver, for one order or several that become one batch.
package struct AssignRequest: Equatable, Sendable {
    /// Empty where the path names the order.
    package var orderIDs: [Int64]
    package var driverID: Int64
    /// For the whole batch; nil lets the server compute it.
    package var driverEarningsPaise: Int64?
    /// Needed only to take an order that another admin has pinned.
    package var force: Bool
    package var reason: String?

    package init(orderIDs: [Int64], driverID: Int64, driverEarningsPaise: Int64?, force: Bool, reason: String?) {
        self.orderIDs = orderIDs
        self.driverID = driverID
        self.driverEarningsPaise = driverEarningsPaise
        self.force = force
        self.reason = reason
    }

    /// - Parameter needsOrders: True for the paths that assign several orders at once.
    package init(body: [UInt8], needsOrders: Bool) throws(BodyRefusal) {
        var reader = try BodyReader(body)
        orderIDs = reader.identifiers("order_ids", limit: 100) ?? []
        if needsOrders, orderIDs.isEmpty, reader.errors.isEmpty {
            reader.reject("order_ids", "must have at least one order")
        }
        driverID = reader.identifier("driver_id") ?? 0
        if driverID == 0, !reader.errors.contains(where: { $0.field == "driver_id" }) {
            reader.reject("driver_id", "is required")
        }
        driverEarningsPaise = reader.paise("driver_earnings")
        force = reader.boolean("force") ?? false
        reason = reader.text("reason", limit: 500)
        try reader.finish()
    }
}

/// The answer to an assignment.
package struct AssignAnswer: Equatable, Sendable {
    package var orders: [OrderObject]
    package var batchID: Int64?
    /// What the admin overrode, one sentence each.
    package var warnings: [String]

    package init(orders: [OrderObject], batchID: Int64?, warnings: [String]) {
        self.orders = orders
        self.batchID = batchID
        self.warnings = warnings
    }
}

extension AssignAnswer: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            if let first = orders.first { writer.field("order", first) }
            writer.field("orders", orders)
            writer.field("batch_id", batchID)
            writer.field("warnings", warnings)
            writer.field("message", "assigned")
        }
    }
}

/// A step of an order's life, asked for by whoever may.
package struct OrderStatusRequest: Equatable, Sendable {
    /// What a client can ask for; a reject is a word of its own, not a status.
    package enum Step: String, Equatable, Sendable, CaseIterable {
        case pending = "PENDING"
        case assigned = "ASSIGNED"
        case accepted = "ACCEPTED"
        case pickedUp = "PICKED_UP"
        case inTransit = "IN_TRANSIT"
        case delivered = "DELIVERED"
        case cancelled = "CANCELLED"
        case rejected = "REJECTED"

        /// Reads any case, with `-`, `_` or blank between words, and the usual synonyms.
        package init?(tolerant text: String) {
            let word = text.trimmed.uppercased().map { $0 == "-" || $0 == " " ? "_" : $0 }
            switch String(word) {
            case "COMPLETED", "COMPLETE": self = .delivered
            case "CANCELED": self = .cancelled
            case "REJECT", "DECLINED": self = .rejected
            case "ON_THE_WAY", "INTRANSIT": self = .inTransit
            case "PICKEDUP", "PICKED", "COLLECTED": self = .pickedUp
            case let known: self.init(rawValue: known)
            }
        }
    }

    package var step: Step
    package var otp: String?
    package var reason: String?

    package init(body: [UInt8]) throws(BodyRefusal) {
        var reader = try BodyReader(body)
        let word = reader.requiredText("status", limit: 40)
        let step = Step(tolerant: word)
        if step == nil, reader.errors.isEmpty {
            reader.reject("status", "must be one of \(Step.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        otp = reader.text("otp", limit: 12)
        reason = reader.text("reason", limit: 500)
        try reader.finish()
        self.step = step ?? .pending
    }
}

/// A cancellation by one of those who may.
package struct CancelOrderRequest: Equatable, Sendable {
    package enum Party: String, Equatable, Sendable, CaseIterable {
        case customer
        case restaurant
        case admin
    }

    package var reason: String?
    package var by: Party

    package init(body: [UInt8]) throws(BodyRefusal) {
        var reader = try BodyReader(body)
        reason = reader.text("reason", limit: 500)
        let word = reader.text("by", limit: 20)?.lowercased()
        let party = word.map(Party.init(rawValue:)) ?? .admin
        if party == nil { reader.reject("by", "must be customer, restaurant or admin") }
        try reader.finish()
        by = party ?? .admin
    }
}

/// What the driver types at the door.
package struct DeliverRequest: Equatable, Sendable {
    package var otp: String?
    package var notes: String?

    package init(body: [UInt8]) throws(BodyRefusal) {
        var reader = try BodyReader(body)
        otp = reader.text("otp", limit: 12)
        notes = reader.text("delivery_notes", limit: 1000)
        try reader.finish()
    }
}

/// A password to be looked at without a delivery.
package struct VerifyOTPRequest: Equatable, Sendable {
    package var orderID: Int64
    package var otp: String?

    package init(body: [UInt8]) throws(BodyRefusal) {
        var reader = try BodyReader(body)
        let id = reader.identifier("order_uuid", "order_id", "id")
        if id == nil, reader.errors.isEmpty { reader.reject("order_uuid", "is required") }
        orderID = id ?? 0
        otp = reader.text("otp", limit: 12)
        try reader.finish()
    }
}

/// A driver's word on being available.
package struct DriverStatusRequest: Equatable, Sendable {
    package var isOnline: Bool

    package init(body: [UInt8]) throws(BodyRefusal) {
        var reader = try BodyReader(body)
        if let flag = reader.boolean("is_online") {
            isOnline = flag
        } else {
            let word = reader.text("status", limit: 20)?.lowercased()
            isOnline = word == "online" || word == "available"
            if reader.errors.isEmpty, !isOnline, word != "offline", word != "unavailable" {
                reader.reject("status", "must be online or offline")
            }
        }
        try reader.finish()
    }
}
